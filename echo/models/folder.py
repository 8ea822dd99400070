"""Folders, in which a person's conversations lie. Knows no conversation but by its id."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from echo.clock import utc_now
from echo.extensions import Base
from echo.limits import FOLDER_NAME_CHARS, SYSTEM_PROMPT_CHARS
from echo.models.types import PublicId, UtcDateTime


class Folder(Base):
    """One folder of one owner.

    `system_prompt` is for those of its conversations that have none; empty: none. `deleted_at` marks it for
    removal: until then it can be restored with the conversations whose ids it `held`.
    """

    __tablename__ = "folders"

    id: Mapped[PublicId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(FOLDER_NAME_CHARS))
    position: Mapped[int] = mapped_column(Integer)
    system_prompt: Mapped[str] = mapped_column(String(SYSTEM_PROMPT_CHARS), default="")
    held: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
