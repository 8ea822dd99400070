"""Signed-in browsers: one row per sign-in, so that each can be ended alone. Knows no cookies."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from echo.clock import utc_now
from echo.extensions import Base
from echo.models.types import PublicId, UtcDateTime
from echo.models.user import User


class Device(Base):
    """A browser's session. The cookie holds the token; the row holds only its SHA-256."""

    __tablename__ = "devices"

    id: Mapped[PublicId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    address: Mapped[str] = mapped_column(String(45), default="")
    user_agent: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    idle_seconds: Mapped[int] = mapped_column(Integer, default=0)
    """The session ends after this long without a sign of life; 0: only at `expires_at`."""
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the person last proved on this device who they are (step-up)."""
    method: Mapped[str] = mapped_column(String(20), default="password")
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    user: Mapped[User] = relationship(lazy="joined")
