"""What a person has models told. It knows neither tables nor services."""

from __future__ import annotations

from typing import Any, Final

from wtforms import (  # type: ignore[attr-defined]  # the stubs know no SelectChoice yet
    RadioField,
    SelectChoice,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, Length

from echo import limits
from echo.forms.fields import Form, lazy_number, longest, storable_text, stripped
from echo.languages import lazy_gettext

SWITCH: Final = [SelectChoice("1", lazy_gettext("On")), SelectChoice("0", lazy_gettext("Off"))]


def one_line(value: Any) -> Any:
    """Filter: a text on one line."""
    return " ".join(value.split()) if isinstance(value, str) else value


class SwitchForm(Form):
    """Whether something is told, or done (memories: and suggested)."""

    on = RadioField(lazy_gettext("Told"), choices=SWITCH)

    @property
    def is_on(self) -> bool:
        return bool(self.on.data == "1")


class InstructionsForm(SwitchForm):
    """Instructions for all chats, and whether they are told."""

    text = TextAreaField(
        lazy_gettext("Instructions for all chats"),
        [
            Length(
                max=limits.INSTRUCTIONS_CHARS,
                message=lazy_gettext(
                    "Use at most %(most)s characters. It is not saved so far.",
                    most=lazy_number(limits.INSTRUCTIONS_CHARS),
                ),
            )
        ],
        filters=[stripped, storable_text],
    )


class MemoryForm(SwitchForm):
    """One short fact; without `on` it is told."""

    text = StringField(
        lazy_gettext("Memory"),
        [
            DataRequired(lazy_gettext("Write what to remember.")),
            longest(limits.MEMORY_CHARS),
        ],
        filters=[stripped, storable_text, one_line],
    )
    on = RadioField(lazy_gettext("Told"), choices=SWITCH, default="1")
