"""Keeping the rollups up to date: today again and again, marked days once, everything by command.

It knows no writer: who changes something old marks its day. Whatever it does is cut into short
transactions and can be broken off anywhere; the next refresh goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, or_, select

from echo.clock import utc_now
from echo.extensions import Base, db
from echo.models import (
    ActiveDay,
    CohortWeek,
    Feedback,
    Message,
    MessageRating,
    TimingSpan,
    User,
    UserDay,
)
from echo.services.numbers import slots
from echo.services.numbers.rollups import people, spans, stale
from echo.services.numbers.rollups.replacing import pause
from echo.services.storage import transaction

SETTLING: Final = timedelta(minutes=5)  # a row is committed a moment after the time that it bears
LONGEST_LOOK: Final = 30  # days that an active day looks back over, itself included

Progress = Callable[[int, int], None]


def refresh() -> int:
    """Sum today and every marked day anew, and days that no refresh has seen; returns how many days.

    The first refresh of a database does everything, a day at a time.
    """
    now = utc_now()
    today = slots.day_number(now)
    seen = {day: mark for day, mark in stale.marks().items() if day <= today}
    days = set(range(_first_unfinished(today), today + 1)) | set(seen)
    _sum_up(days, today)
    transaction(lambda: stale.unmark(seen))
    return len(days)


def rebuild(progress: Progress | None = None) -> int:
    """Sum every day anew from the first row on; returns how many days. Charts stay whole meanwhile.

    `progress` is called with the number of days done and of all days.
    """
    today = slots.day_number(utc_now())
    seen = stale.marks()
    first = _first_day(today)
    _remove_outside(first, today)
    _sum_up(set(range(first, today + 1)), today, progress)
    people.sum_everybody()
    transaction(lambda: stale.unmark(seen))
    return today - first + 1


def _first_unfinished(today: int) -> int:
    """Return the first day that may have changed since it was summed last."""
    last = db.session.scalar(select(func.max(ActiveDay.day)))
    if last is None:
        return _first_day(today)
    return min(int(last), slots.day_number(utc_now() - SETTLING), today)


def _first_day(today: int) -> int:
    """Return the day of the very first row."""
    columns = (User.created_at, Message.created_at, MessageRating.created_at, Feedback.created_at)
    moments = [db.session.scalar(select(func.min(column))) for column in columns]
    return min([today, *[slots.day_number(moment) for moment in moments if moment is not None]])


def _sum_up(days: set[int], today: int, progress: Progress | None = None) -> None:
    """Sum these days, and whatever looks back on them, the oldest first."""
    looking_back = {
        later for day in days for later in range(day, min(day + LONGEST_LOOK, today + 1))
    }
    weeks = {slots.week_of(day): day for day in sorted(days)}  # its last day that is summed
    months = {slots.month_begin(day): day for day in sorted(days)}
    for day in sorted(looking_back):
        if day in days:
            spans.sum_day(day, also=people.sum_people_of)
        spans.count_active(day)  # last of the day: it tells that the day is done
        if weeks.get(slots.week_of(day)) == day:
            spans.sum_week(slots.week_of(day))
        if months.get(slots.month_begin(day)) == day:
            spans.sum_month(slots.month_begin(day))
        if progress is not None and day in days:
            progress(day - min(days) + 1, max(days) - min(days) + 1)


def _remove_outside(first: int, today: int) -> None:
    """Remove what is told of days before the first row or after today."""

    def outside(day: Any, low: int, high: int) -> ColumnElement[bool]:
        return or_(day < low, day > high)

    parts: list[tuple[type[Base], ColumnElement[bool]]] = [
        *[(table, ~spans.slots_of(table, first, today)) for table in spans.BY_SLOT],
        (UserDay, outside(UserDay.day, first, today)),
        (ActiveDay, outside(ActiveDay.day, first, today)),
        (CohortWeek, outside(CohortWeek.week, slots.week_of(first), slots.week_of(today))),
        *[
            (TimingSpan, (TimingSpan.step == step) & outside(TimingSpan.day, begin, today))
            for step, begin in slots.span_begins(first).items()
        ],
    ]
    for table, part in parts:
        transaction(lambda table=table, part=part: db.session.execute(delete(table).where(part)))  # type: ignore[misc]
        pause()
