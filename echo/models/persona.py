"""Personas, ready-made partners for chats. Knows no conversation and no engine."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from echo.clock import utc_now
from echo.extensions import Base
from echo.limits import (
    EMOJI_CHARS,
    MODEL_NAME_CHARS,
    PERSONA_NAME_CHARS,
    PERSONA_WHAT_CHARS,
    SYSTEM_PROMPT_CHARS,
)
from echo.models.types import PublicId, UtcDateTime


class Persona(Base):
    """One persona: a person's own, or the administrators' for everybody from a role on.

    `settings` are numbers as a conversation has them; what is not there is the model's own. `model` None: the
    one that usually answers; an empty `system_prompt`: what is usual. `deleted_at` marks a person's own for
    removal: until then it can be restored, and its chats find it again.
    """

    __tablename__ = "personas"
    __table_args__ = (
        CheckConstraint("(user_id IS NULL) <> (least_role IS NULL)", name="owner_or_role"),
    )

    id: Mapped[PublicId]
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(String(PERSONA_NAME_CHARS))
    description: Mapped[str] = mapped_column(String(PERSONA_WHAT_CHARS), default="")
    system_prompt: Mapped[str] = mapped_column(String(SYSTEM_PROMPT_CHARS), default="")
    model: Mapped[str | None] = mapped_column(String(MODEL_NAME_CHARS))
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    emoji: Mapped[str] = mapped_column(String(EMOJI_CHARS))
    colour: Mapped[int] = mapped_column(SmallInteger, default=1)
    """Which of those that tags have."""
    least_role: Mapped[str | None] = mapped_column(String(20))
    """The weakest role that sees it; None: its owner alone does."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, onupdate=utc_now)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    picture: Mapped[PersonaPicture | None] = relationship(
        lazy="joined", cascade="all, delete-orphan", passive_deletes=True
    )
    """Shown in place of the emoji on its colour; read along without its content."""

    @property
    def is_shared(self) -> bool:
        return self.user_id is None


class PersonaPicture(Base):
    """A persona's own picture, as `Picture` is a person's: a square WebP, with a new id each time."""

    __tablename__ = "persona_pictures"

    id: Mapped[PublicId]
    persona_id: Mapped[str] = mapped_column(
        ForeignKey("personas.id", ondelete="CASCADE"), unique=True
    )
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    size_bytes: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
