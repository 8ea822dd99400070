"""Chats from elsewhere on their way: how far a person's import has come. Knows no file and no format."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Integer, String, false
from sqlalchemy.orm import Mapped, mapped_column

from echo.clock import utc_now
from echo.extensions import Base
from echo.models.types import PublicId, UtcDateTime


class ImportState(StrEnum):
    """`reading` and `keeping` pass by themselves; `cut` is one whose process has ended."""

    READING = "reading"
    KEEPING = "keeping"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    CUT = "cut"


class ChatImport(Base):
    """A person's newest import: while it goes on there is no second one, afterwards it is the report.

    `kept` of `total` new chats are in the person's list. `node` names the process that brings them.
    """

    __tablename__ = "chat_imports"

    id: Mapped[PublicId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    state: Mapped[str] = mapped_column(String(10), default=ImportState.READING)
    kept: Mapped[int] = mapped_column(Integer, default=0)
    total: Mapped[int | None] = mapped_column(Integer)
    stop_asked: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    error: Mapped[str | None] = mapped_column(String(300))
    report: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, deferred=True)
    """`chats` that were kept and `skipped` ones with the reason, as many as are told, once it has ended."""
    node: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
