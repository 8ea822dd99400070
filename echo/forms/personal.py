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
from echo.forms.fields import Form, storable_text, stripped

SWITCH: Final = [SelectChoice("1", "On"), SelectChoice("0", "Off")]


def one_line(value: Any) -> Any:
    """Filter: a text on one line."""
    return " ".join(value.split()) if isinstance(value, str) else value


class SwitchForm(Form):
    """Whether something is told, or done (memories: and suggested)."""

    on = RadioField("Told", choices=SWITCH)

    @property
    def is_on(self) -> bool:
        return bool(self.on.data == "1")


class InstructionsForm(SwitchForm):
    """Instructions for all chats, and whether they are told."""

    text = TextAreaField(
        "Instructions for all chats",
        [
            Length(
                max=limits.INSTRUCTIONS_CHARS,
                message=f"Use at most {limits.INSTRUCTIONS_CHARS:,} characters. It is not saved so far.",
            )
        ],
        filters=[stripped, storable_text],
    )


class MemoryForm(SwitchForm):
    """One short fact; without `on` it is told."""

    text = StringField(
        "Memory",
        [
            DataRequired("Write what to remember."),
            Length(
                max=limits.MEMORY_CHARS, message=f"Use at most {limits.MEMORY_CHARS} characters."
            ),
        ],
        filters=[stripped, storable_text, one_line],
    )
    on = RadioField("Told", choices=SWITCH, default="1")
