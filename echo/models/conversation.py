"""Conversations: a title, settings and the leaf of the branch that is shown. Knows no messages' texts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from echo.clock import utc_now
from echo.extensions import Base
from echo.limits import TITLE_CHARS
from echo.models.types import PublicId, UtcDateTime


class Conversation(Base):
    """One conversation of one owner. `deleted_at` marks it for removal: until then it can be restored."""

    __tablename__ = "conversations"
    __table_args__ = (
        Index("ix_conversations_owner_recent", "user_id", "deleted_at", "updated_at"),
        Index("ix_conversations_message_count_created_at", "message_count", "created_at"),
    )

    id: Mapped[PublicId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(String(TITLE_CHARS), default="")
    pinned: Mapped[bool] = mapped_column(Boolean, default=False)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    head_id: Mapped[str | None] = mapped_column(String(26))
    message_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
