"""`/api/messages`: one message of one's own, and the thumb on it. Knows services."""

from __future__ import annotations

from typing import Any, Literal

from flask import Blueprint
from flask_login import current_user
from pydantic import Field

from echo.api.bodies import Body, Text
from echo.api.operations import operation
from echo.api.rest import shapes
from echo.extensions import db
from echo.limits import RATING_COMMENT_CHARS, RATING_REASONS
from echo.models import Message
from echo.services.chats import conversations, message_tree, ratings, wire
from echo.text import one_newline

blueprint = Blueprint("api_messages", __name__, url_prefix="/api/messages")

Reason = Literal["inaccurate", "off_topic", "too_long", "unsafe", "other"]


class Rating(Body):
    """A thumb up (1) or down (-1) on an answer, with reasons and a comment; 0 takes it back."""

    rating: int = Field(ge=-1, le=1)
    reasons: list[Reason] = Field(default_factory=list, max_length=len(RATING_REASONS))
    comment: Text = Field("", max_length=RATING_COMMENT_CHARS)


def _told(row: Message) -> dict[str, Any]:
    return wire.messages([row], message_tree.siblings([row]))[0]


@blueprint.get("/<message_id>")
@operation(shapes.ConversationMessage)
def get(message_id: str) -> dict[str, Any]:
    """Get one message."""
    return _told(conversations.readable_message(current_user.id, message_id))


@blueprint.patch("/<message_id>")
@operation(shapes.ConversationMessage, body=Rating)
def rate(message_id: str, body: Rating) -> dict[str, Any]:
    """Rate an answer."""
    reasons, comment = list(dict.fromkeys(body.reasons)), str(one_newline(body.comment))
    ratings.rate_message(current_user.id, message_id, body.rating, [*reasons], comment)
    row = conversations.readable_message(current_user.id, message_id)
    db.session.refresh(row, ["rating"])
    return _told(row)
