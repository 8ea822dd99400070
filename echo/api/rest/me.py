"""`/api/me`: in whose name a program asks, and what is left of their day. Knows services."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g
from flask_login import current_user

from echo.api.operations import operation
from echo.api.rest import shapes
from echo.clock import iso
from echo.services.sign_in import second_factor
from echo.services.turns import quotas

blueprint = Blueprint("api_me", __name__, url_prefix="/api/me")


@blueprint.get("")
@operation(shapes.Me)
def me() -> dict[str, Any]:
    """Tell who one is."""
    program = g.get("program")  # whose door this was has put it there
    return {
        "id": current_user.id,
        "username": current_user.username,
        "email": current_user.email,
        "email_verified": current_user.email_verified_at is not None,
        "role": current_user.role_name,
        "created_at": iso(current_user.created_at),
        "retention_days": current_user.retention_days,
        "second_factor": second_factor.is_on(current_user),
        "scopes": sorted(program.scopes) if program else None,
        "quota": quotas.status(current_user.id).as_payload(),
    }
