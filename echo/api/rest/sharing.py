"""`/api/conversations/{id}/share`: a link that shows a frozen copy to others. Knows services."""

from __future__ import annotations

from typing import Any, Literal

from flask import Blueprint, url_for
from flask_login import current_user
from pydantic import Field

from echo.api.bodies import Body
from echo.api.operations import operation
from echo.api.rest import shapes
from echo.clock import iso
from echo.config import public_address
from echo.limits import SHARE_SECONDS_MAX
from echo.models import Conversation, Share, Visibility
from echo.services.chats import conversations
from echo.services.sharing import Wish, links, shares, snapshots
from echo.services.sharing.shares import Keep

blueprint = Blueprint("api_sharing", __name__, url_prefix="/api/conversations")

OFF = "off"


class Sharing(Body):
    """To whom the link shows the copy; what is left out stays as it is."""

    visibility: Literal["off", "signed-in", "public"]
    expires_in: int | None = Field(
        None, ge=1, le=SHARE_SECONDS_MAX, description="seconds from now; null: until it is stopped"
    )
    with_name: bool | None = Field(None, description="whether your name stands above it")
    anew: bool = Field(False, description="take the copy again; the link stays the same")

    def wish(self) -> Wish:
        """Return what is wanted, of whatever was sent."""
        given = self.model_fields_set
        return Wish(
            Visibility(self.visibility),
            self.expires_in if "expires_in" in given else Keep.KEPT,
            Keep.KEPT if self.with_name is None else self.with_name,
            self.anew,
        )


@blueprint.get("/<conversation_id>/share")
@operation(shapes.Share)
def get(conversation_id: str) -> dict[str, Any]:
    """Get how it is shared, and whether the copy is still what you see."""
    conversation = conversations.own(current_user.id, conversation_id)
    return _told(conversation, shares.of(conversation.id))


@blueprint.post("/<conversation_id>/share")
@operation(shapes.Share, body=Sharing)
def share(conversation_id: str, body: Sharing) -> dict[str, Any]:
    """Share a frozen copy of the branch that is shown, or change how; `off` ends the link for good."""
    conversation = conversations.own(current_user.id, conversation_id)
    if body.visibility == OFF:
        shares.stop_sharing(current_user.id, conversation_id)
        return _told(conversation, None)
    row, is_taken = shares.share(current_user.id, conversation_id, body.wish())
    return _told(conversation, row, is_taken)


@blueprint.delete("/<conversation_id>/share")
@operation(None)
def stop(conversation_id: str) -> None:
    """End the link for good; sharing again makes another."""
    shares.stop_sharing(current_user.id, conversation_id)


def _told(conversation: Conversation, row: Share | None, is_taken: bool = False) -> dict[str, Any]:
    """Return how it is shared; a copy that was just taken is not compared with what is shown."""
    return {
        "url": _url(row) if row else None,
        "visibility": row.visibility if row else OFF,
        "with_name": bool(row and row.with_name),
        "expires_at": iso(row.expires_at) if row else None,
        "taken_at": iso(row.taken_at) if row else None,
        "is_current": is_taken
        or bool(row and snapshots.is_current(conversation, row.title, row.said)),
        "opened": row.opened if row else 0,
        "possible": shares.possible(),
    }


def _url(row: Share) -> str | None:
    token = links.token_of(row)
    return public_address(url_for("sharing.read", token=token)) if token else None
