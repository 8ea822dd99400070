"""People and their roles. A user knows who they are, not what they may do: that is `echo/policies.py`."""

from __future__ import annotations

from datetime import datetime

from flask_login import UserMixin
from sqlalchemy import Boolean, ForeignKey, Integer, LargeBinary, String, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from echo.clock import utc_now
from echo.extensions import Base
from echo.limits import EMAIL_MAX, USERNAME_MAX
from echo.models.types import BigId, PublicId, UtcDateTime
from echo.policies import Right, RoleName, allows


class Role(Base):
    """One role with its daily allowances; None means unlimited."""

    __tablename__ = "roles"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(20), unique=True)
    description: Mapped[str] = mapped_column(String(200), default="")
    daily_messages: Mapped[int | None] = mapped_column(Integer)
    daily_tokens: Mapped[int | None] = mapped_column(Integer)

    def __str__(self) -> str:
        return self.name


class User(Base, UserMixin):
    """A person. `*_key` columns hold the case-folded form that is unique."""

    __tablename__ = "users"
    __table_args__ = {"sqlite_autoincrement": True}  # a deleted one's number is not given again

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    username: Mapped[str] = mapped_column(String(USERNAME_MAX))
    username_key: Mapped[str] = mapped_column(String(USERNAME_MAX), unique=True)
    email: Mapped[str] = mapped_column(String(EMAIL_MAX))
    email_key: Mapped[str] = mapped_column(String(EMAIL_MAX), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(100))
    google_sub: Mapped[str | None] = mapped_column(String(255), unique=True)
    role_id: Mapped[int] = mapped_column(ForeignKey("roles.id"), index=True)
    email_verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    totp_secret: Mapped[str | None] = mapped_column(String(200))
    """Encrypted; None while no authenticator application is set up."""
    totp_last_step: Mapped[int | None] = mapped_column(BigId)
    """The time step of the last code that was taken: a code works once."""
    retention_days: Mapped[int | None] = mapped_column(Integer)
    """Conversations unused for so long are deleted; None keeps them."""
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    in_ranking: Mapped[bool] = mapped_column(Boolean, default=True)
    may_train: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Whether answers that they rated up may train this server's models."""
    language: Mapped[str | None] = mapped_column(String(10))
    """The code of the language they chose to read; None leaves it to the browser."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, onupdate=utc_now)
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)

    role: Mapped[Role] = relationship(lazy="joined")

    def __str__(self) -> str:
        return self.username

    @property
    def is_active(self) -> bool:
        return self.active

    @property
    def role_name(self) -> RoleName:
        return RoleName(self.role.name)

    @property
    def is_super_admin(self) -> bool:
        return self.role_name is RoleName.SUPER_ADMIN

    @property
    def is_admin(self) -> bool:
        return allows(self.role_name, Right.PEOPLE)

    @property
    def can_see_admin(self) -> bool:
        return allows(self.role_name, Right.CHARTS)


class Picture(Base):
    """A person's picture, re-encoded as a square WebP; a new one has a new id, so it may be cached."""

    __tablename__ = "pictures"

    id: Mapped[PublicId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    size_bytes: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
