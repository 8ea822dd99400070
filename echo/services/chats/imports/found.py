"""What is found in a file: chats in one form, and those that are left out and why. Knows no format."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from echo.limits import GENERATION_RANGES, SYSTEM_PROMPT_CHARS, TITLE_CHARS
from echo.text import storable

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
NAME_CHARS: Final = 200
TAGS_LOOKED_AT: Final = 50
ROLES: Final = ("user", "assistant")
PICTURE: Final = "[picture]"


class Unusable(Exception):
    """A chat cannot be taken; the text says why, for its owner."""


class NotAnExport(Exception):
    """The file as a whole cannot be taken; the text says why, for who chose it."""


@dataclass
class Line:
    """One message; `parent` is the place of the one above it in the same list, which comes before it."""

    parent: int | None
    role: str
    text: str
    at: float | None = None
    model: str | None = None
    status: str = "complete"
    edited_at: float | None = None
    original_text: str | None = None


@dataclass
class Chat:
    """One chat; `key` is the same each time that it is found, `head` the place of the last message shown."""

    key: str
    title: str
    lines: list[Line]
    head: int
    created_at: float | None = None
    updated_at: float | None = None
    pinned: bool = False
    archived: bool = False
    folder: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)

    @classmethod
    def of_json(cls, told: dict[str, Any]) -> Chat:
        """Return the chat that `dataclasses.asdict` told of."""
        return cls(**{**told, "lines": [Line(**line) for line in told["lines"]]})


@dataclass(frozen=True)
class Skipped:
    """A chat that is left out."""

    title: str
    reason: str


def text_of(value: Any) -> str:
    """Return a value that should be a text, as it can be stored; anything else is none."""
    return storable(value) if isinstance(value, str) else ""


def id_of(value: Any) -> str | None:
    """Return what a message is called, as it is: it is compared with other ids and never stored."""
    return value if isinstance(value, str) else None


def name_of(value: Any) -> str | None:
    """Return a short name, of a model perhaps; None where there is none."""
    return text_of(value).strip()[:NAME_CHARS] or None


def title_of(value: Any) -> str:
    """Return a title as it is stored; empty where there is none."""
    return " ".join(text_of(value)[: 4 * TITLE_CHARS].split())[:TITLE_CHARS]


def moment_of(value: Any) -> float | None:
    """Return a time in seconds, from seconds, milliseconds or finer, or ISO 8601; None for what is none."""
    if isinstance(value, str):
        return _written(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 < value < LATEST * 1e9:  # also what is no number, or too large to be divided
        return None
    for unit in (1, 1e3, 1e6, 1e9):
        if EARLIEST <= value / unit <= LATEST:
            return value / unit
    return None


def _written(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text[:40])
    except ValueError:
        return None
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return seconds if EARLIEST <= seconds <= LATEST else None


def tags_of(value: Any) -> list[str]:
    """Return a chat's tags, as they are called there; which of them can be tags here is decided later."""
    names = map(name_of, value[:TAGS_LOOKED_AT]) if isinstance(value, list) else ()
    return [name for name in names if name]


def dict_of(value: Any) -> dict[str, Any]:
    """Return a value that should be an object; anything else is an empty one."""
    return value if isinstance(value, dict) else {}


def settings_of(value: Any) -> dict[str, Any]:
    """Return those settings of a chat that Echo may take, and nothing else: a file may name millions."""
    told = dict_of(value)
    names = (*GENERATION_RANGES, "system_prompt")
    return {name: told[name] for name in names if _is_one_value(told.get(name))}


def _is_one_value(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= 2 * SYSTEM_PROMPT_CHARS  # new lines may be two characters each
    return isinstance(value, int | float)
