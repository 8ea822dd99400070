"""A shared chat copied into a conversation of whoever reads it. Knows no links."""

from __future__ import annotations

from echo import signals
from echo.extensions import db
from echo.models import Conversation, Message, Share
from echo.models.types import new_id
from echo.services.storage import transaction


def copy(user_id: int, share: Share) -> Conversation:
    """Return a new conversation of the user's that says the same and goes on from there.

    Its messages count for nothing: they take nothing of the day's allowance and stand in no chart. All are
    whole, so that only what is asked from here on is written in this person's name.
    """
    row = Conversation(id=new_id(), user_id=user_id, title=share.title)
    messages = _messages(row, share)
    row.head_id, row.message_count = messages[-1].id, len(messages)

    def work() -> None:
        db.session.add(row)
        db.session.flush()
        for message in messages:  # each after the one that it follows
            db.session.add(message)
            db.session.flush()

    transaction(work)
    signals.conversation_changed.send(row)
    return row


def _messages(conversation: Conversation, share: Share) -> list[Message]:
    rows: list[Message] = []
    for ordinal, said in enumerate(share.said, start=1):
        text = said["text"]
        is_reply = said["role"] == "assistant"
        rows.append(
            Message(
                id=new_id(),
                conversation_id=conversation.id,
                user_id=conversation.user_id,
                parent_id=rows[-1].id if rows else None,
                ordinal=ordinal,
                role=said["role"],
                text=text,
                seq=int(is_reply),
                piece_lengths=str(len(text)) if is_reply else "",
                imported=True,
            )
        )
    return rows
