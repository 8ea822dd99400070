"""What somebody has asked in conversations of others, and which of those they are in. Knows no archive.

Of what others have said there nothing is given: that is theirs, and their archives have it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, or_, select

from echo.clock import iso
from echo.extensions import db
from echo.models import Conversation, ConversationMember, Message
from echo.services.chats import together


def query(user_id: int) -> Select[str, Conversation]:
    """Select the ids and rows of others' conversations that a person is in or has asked in."""
    asked = select(Message.conversation_id).where(Message.user_id == user_id)
    is_in = Conversation.id.in_(together.joined(user_id))
    return select(Conversation.id, Conversation).where(
        Conversation.user_id != user_id, or_(is_in, Conversation.id.in_(asked))
    )


def of(user_id: int, row: Conversation) -> dict[str, Any]:
    """Return one of them: whose it is, where the person is in it still, and their questions."""
    member = db.session.get(ConversationMember, (row.id, user_id))
    is_in = member is not None and row.deleted_at is None
    return {
        "conversation_id": row.id,
        "title": row.title if is_in else None,
        "owner": together.names_of([row.user_id]).get(row.user_id) if is_in else None,
        "invited_at": iso(member.invited_at) if member else None,
        "questions": [
            {"message_id": each.id, "text": each.text, "asked_at": iso(each.created_at)}
            for each in _questions(user_id, row)
        ],
    }


def _questions(user_id: int, row: Conversation) -> list[Message]:
    theirs = (Message.user_id == user_id) & (Message.role == "user")
    found = select(Message).where(Message.conversation_id == row.id, theirs)
    return list(db.session.scalars(found.order_by(Message.ordinal)))
