"""What personas look like in bodies and answers. Knows no routes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field, WithJsonSchema

from echo.api.bodies import Body, Text
from echo.limits import (
    EMOJI_CHARS,
    GENERATION_RANGES,
    MODEL_NAME_CHARS,
    PERSONA_COLOURS,
    PERSONA_NAME_CHARS,
    PERSONA_WHAT_CHARS,
    SYSTEM_PROMPT_CHARS,
)
from echo.services.chats import chat_settings


def numbers_schema() -> dict[str, Any]:
    """Return the table of ranges as the properties of a schema; the service checks them."""
    return {
        name: {
            "anyOf": [
                {
                    "type": "integer" if name in chat_settings.WHOLE_NUMBERS else "number",
                    "minimum": limits.low,
                    "maximum": limits.high,
                },
                {"type": "null"},
            ]
        }
        for name, limits in GENERATION_RANGES.items()
    }


NUMBERS = {"type": "object", "properties": numbers_schema(), "additionalProperties": False}
Name = Annotated[Text, Field(min_length=1, max_length=PERSONA_NAME_CHARS)]
What = Annotated[Text, Field(max_length=PERSONA_WHAT_CHARS)]
Prompt = Annotated[Text, Field(max_length=SYSTEM_PROMPT_CHARS)]
Model = Annotated[Text, Field(min_length=1, max_length=MODEL_NAME_CHARS)]
Emoji = Annotated[Text, Field(min_length=1, max_length=EMOJI_CHARS, description="one emoji")]
Colour = Annotated[int, Field(ge=1, le=PERSONA_COLOURS)]
Numbers = Annotated[dict[str, Any], WithJsonSchema(NUMBERS)]


class NewPersona(Body):
    """What a persona is; what is not said is as usual."""

    name: Name
    description: What = ""
    system_prompt: Prompt = Field("", description="empty: what is usual")
    model: Model | None = Field(None, description="null: the one that usually answers")
    settings: Numbers = Field(default_factory=dict, description="what differs from the model's own")
    emoji: Emoji | None = None
    colour: Colour | None = None


class PersonaChange(Body):
    """What is to be otherwise: all of it or nothing. Chats that have begun keep their settings."""

    name: Name | None = None
    description: What | None = None
    system_prompt: Prompt | None = None
    model: Model | None = Field(None, description="null: the one that usually answers")
    settings: Numbers | None = Field(None, description="all that differ then")
    emoji: Emoji | None = None
    colour: Colour | None = None


class PersonaShown(BaseModel):
    """Whom a conversation was begun with."""

    id: str
    name: str
    emoji: str
    colour: int
    picture: str | None = Field(
        description="the address of its own picture, for its people's browsers; null: the emoji"
    )


class Persona(PersonaShown):
    """A ready-made partner for chats; all of it may be read by who may use it."""

    description: str
    system_prompt: str
    model: str | None
    settings: dict[str, Any]
    shared: bool = Field(description="whether administrators made it for everybody, or for a role")
    created_at: str
    updated_at: str
