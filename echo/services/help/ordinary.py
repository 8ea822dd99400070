"""Signs that a text is about something else than Echo: a text to be worked on, the world, other people.

The signs stand in `words.toml`. Knows no entries.
"""

from __future__ import annotations

import re
from typing import Any, Final

from echo.services.help import words

_GIVEN: Final[dict[str, Any]] = words.LISTS["given"]
ASKS: Final = re.compile(_GIVEN["asks"])
OPENS: Final = re.compile(_GIVEN["opens"])
REPORTED: Final = re.compile(_GIVEN["reported"])
COUNTED: Final = re.compile(_GIVEN["counted"])
_WORLD: Final[dict[str, Any]] = words.LISTS["world"]
WORLD: Final = re.compile(rf"^(?:{'|'.join(_WORLD['openings'])})\b")
NEAR: Final = re.compile(rf"\b(?:{_WORLD['near']})\b")
_PEOPLE: Final[dict[str, Any]] = words.LISTS["people"]
TOLD: Final = re.compile(_PEOPLE["told"])
SPOKEN_TO: Final = re.compile(rf"\b(?:{_PEOPLE['near']})\b")
BLANK: Final = re.compile(_GIVEN["blank"])
BEHIND: Final = re.compile(r":(?=\s)")
LEAST_WORDS: Final = 4
"""What is given has as many words: a shorter quotation may be a label of the page."""


def brings_text(text: str) -> bool:
    """Whether plain text, with its quotations, asks for work on a text that it brings along."""
    if words.HOME.search(words.unquoted(_head(text))):
        return False
    if BLANK.search(text) or COUNTED.search(text):
        return True
    return _is_behind_colon(text) or any(map(_is_quoted, words.QUOTED.finditer(text)))


def _head(text: str) -> str:
    return BEHIND.split(text, maxsplit=1)[0]


def _is_behind_colon(text: str) -> bool:
    head = _head(text)
    behind = text[len(head) :]
    return _is_long(behind) and not (OPENS.search(head.strip()) or ASKS.search(behind))


def _is_quoted(quotation: re.Match[str]) -> bool:
    """Whether a quotation is material, not what a page says."""
    before = quotation.string[: quotation.start()].rstrip(" ,:")
    return _is_long(quotation[0]) and not REPORTED.search(before)


def _is_long(text: str) -> bool:
    return len(re.findall(r"\w+", text)) >= LEAST_WORDS


def is_told(text: str) -> bool:
    """Whether plain text asks about the world, or tells about other people."""
    if WORLD.search(text) and not NEAR.search(text):
        return True
    return bool(TOLD.search(text)) and not SPOKEN_TO.search(text)
