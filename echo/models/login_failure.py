"""Failed tries to sign in, counted by what was typed. Does not know whether such an account exists."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from echo.extensions import Base
from echo.models.types import UtcDateTime


class LoginFailure(Base):
    """How often in a row an account's password was wrong; `key` is a hash, for unknown names alike."""

    __tablename__ = "login_failures"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int] = mapped_column(Integer, default=0)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    blocked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
