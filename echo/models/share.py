"""A frozen copy of what a conversation showed at one moment, and the link that shows it. Knows no pages."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Integer, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from echo.clock import utc_now
from echo.extensions import Base
from echo.limits import TITLE_CHARS
from echo.models.types import PublicId, UtcDateTime
from echo.models.user import User


class Visibility(StrEnum):
    """Whom a link shows the copy to."""

    SIGNED_IN = "signed-in"
    """Everybody with an account here."""
    PUBLIC = "public"
    """Everybody who has the link."""


class Share(Base):
    """What others see of one conversation: at most one of each. Without this row its link shows nothing.

    The link's token is found by its SHA-256 and kept sealed with the server's key, so that its owner can copy
    it again while a copy of the database alone opens nothing.
    """

    __tablename__ = "shares"

    id: Mapped[PublicId]
    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), unique=True
    )
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    sealed_token: Mapped[str] = mapped_column(Text)
    visibility: Mapped[str] = mapped_column(String(10))
    with_name: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Whether its owner's name stands above it."""
    title: Mapped[str] = mapped_column(String(TITLE_CHARS))
    said: Mapped[list[dict[str, Any]]] = mapped_column(JSON, deferred=True)
    """`role`, `text`, `status` and `edited` of each message, and nothing else of it."""
    opened: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """How often a browser of somebody else has shown it."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    """The moment that the copy shows."""
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)

    user: Mapped[User] = relationship(lazy="joined")
