"""The keys by which programs act for a person, what their calls took, and answers that they had kept."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from echo.clock import utc_now
from echo.extensions import Base
from echo.limits import API_KEY_NAME_CHARS
from echo.models.types import PublicId, UtcDateTime
from echo.models.user import User
from echo.scopes import Scope


class ApiKey(Base):
    """A key of one person's, for their programs. Whoever made it holds it; the row has only its SHA-256."""

    __tablename__ = "api_keys"

    id: Mapped[PublicId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(API_KEY_NAME_CHARS))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    ending: Mapped[str] = mapped_column(String(4))
    """Its last characters, by which a person knows it again."""
    scope_names: Mapped[str] = mapped_column(String(60))
    """Separated by spaces."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    user: Mapped[User] = relationship(lazy="joined")

    @property
    def scopes(self) -> frozenset[Scope]:
        return frozenset(Scope(name) for name in self.scope_names.split())


class ApiCall(Base):
    """What one answer to a program took: neither the question nor the answer is kept."""

    __tablename__ = "api_calls"
    __table_args__ = (Index("ix_api_calls_user_id_created_at", "user_id", "created_at"),)

    id: Mapped[PublicId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    key_id: Mapped[str | None] = mapped_column(ForeignKey("api_keys.id", ondelete="SET NULL"))
    route: Mapped[str] = mapped_column(String(40))
    model: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(12))
    """As a message's: complete, stopped, failed."""
    finish_reason: Mapped[str] = mapped_column(String(12))
    error_code: Mapped[str | None] = mapped_column(String(30))
    prompt_tokens: Mapped[int] = mapped_column(Integer)
    cached_tokens: Mapped[int] = mapped_column(Integer)
    completion_tokens: Mapped[int] = mapped_column(Integer)
    queue_ms: Mapped[int] = mapped_column(Integer)
    first_token_ms: Mapped[int | None] = mapped_column(Integer)
    total_ms: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)


def _stored_bytes(inserted: Any) -> int:
    row = inserted.get_current_parameters()
    return len(json.dumps(row["said"])) + len(json.dumps(row["told"]))


class KeptResponse(Base):
    """One answer below `/v1/responses` with what was said since the one before it.

    `previous_id` is no foreign key: where an answer before was deleted the hole is seen, and told.
    """

    __tablename__ = "kept_responses"
    __table_args__ = (Index("ix_kept_responses_user_id_bytes", "user_id", "bytes"),)

    id: Mapped[PublicId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    previous_id: Mapped[str | None] = mapped_column(String(26))
    said: Mapped[list[list[str]]] = mapped_column(JSON)
    """Role and text of each message, the answer last. (A text column could not hold every character.)"""
    told: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The rest of the answer, as it was given."""
    bytes: Mapped[int] = mapped_column(Integer, default=_stored_bytes, server_default="0")
    """Of both, as they are stored."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
