"""`/api/usage`: who used how much today, for administrators. Knows services."""

from __future__ import annotations

from typing import Any, Literal

from flask import Blueprint
from pydantic import Field

from echo.api.bodies import Query
from echo.api.operations import operation
from echo.api.rest import shapes
from echo.api.rest.asking import NUMBER_MAX
from echo.clock import utc_now
from echo.models import RoleName
from echo.services.numbers import use_today

blueprint = Blueprint("api_usage", __name__, url_prefix="/api/usage")


class Which(Query):
    """Whose use, and in which order."""

    role: shapes.Role | None = None
    user_id: int | None = Field(None, ge=1, le=NUMBER_MAX)
    by: Literal["messages", "tokens"] = "messages"


@blueprint.get("")
@operation(shapes.Usage, query=Which)
def index(query: Which) -> dict[str, Any]:
    """Tell who used how much today: the roles together, and the people who used most."""
    people = use_today.people(
        role=RoleName(query.role) if query.role else None,
        user_id=query.user_id,
        by_tokens=query.by == "tokens",
    )
    return {
        "day": utc_now().date().isoformat(),
        "roles": [row._asdict() for row in use_today.roles()],
        "people": [row._asdict() for row in people],
    }
