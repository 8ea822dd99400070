"""What people have models told beside their questions. Knows no prompt and no tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from echo.clock import utc_now
from echo.extensions import Base
from echo.limits import INSTRUCTIONS_CHARS
from echo.models.types import UtcDateTime


class PersonalPrompt(Base):
    """What one person has Echo told before each of their chats; an absent row means nothing."""

    __tablename__ = "personal_prompts"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    instructions: Mapped[str] = mapped_column(String(INSTRUCTIONS_CHARS), default="")
    instructions_on: Mapped[bool] = mapped_column(Boolean, default=True)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, onupdate=utc_now)
