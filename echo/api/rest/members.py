"""`/api/conversations/{id}/members`: who is in it, inviting, taking out, leaving. Knows services."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Blueprint
from flask_login import current_user
from limits import parse

from echo.api.operations import operation
from echo.api.rest import shapes
from echo.errors import RateLimited
from echo.extensions import limiter, seconds_to_wait
from echo.languages import gettext
from echo.limits import INVITATIONS_PER_ACCOUNT, MEMBERS_PER_CHAT
from echo.services.sharing import members, shares

blueprint = Blueprint("api_members", __name__, url_prefix="/api/conversations")


@blueprint.get("/<conversation_id>/members")
@operation(shapes.Members)
def index(conversation_id: str) -> dict[str, Any]:
    """List who is in it, its owner first."""
    return _told(conversation_id)


@blueprint.put("/<conversation_id>/members/<username>")
@operation(shapes.Members, status=HTTPStatus.OK)
def invite(conversation_id: str, username: str) -> dict[str, Any]:
    """Invite somebody by their exact name: they read all of it, and ask in it. Their own use is theirs."""
    _count()
    members.invite(current_user.id, conversation_id, username)
    return _told(conversation_id)


@blueprint.delete("/<conversation_id>/members/<username>")
@operation(None)
def take_out(conversation_id: str, username: str) -> None:
    """Take somebody out of it, or leave it; it ends in all of their windows at once."""
    members.take_out(current_user.id, conversation_id, username)


def _told(conversation_id: str) -> dict[str, Any]:
    found = members.people(current_user.id, conversation_id)
    return {
        "data": [
            {"username": each.username, "owner": each.is_owner, "you": each.id == current_user.id}
            for each in found
        ],
        "possible": bool(shares.possible()),
        "most": MEMBERS_PER_CHAT,
    }


def _count() -> None:
    """Count an invitation, whatever comes of it: who guesses names does not get far."""
    if not limiter.enabled:
        return
    wait = seconds_to_wait(parse(INVITATIONS_PER_ACCOUNT), "invitation", str(current_user.id))
    if wait:
        raise RateLimited(
            gettext("That were many invitations. Please wait a while."),
            field="username",
            retry_after=wait,
        )
