"""Conversations up to replies that their owners rated up, of people who allow it. It trains nothing.

A chat with words that were said elsewhere, or by others, is left out: they need not be its owner's to give.

The permission is asked for each time: whoever takes it back is not in the next run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select

from echo.extensions import db
from echo.models import Conversation, Message, MessageRating, MessageStatus, User
from echo.services import audit
from echo.services.audit import Act
from echo.services.chats import folders, message_tree

CUT = "length"


@dataclass(frozen=True)
class RatedChat:
    """One reply that was rated up, with what led to it."""

    user_id: int
    messages: tuple[tuple[str, str], ...]
    """Roles and texts: perhaps a system message, then question and reply in turns."""


def read(until: datetime | None = None) -> list[RatedChat]:
    """Return the chats in the order in which they were rated; those rated after `until` are left out."""
    return [chat for row in _rated(until) if (chat := _chat(row)) is not None]


def note_use(model: str, chats: list[RatedChat]) -> None:
    """Write down that a model is trained with them: how many, of how many people, never of whom."""
    people = len({chat.user_id for chat in chats})
    audit.record(
        Act.RATINGS_LEARNED, None, target=f"model {model}", chats=len(chats), people=people
    )


def _rated(until: datetime | None) -> Iterator[Message]:
    """Whole replies of living accounts and chats: one that was cut would teach to stop there."""
    wanted = (
        select(Message)
        .join(MessageRating, MessageRating.message_id == Message.id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .join(User, User.id == Message.user_id)
        .where(
            User.may_train,
            User.active,
            Conversation.deleted_at.is_(None),
            MessageRating.rating == 1,
            MessageRating.user_id == Message.user_id,
            Message.role == "assistant",
            Message.status == MessageStatus.COMPLETE,
            or_(Message.finish_reason.is_(None), Message.finish_reason != CUT),
            func.trim(Message.text) != "",
        )
        .order_by(MessageRating.created_at, Message.id)
    )
    if until is not None:
        wanted = wanted.where(MessageRating.created_at <= until)
    yield from db.session.scalars(wanted).all()


def _chat(reply: Message) -> RatedChat | None:
    """The branch that leads to the reply; None where nobody had asked anything, or elsewhere."""
    messages: list[tuple[str, str]] = []
    branch = message_tree.branch(reply.id)
    if any(message.imported or message.user_id != reply.user_id for message in branch):
        return None
    for message in branch:
        role, text = message.role, message.text.strip()
        if role == "assistant" and (not text or message.status == MessageStatus.FAILED):
            del messages[-1:]  # the question that was not answered goes with it
        elif text:
            messages.append((role, text))
    conversation = db.session.get_one(Conversation, reply.conversation_id)
    if conversation.user_id != reply.user_id or conversation.members:
        return None  # what the model is told there is others', too
    system = (folders.prompt_of(conversation) or "").strip()
    if not _takes_turns(messages):
        return None
    head = (("system", system),) if system else ()
    return RatedChat(reply.user_id, (*head, *messages))


def _takes_turns(messages: list[tuple[str, str]]) -> bool:
    roles = [role for role, _ in messages]
    return bool(roles) and roles == ["user", "assistant"] * (len(roles) // 2)
