"""Chats of few messages, each as long as an import brings them."""

from __future__ import annotations

from echo.extensions import db
from echo.limits import IMPORT_MESSAGE_CHARS
from echo.models import Conversation, Message

LONG = "\N{GRINNING FACE}" * (IMPORT_MESSAGE_CHARS // 2)


def long_chat(user_id: int, count: int, text: str = LONG) -> Conversation:
    """Return a conversation of so many messages in one line, each with its number before the text."""
    row = Conversation(user_id=user_id, title="Long")
    db.session.add(row)
    db.session.flush()
    parent = None
    for number in range(count):
        message = Message(
            conversation_id=row.id,
            user_id=user_id,
            parent_id=parent,
            ordinal=number + 1,
            role="assistant" if number % 2 else "user",
            text=f"{number} {text}",
        )
        db.session.add(message)
        db.session.flush()
        parent = message.id
    row.head_id = parent
    db.session.commit()
    chat_id = row.id
    db.session.expunge_all()  # what is read is read from the database
    return db.session.get_one(Conversation, chat_id)
