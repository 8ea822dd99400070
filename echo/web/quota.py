"""What is left of the day's allowances, for the page that comes back after a while. Knows no roles."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from flask_login import current_user

from echo.services.turns import quotas

blueprint = Blueprint("quota", __name__)


@blueprint.get("/quota")
def show() -> Response:
    """Answer with the protocol's `quota` object."""
    return jsonify(quotas.status(current_user.id).as_payload())
