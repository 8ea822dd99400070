"""Feedback about Echo as a whole, with the state of its handling. Knows nothing of single answers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from echo.clock import utc_now
from echo.extensions import Base
from echo.limits import FEEDBACK_MAX
from echo.models.types import BigId, UtcDateTime
from echo.models.user import User


class Feedback(Base):
    """An opinion in words, a category and perhaps one to five stars."""

    __tablename__ = "feedback"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    opinion: Mapped[str] = mapped_column(String(FEEDBACK_MAX))
    category: Mapped[str] = mapped_column(String(20), index=True)
    rating: Mapped[int | None] = mapped_column(SmallInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)

    user: Mapped[User] = relationship(lazy="joined")
