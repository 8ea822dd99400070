"""`/api/tags`: one's own, with how many conversations bear each. Knows services."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask_login import current_user
from pydantic import BaseModel, Field

from echo.api.operations import operation
from echo.api.rest import shapes
from echo.services.chats import tags

blueprint = Blueprint("api_tags", __name__, url_prefix="/api/tags")


class Tag(BaseModel):
    """A word of one's own for conversations."""

    name: str
    conversations: int = Field(description="how many bear it")


@blueprint.get("")
@operation(shapes.Page[Tag])
def index() -> dict[str, Any]:
    """List one's tags by name; conversations are given them by PATCH."""
    found = [{"name": name, "conversations": count} for name, count in tags.of(current_user.id)]
    return {"data": found, "next": None}
