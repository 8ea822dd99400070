"""What may be said of a persona, and what is usual where nothing is. Knows no rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from echo.errors import InvalidInput, TooLong
from echo.languages import gettext
from echo.limits import (
    FORM_SLACK,
    GENERATION_RANGES,
    PERSONA_COLOURS,
    PERSONA_NAME_CHARS,
    PERSONA_WHAT_CHARS,
)
from echo.services.chats import chat_settings, conversations
from echo.text import composed, is_blank, is_emoji, storable

USUAL: Final[dict[str, Any]] = {
    "description": "",
    "system_prompt": "",
    "model": None,
    "settings": {},
    "emoji": "💬",
    "colour": 1,
}
"""What a persona is of which nothing but the name is said."""


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said of a persona as it is stored.

    Raises:
        InvalidInput, TooLong: a value is none (`field` names it).
    """
    return {name: CHECKS[name](value) for name, value in values.items()}


def _name(value: Any) -> str:
    return conversations.checked_line(
        value, PERSONA_NAME_CHARS, gettext("A persona's name"), "name"
    )


def _description(value: Any) -> str:
    said = " ".join(composed(storable(value[: FORM_SLACK * PERSONA_WHAT_CHARS])).split())
    if len(said) > PERSONA_WHAT_CHARS:
        raise TooLong(
            gettext("A description has at most %(most)s characters.", most=PERSONA_WHAT_CHARS),
            field="description",
        )
    return "" if is_blank(said) else said


def _system_prompt(value: Any) -> str:
    said = chat_settings.checked({"system_prompt": value})["system_prompt"]
    return "" if is_blank(said) else str(said).strip()


def _model(value: Any) -> str | None:
    return cast("str | None", chat_settings.checked({"model": value})["model"])


def _settings(values: Any) -> dict[str, Any]:
    if extra := next((name for name in values if name not in GENERATION_RANGES), None):
        raise InvalidInput(
            gettext("There is no setting called “%(name)s”.", name=str(extra)[:40]),
            field=str(extra)[:40],
        )
    return chat_settings.without_none(chat_settings.checked(values))


def _emoji(value: Any) -> str:
    said = str(value).strip()
    if not is_emoji(said):
        raise InvalidInput(gettext("Choose one emoji as the picture."), field="emoji")
    return said


def _colour(value: Any) -> int:
    if value not in range(1, PERSONA_COLOURS + 1):
        raise InvalidInput(
            gettext("The colours are 1 to %(most)s.", most=PERSONA_COLOURS), field="colour"
        )
    return int(value)


CHECKS: Final = {
    "name": _name,
    "description": _description,
    "system_prompt": _system_prompt,
    "model": _model,
    "settings": _settings,
    "emoji": _emoji,
    "colour": _colour,
}
