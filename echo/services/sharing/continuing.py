"""A shared chat copied into a conversation of whoever reads it. Knows no links."""

from __future__ import annotations

from sqlalchemy import insert

from echo import signals
from echo.clock import utc_now
from echo.extensions import db
from echo.models import Conversation, Message, Share
from echo.models.types import new_id
from echo.services.chats.imports import keeping, room
from echo.services.chats.imports.found import Line
from echo.services.storage import transaction


def copy(user_id: int, share: Share) -> Conversation:
    """Return a new conversation of the user's that says the same and goes on from there.

    It counts for nothing: its messages take nothing of the day's allowance, it stands in no chart. All are
    whole, so that only what is asked from here on is written in this person's name.
    """
    row = Conversation(
        id=new_id(), user_id=user_id, title=share.title, imported_from=f"share:{share.id}"
    )
    lines = [
        Line(place - 1 if place else None, said["role"], said["text"])
        for place, said in enumerate(share.said)
    ]
    room.refuse_full(user_id, lines)
    row.imported_bytes = room.bytes_of(lines)
    now = utc_now()
    messages = keeping.message_rows(row.id, user_id, lines, now, now)
    row.head_id, row.message_count = messages[-1]["id"], len(messages)

    def work() -> None:
        db.session.add(row)
        db.session.flush()
        db.session.execute(insert(Message), messages)

    transaction(work)
    signals.conversation_changed.send(row)
    return row
