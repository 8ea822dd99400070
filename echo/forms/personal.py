"""What a person has models told. It knows neither tables nor services."""

from __future__ import annotations

from typing import Final

from wtforms import (  # type: ignore[attr-defined]  # the stubs know no SelectChoice yet
    RadioField,
    SelectChoice,
    TextAreaField,
)
from wtforms.validators import Length

from echo import limits
from echo.forms.fields import Form, storable_text, stripped

SWITCH: Final = [SelectChoice("1", "On"), SelectChoice("0", "Off")]


class InstructionsForm(Form):
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
    on = RadioField("Told", choices=SWITCH)

    @property
    def is_on(self) -> bool:
        return bool(self.on.data == "1")
