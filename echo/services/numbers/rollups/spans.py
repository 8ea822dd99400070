"""Writing the rollups of one day, week or month. Knows neither when nor why they are made."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import ColumnElement, case, func, select

from echo.extensions import Base, db
from echo.models import (
    ActiveDay,
    ActivitySlot,
    CohortWeek,
    ErrorSlot,
    FeedbackSlot,
    ReplySlot,
    TimingSpan,
    User,
    UserDay,
)
from echo.services.numbers import slots
from echo.services.numbers.rollups import sources
from echo.services.numbers.rollups.replacing import Key, Rows, replace

BY_SLOT: tuple[type[Base], ...] = (ActivitySlot, ReplySlot, ErrorSlot, FeedbackSlot)


def sum_day(day: int, also: Callable[[list[Key]], None]) -> None:
    """Sum a day by half hour and by person; `also` is called with the changed keys of `user_days`."""
    for table, fresh in zip(BY_SLOT, sources.of_slots(day), strict=True):
        replace(table, slots_of(table, day, day), fresh)
    replace(UserDay, UserDay.day == day, sources.of_people(day), also)
    _replace_timing("day", day, sources.of_timing(day))


def slots_of(table: type[Base], first: int, last: int) -> ColumnElement[bool]:
    """Tell whether a row's slot is in these days."""
    slot = table.__table__.c.slot
    return (slot >= first * slots.PER_DAY) & (slot < (last + 1) * slots.PER_DAY)


def count_active(day: int) -> None:
    """Count who asked on a day, and in the 7 and 30 days that end with it."""
    people = (
        select(func.max(UserDay.day).label("last"))
        .where(UserDay.day > day - 30, UserDay.day <= day, UserDay.questions > 0)
        .group_by(UserDay.user_id)
        .subquery()
    )
    counts = db.session.execute(
        select(
            *[func.count(case((people.c.last > day - days, 1))) for days in (1, 7)], func.count()
        ).select_from(people)
    ).one()
    replace(ActiveDay, ActiveDay.day == day, {(day,): tuple(counts)})


def sum_week(week: int) -> None:
    """Count who of each week's newcomers asked in this week, and join the days' histograms."""
    first = slots.monday(week)
    cohort = (slots.slot_of(User.created_at) // slots.PER_DAY + slots.WEEKDAY_OF_EPOCH) // 7
    rows = db.session.execute(
        select(cohort.label("cohort"), func.count(UserDay.user_id.distinct()))
        .join(UserDay, UserDay.user_id == User.id)
        .where(UserDay.day >= first, UserDay.day < first + 7, UserDay.questions > 0)
        .group_by("cohort")
    )
    fresh = {(week, cohort): (active,) for cohort, active in rows}
    replace(CohortWeek, CohortWeek.week == week, fresh)
    _join_timing("week", first, first + 6)


def sum_month(first: int) -> None:
    """Join the histograms of a month's days, which begins on day `first`."""
    following = slots.month_begin(first + 31)
    _join_timing("month", first, following - 1)


def _join_timing(step: str, first: int, last: int) -> None:
    kind = (TimingSpan.model, TimingSpan.measure, TimingSpan.bucket)
    rows = db.session.execute(
        select(*kind, func.sum(TimingSpan.count))
        .where(TimingSpan.step == "day", TimingSpan.day.between(first, last))
        .group_by(*kind)
    )
    _replace_timing(step, first, {(step, first, *key): (int(count),) for *key, count in rows})


def _replace_timing(step: str, day: int, fresh: Rows) -> None:
    replace(TimingSpan, (TimingSpan.step == step) & (TimingSpan.day == day), fresh)
