"""Who did what to whom, as a chain of hashes. Knows no names: people are numbers here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from echo.extensions import Base
from echo.models.types import BigId, UtcDateTime


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
