"""Thumbs on single answers. Knows no payloads."""

from __future__ import annotations

from echo.errors import Forbidden, InvalidInput
from echo.extensions import db
from echo.languages import gettext
from echo.models import MessageRating
from echo.services.chats import conversations
from echo.services.numbers import rollups
from echo.services.storage import transaction


def rate_message(
    user_id: int, message_id: str, rating: int, reasons: list[str], comment: str
) -> None:
    """Set, change or (rating 0) take back the thumb on a reply that this person has asked for.

    Raises:
        NotFound, InvalidInput: there is no such reply for them.
        Forbidden: somebody else has asked for it; a reply has one thumb.
    """
    message = conversations.readable_message(user_id, message_id)
    if message.role != "assistant":
        raise InvalidInput(gettext("Only answers can be rated."), field="message_id")
    if message.user_id != user_id:
        raise Forbidden(gettext("Whoever has asked rates the answer."), field="message_id")

    def work() -> None:
        present = db.session.get(MessageRating, message_id)
        if present is not None:
            rollups.mark_stale(present.created_at)
        if rating == 0:
            if present is not None:
                db.session.delete(present)
            return
        row = present or MessageRating(message_id=message_id, user_id=user_id)
        row.rating, row.reasons, row.comment = rating, reasons, comment
        db.session.add(row)

    transaction(work)
