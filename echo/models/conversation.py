"""Conversations and their messages, a tree of questions and replies, with thumbs on them. Knows no engine."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from echo.clock import utc_now
from echo.extensions import Base
from echo.limits import CLIENT_ID_CHARS, IMPORT_KEY_CHARS, RATING_COMMENT_CHARS, TITLE_CHARS
from echo.models.guard import GuardDecision
from echo.models.member import ConversationMember
from echo.models.persona import Persona
from echo.models.tag import Tag
from echo.models.types import PublicId, UtcDateTime
from echo.models.user import User


class Conversation(Base):
    """One conversation of one owner, in one folder at most.

    `deleted_at` marks it for removal: until then it can be restored. `archived_at` keeps it out of the list.
    `imported_from` names the chat elsewhere that it was, so that it is not imported twice, or the shared chat
    that it was copied from. `persona_id` is whom it was begun with: a name and a picture, no
    settings. `title_from_question`: neither a person nor a model has given it a title yet.
    """

    __tablename__ = "conversations"
    __table_args__ = (
        Index("ix_conversations_owner_recent", "user_id", "deleted_at", "updated_at"),
        Index("ix_conversations_message_count_created_at", "message_count", "created_at"),
    )

    id: Mapped[PublicId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(String(TITLE_CHARS), default="")
    title_from_question: Mapped[bool] = mapped_column(
        Boolean, default=False, server_default=false()
    )
    pinned: Mapped[bool] = mapped_column(Boolean, default=False)
    folder_id: Mapped[str | None] = mapped_column(
        ForeignKey("folders.id", ondelete="SET NULL"), index=True
    )
    persona_id: Mapped[str | None] = mapped_column(
        ForeignKey("personas.id", ondelete="SET NULL"), index=True
    )
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    imported_from: Mapped[str | None] = mapped_column(String(IMPORT_KEY_CHARS))
    imported_bytes: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """Of what was said elsewhere."""
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    head_id: Mapped[str | None] = mapped_column(String(26))
    message_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)

    tags: Mapped[list[Tag]] = relationship(
        secondary="conversation_tags", order_by=Tag.key, viewonly=True
    )
    persona: Mapped[Persona | None] = relationship(viewonly=True)
    owner: Mapped[User] = relationship(viewonly=True)
    members: Mapped[list[ConversationMember]] = relationship(
        order_by=(ConversationMember.invited_at, ConversationMember.user_id), viewonly=True
    )


class MessageStatus(StrEnum):
    """`queued` and `streaming` are live; the others are final."""

    QUEUED = "queued"
    STREAMING = "streaming"
    COMPLETE = "complete"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


LIVE_STATUSES = (MessageStatus.QUEUED, MessageStatus.STREAMING)


class MessageRating(Base):
    """A thumb up (1) or down (-1) with reasons and a comment, by whoever asked for the answer."""

    __tablename__ = "message_ratings"

    message_id: Mapped[str] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    rating: Mapped[int] = mapped_column(SmallInteger)
    reasons: Mapped[list[str]] = mapped_column(JSON, default=list)
    comment: Mapped[str] = mapped_column(String(RATING_COMMENT_CHARS), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)


class Message(Base):
    """A question or a reply.

    `ordinal` counts up within the conversation: order never depends on the clock. `seq` is the number
    of stream pieces that `text` holds and `piece_lengths` their lengths in characters, so that any
    stretch of the stream can be sent again after it has ended. `edited_at` says that a person has edited it
    in its place; `original_text` is then what the model had said, None again where it was put back.
    `node` names the process that writes a live reply. What was `imported` was said
    elsewhere: it counts in no sum.
    `guarded`: a rule decided something about it. `sources` are the passages of documents that a reply
    was given; None where its conversation had no documents, empty where nothing in them fitted. `steps` are
    what was computed for it: `{tool, input, result}` each; None where nothing was.
    `user_id` is who asked, which need not be whose conversation it is. `author_gone`: whoever that was has no
    account any more; the row is the owner's then, and counts in no sum.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("conversation_id", "ordinal"),
        UniqueConstraint("user_id", "client_id"),
        Index("ix_messages_user_id_created_at", "user_id", "created_at"),
        Index("ix_messages_status_created_at", "status", "created_at"),
    )

    id: Mapped[PublicId]
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    parent_id: Mapped[str | None] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), index=True
    )
    ordinal: Mapped[int] = mapped_column(Integer)
    role: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(String(12), default=MessageStatus.COMPLETE)
    client_id: Mapped[str | None] = mapped_column(String(CLIENT_ID_CHARS))
    seq: Mapped[int] = mapped_column(Integer, default=0)
    piece_lengths: Mapped[str] = mapped_column(Text, default="")
    model: Mapped[str | None] = mapped_column(String(200))
    node: Mapped[str | None] = mapped_column(String(16))
    finish_reason: Mapped[str | None] = mapped_column(String(12))
    error_code: Mapped[str | None] = mapped_column(String(30))
    error_text: Mapped[str | None] = mapped_column(String(500))
    prompt_tokens: Mapped[int | None] = mapped_column(Integer)
    cached_tokens: Mapped[int | None] = mapped_column(Integer)
    completion_tokens: Mapped[int | None] = mapped_column(Integer)
    queue_ms: Mapped[int | None] = mapped_column(Integer)
    first_token_ms: Mapped[int | None] = mapped_column(Integer)
    total_ms: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    edited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    original_text: Mapped[str | None] = mapped_column(Text)
    imported: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    sources: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    steps: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    author_gone: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())

    guarded: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())

    rating: Mapped[MessageRating | None] = relationship(lazy="selectin", viewonly=True)
    decisions: Mapped[list[GuardDecision]] = relationship(viewonly=True, order_by=GuardDecision.id)

    @property
    def is_live(self) -> bool:
        return self.status in LIVE_STATUSES

    @property
    def is_edited(self) -> bool:
        """Whether it says something else than its writer, a person or the model, said at first."""
        return self.edited_at is not None and (
            self.role == "user" or self.original_text is not None
        )

    @property
    def tokens(self) -> dict[str, Any] | None:
        if self.completion_tokens is None:
            return None
        return {
            "prompt": self.prompt_tokens,
            "cached": self.cached_tokens,
            "completion": self.completion_tokens,
        }

    @property
    def timing(self) -> dict[str, Any] | None:
        if self.total_ms is None:
            return None
        return {
            "queue_ms": self.queue_ms,
            "first_token_ms": self.first_token_ms,
            "total_ms": self.total_ms,
        }
