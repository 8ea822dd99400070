"""`/api/roles`: what each role says and allows a day, for super admins. Knows services and a form."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint
from flask_login import current_user
from pydantic import Field

from echo.api.bodies import Body, Text
from echo.api.operations import operation
from echo.api.rest import shapes
from echo.api.rest.asking import checked, number, require_proof
from echo.errors import InvalidInput
from echo.forms.admin import ALLOWANCE_MAX, DESCRIPTION_MAX, RoleForm
from echo.models import Role
from echo.services.people import administration, listing

blueprint = Blueprint("api_roles", __name__, url_prefix="/api/roles")

ID_MAX: Final = 2**31 - 1


class RoleChange(Body):
    """What is to be otherwise; an allowance of null is without limit."""

    description: Text | None = Field(None, max_length=DESCRIPTION_MAX)
    daily_messages: int | None = Field(None, ge=0, le=ALLOWANCE_MAX)
    daily_tokens: int | None = Field(None, ge=0, le=ALLOWANCE_MAX)
    version: Text | None = Field(None, min_length=1, max_length=64)


def _told(row: Role) -> dict[str, Any]:
    names = ("id", "name", "description", "daily_messages", "daily_tokens")
    told: dict[str, Any] = {name: getattr(row, name) for name in names}
    return told | {"version": administration.version(row)}


@blueprint.get("")
@operation(shapes.Roles)
def index() -> dict[str, Any]:
    """List the roles."""
    return {"data": [_told(row) for row in listing.roles()]}


@blueprint.patch("/<role_id>")
@operation(shapes.RoleRow, body=RoleChange)
def change(role_id: str, body: RoleChange) -> dict[str, Any]:
    """Change what a role says and allows."""
    require_proof()
    wanted = body.model_dump(include=body.model_fields_set - {"version"})
    if not wanted:
        raise InvalidInput("Name what to change: description, daily_messages or daily_tokens.")
    row = listing.role(number(role_id, ID_MAX))
    seen = body.version or administration.version(row)
    now = {name: getattr(row, name) for name in ("description", "daily_messages", "daily_tokens")}
    values = {name: "" if value is None else str(value) for name, value in (now | wanted).items()}
    form = checked(RoleForm, {**values, "version": seen})
    return _told(
        administration.edit_role(
            current_user,
            row.id,
            description=str(form.description.data or ""),
            daily_messages=form.daily_messages.data,
            daily_tokens=form.daily_tokens.data,
            seen=seen,
        )
    )
