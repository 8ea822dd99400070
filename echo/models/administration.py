"""What administrators leave behind: settings, invitations, and the trail of their acts. Knows no pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from echo.clock import utc_now
from echo.extensions import Base
from echo.models.types import BigId, PublicId, UtcDateTime


class SiteSetting(Base):
    """One setting that differs from the environment's; absent rows mean the environment's value."""

    __tablename__ = "site_settings"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, onupdate=utc_now)


class Invite(Base):
    """One link; only the SHA-256 of its token is kept."""

    __tablename__ = "invites"

    id: Mapped[PublicId]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    note: Mapped[str] = mapped_column(String(200), default="")
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    max_uses: Mapped[int] = mapped_column(Integer, default=1)
    uses: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AuditEvent(Base):
    """One act of an administrator, or one look into another person's words.

    Rows are never changed or deleted; `hash` covers the row and the hash before it. `actor_id` and
    `subject_id` are no foreign keys: the chain must outlive the accounts, of which only numbers stay.
    """

    __tablename__ = "audit_events"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    actor_id: Mapped[int | None] = mapped_column(BigId, index=True)
    """None: the command line."""
    act: Mapped[str] = mapped_column(String(40), index=True)
    subject_id: Mapped[int | None] = mapped_column(BigId, index=True)
    """The person whom it concerns."""
    target: Mapped[str] = mapped_column(String(80), default="")
    """What was touched, as "table/id"."""
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What changed, without personal data or secrets."""
    hash: Mapped[str] = mapped_column(String(64))
