"""Feedback about Echo as a whole, with the state of its handling. Knows nothing of single answers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from echo.clock import utc_now
from echo.extensions import Base
from echo.limits import FEEDBACK_MAX
from echo.models.types import BigId, UtcDateTime
from echo.models.user import User


class FeedbackState(StrEnum):
    """How far the handling of an opinion is."""

    NEW = "new"
    SEEN = "seen"
    ANSWERED = "answered"


class Feedback(Base):
    """An opinion in words, a category and perhaps one to five stars."""

    __tablename__ = "feedback"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    opinion: Mapped[str] = mapped_column(String(FEEDBACK_MAX))
    category: Mapped[str] = mapped_column(String(20), index=True)
    rating: Mapped[int | None] = mapped_column(SmallInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)

    state: Mapped[str] = mapped_column(
        String(10), default=FeedbackState.NEW, server_default=FeedbackState.NEW.value, index=True
    )
    answer: Mapped[str | None] = mapped_column(String(FEEDBACK_MAX))
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answer_read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the person said that they have read the answer."""
    answered_by: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )

    user: Mapped[User] = relationship(lazy="joined", foreign_keys=user_id)
