"""`/api/personas`: one's own and those of one's role; one's own made, changed, deleted. Knows services."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Blueprint
from flask_login import current_user

from echo.api.operations import operation
from echo.api.rest import shapes
from echo.api.rest.persona_shapes import NewPersona, Persona, PersonaChange
from echo.errors import InvalidInput
from echo.services.chats import personas, wire

blueprint = Blueprint("api_personas", __name__, url_prefix="/api/personas")


@blueprint.get("")
@operation(shapes.Page[Persona])
def index() -> dict[str, Any]:
    """List one's own by name, then those that are there for everybody."""
    return {"data": [wire.persona(row) for row in personas.for_user(current_user)], "next": None}


@blueprint.post("")
@operation(Persona, body=NewPersona, status=HTTPStatus.CREATED)
def create(body: NewPersona) -> dict[str, Any]:
    """Make one of one's own, at most fifty."""
    return wire.persona(personas.make(current_user.id, body.model_dump(exclude_none=True)))


@blueprint.get("/<persona_id>")
@operation(Persona)
def get(persona_id: str) -> dict[str, Any]:
    """Get one that one may use."""
    return wire.persona(personas.usable(current_user.id, persona_id))


@blueprint.patch("/<persona_id>")
@operation(Persona, body=PersonaChange)
def change(persona_id: str, body: PersonaChange) -> dict[str, Any]:
    """Change one of one's own."""
    given = {name: getattr(body, name) for name in body.model_fields_set}
    wanted = {name: value for name, value in given.items() if value is not None or name == "model"}
    if not wanted:
        raise InvalidInput(
            "Name what to change: name, description, system_prompt, model, settings, emoji or colour."
        )
    return wire.persona(personas.change(current_user.id, persona_id, wanted))


@blueprint.delete("/<persona_id>")
@operation(None)
def remove(persona_id: str) -> None:
    """Delete one of one's own; its conversations stay as they are. For seven days it can be restored."""
    personas.remove(current_user.id, persona_id)


@blueprint.post("/<persona_id>/restore")
@operation(Persona)
def restore(persona_id: str) -> dict[str, Any]:
    """Undo a deletion."""
    return wire.persona(personas.restore(current_user.id, persona_id))
