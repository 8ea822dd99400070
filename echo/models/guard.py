"""Rules that look at questions and answers, and what they decided. Knows no matching and no pages."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Boolean, Float, ForeignKey, Index, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from echo.clock import utc_now
from echo.extensions import Base
from echo.limits import (
    GUARD_ANSWER_CHARS,
    GUARD_EXCERPT_CHARS,
    GUARD_NAME_CHARS,
    GUARD_OBJECTION_CHARS,
    GUARD_REASON_CHARS,
)
from echo.models.types import PublicId, UtcDateTime


class GuardPlace(StrEnum):
    """What a rule looks at."""

    QUESTION = "question"
    ANSWER = "answer"
    BOTH = "both"


class GuardKind(StrEnum):
    """How it looks: `what` holds words, a pattern, or the label of a classifier."""

    WORDS = "words"
    PATTERN = "pattern"
    CLASSIFIER = "classifier"


class GuardAct(StrEnum):
    """What it does, the mildest first."""

    FLAG = "flag"
    WARN = "warn"
    MASK = "mask"
    REFUSE = "refuse"


class GuardState(StrEnum):
    """What an administrator made of a decision: nothing yet, it stands, or it was wrong."""

    OPEN = "open"
    UPHELD = "upheld"
    LIFTED = "lifted"


class GuardRule(Base):
    """One rule; `reason` is what the person is told. `threshold`: how sure a classifier must be."""

    __tablename__ = "guard_rules"

    id: Mapped[PublicId]
    name: Mapped[str] = mapped_column(String(GUARD_NAME_CHARS))
    place: Mapped[str] = mapped_column(String(10), default=GuardPlace.QUESTION)
    kind: Mapped[str] = mapped_column(String(10), default=GuardKind.WORDS)
    what: Mapped[str] = mapped_column(Text)
    threshold: Mapped[float | None] = mapped_column(Float)
    act: Mapped[str] = mapped_column(String(10), default=GuardAct.FLAG)
    reason: Mapped[str] = mapped_column(String(GUARD_REASON_CHARS))
    is_on: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)


class GuardDecision(Base):
    """What a rule did to one message, or to one call, of which no words are kept.

    Name, act and reason are the rule's as they were. `excerpt` holds the words that were met; it goes with
    its message. A call is named by `call_id` and `route`. `awaits` says that an objection has no answer yet.
    """

    __tablename__ = "guard_decisions"
    __table_args__ = (Index("ix_guard_decisions_awaits_created_at", "awaits", "created_at"),)

    id: Mapped[PublicId]
    message_id: Mapped[str | None] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), index=True
    )
    call_id: Mapped[str | None] = mapped_column(String(26))
    route: Mapped[str] = mapped_column(String(40), default="")
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    rule_id: Mapped[str | None] = mapped_column(String(26), index=True)
    """As it was, also once the rule is deleted: an answer may be written while that happens."""
    rule_name: Mapped[str] = mapped_column(String(GUARD_NAME_CHARS))
    place: Mapped[str] = mapped_column(String(10))
    act: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(GUARD_REASON_CHARS))
    excerpt: Mapped[str] = mapped_column(String(GUARD_EXCERPT_CHARS), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)

    state: Mapped[str] = mapped_column(String(10), default=GuardState.OPEN)
    objection: Mapped[str | None] = mapped_column(String(GUARD_OBJECTION_CHARS))
    objected_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    awaits: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    answer: Mapped[str | None] = mapped_column(String(GUARD_ANSWER_CHARS))
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answer_read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_by: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
