"""Sums kept ready for charts: per half hour, per day, per week and per person. Knows no way to make them.

Every table repeats what the rows of other tables say, and can be made again from them. A `slot` counts
half hours, a `day` days and a `week` weeks from Monday, all in UTC since 1970 began (its week began
on Monday, 29 December 1969).
"""

from __future__ import annotations

from typing import Annotated

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from echo.extensions import Base
from echo.models.types import BigId

PackedTable = {
    "sqlite_with_rowid": False
}  # the primary key is the table: no second index beside it

KeyPart = Annotated[int, mapped_column(Integer, primary_key=True, autoincrement=False)]
ModelKey = Annotated[str, mapped_column(String(200), primary_key=True)]
Count = Annotated[int, mapped_column(Integer, default=0)]
Sum = Annotated[int, mapped_column(BigId, default=0)]
Person = Annotated[
    int,
    mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
]


class ActivitySlot(Base):
    """Sign-ups and questions of one half hour."""

    __tablename__ = "activity_slots"
    __table_args__ = PackedTable

    slot: Mapped[KeyPart]
    signups: Mapped[Count]
    questions: Mapped[Count]


class ReplySlot(Base):
    """Replies begun in one half hour by how they ended, their tokens, and thumbs given in it.

    Live replies are not counted; `complete` to `failed` add up to `replies`. A thumb counts in the half
    hour in which it was given, under the model that had answered.
    """

    __tablename__ = "reply_slots"
    __table_args__ = PackedTable

    slot: Mapped[KeyPart]
    model: Mapped[ModelKey]
    replies: Mapped[Count]
    prompt_tokens: Mapped[Sum]
    completion_tokens: Mapped[Sum]
    complete: Mapped[Count]
    length: Mapped[Count]
    stopped: Mapped[Count]
    interrupted: Mapped[Count]
    failed: Mapped[Count]
    liked: Mapped[Count]
    disliked: Mapped[Count]


class ErrorSlot(Base):
    """Failed replies of one half hour by their error code."""

    __tablename__ = "error_slots"
    __table_args__ = PackedTable

    slot: Mapped[KeyPart]
    code: Mapped[str] = mapped_column(String(30), primary_key=True)
    count: Mapped[Count]


class FeedbackSlot(Base):
    """Opinions of one half hour by category; `rated` of them have stars, `rating_sum` in all."""

    __tablename__ = "feedback_slots"
    __table_args__ = PackedTable

    slot: Mapped[KeyPart]
    category: Mapped[str] = mapped_column(String(20), primary_key=True)
    count: Mapped[Count]
    rated: Mapped[Count]
    rating_sum: Mapped[Count]


class UserDay(Base):
    """What one person asked on one day, and the replies that have ended since."""

    __tablename__ = "user_days"
    __table_args__ = (Index("ix_user_days_user_id_day", "user_id", "day"), PackedTable)

    day: Mapped[KeyPart]
    user_id: Mapped[Person]
    questions: Mapped[Count]
    characters: Mapped[Sum]
    replies: Mapped[Count]
    prompt_tokens: Mapped[Sum]
    completion_tokens: Mapped[Sum]


class UserTotal(Base):
    """One person's sums over all days of `user_days`; `tokens` counts those read and those written."""

    __tablename__ = "user_totals"
    __table_args__ = (
        Index("ix_user_totals_characters_questions", "characters", "questions"),
        Index("ix_user_totals_questions", "questions"),
        PackedTable,
    )

    user_id: Mapped[Person]
    questions: Mapped[Count]
    characters: Mapped[Sum]
    replies: Mapped[Count]
    tokens: Mapped[Sum]


class TimingSpan(Base):
    """A histogram of one measure of the replies begun in one span: `step` and the span's first `day`.

    Bucket b holds the values v with round(ln v / ln 1.05) = b; values below 1 are in bucket 0.
    """

    __tablename__ = "timing_spans"
    __table_args__ = PackedTable

    step: Mapped[str] = mapped_column(String(5), primary_key=True)
    day: Mapped[KeyPart]
    model: Mapped[ModelKey]
    measure: Mapped[str] = mapped_column(String(20), primary_key=True)
    bucket: Mapped[KeyPart]
    count: Mapped[Count]


class ActiveDay(Base):
    """How many people asked on a day, and in the 7 and 30 days that end with it.

    There is a row for every day up to the last one that was refreshed.
    """

    __tablename__ = "active_days"

    day: Mapped[KeyPart]
    active_1: Mapped[Count]
    active_7: Mapped[Count]
    active_30: Mapped[Count]


class CohortWeek(Base):
    """How many of those who signed up in the week `cohort` asked in `week`."""

    __tablename__ = "cohort_weeks"
    __table_args__ = PackedTable

    week: Mapped[KeyPart]
    cohort: Mapped[KeyPart]
    active: Mapped[Count]


class StaleDay(Base):
    """A day whose sums must be made again; `mark` grows with each reason, so that none is missed."""

    __tablename__ = "stale_days"

    day: Mapped[KeyPart]
    mark: Mapped[Count]
