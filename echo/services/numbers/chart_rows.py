"""Rows for charts, read from the rollups: each function one query over an index. Knows no chart.

Every function takes the first and the last day, both included, and the zone whose days are meant, and
returns plain tuples in order. Days of `active`, `cohorts`, `timing` and `top_users` are UTC days
whatever the zone, since people are counted once a day and not once a half hour. Figures are as old as
the last refresh, a minute while Echo serves.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from echo.clock import midnight
from echo.extensions import db
from echo.models import (
    ActiveDay,
    ActivitySlot,
    CohortWeek,
    Conversation,
    ErrorSlot,
    FeedbackSlot,
    GuardDecision,
    ReplySlot,
    TimingSpan,
)
from echo.services.numbers import contributors, feature_rows, slots
from echo.services.numbers.slots import LocalDays

Column = Any  # a mapped column; its exact type does not matter here

ENDINGS: Final = ("complete", "length", "stopped", "interrupted", "failed")
LONGEST_BY_DAY: Final = 92  # days; longer ranges of `timing` come by week, then by month
LONGEST_BY_WEEK: Final = 732
MOST_USERS: Final = 20


def signups(first: date, last: date, zone: ZoneInfo) -> list[tuple[date, int]]:
    """Return (day, count)."""
    return _by_day(first, last, zone, ActivitySlot.slot, [], [ActivitySlot.signups])


def signups_before(first: date, zone: ZoneInfo) -> int:
    """Return how many people had signed up when the day began."""
    before = LocalDays(first, first, zone).before(ActivitySlot.slot)
    return int(db.session.scalar(select(func.sum(ActivitySlot.signups)).where(before)) or 0)


def questions(first: date, last: date, zone: ZoneInfo) -> list[tuple[date, int]]:
    """Return (day, count)."""
    return _by_day(first, last, zone, ActivitySlot.slot, [], [ActivitySlot.questions])


def hours(first: date, last: date, zone: ZoneInfo) -> list[tuple[int, int, int]]:
    """Return (weekday from Monday = 0, hour, questions) in all."""
    local = LocalDays(first, last, zone)
    half_hours = local.half_hours(ActivitySlot.slot)
    per_week = 7 * slots.PER_DAY
    hour = ((half_hours + slots.WEEKDAY_OF_EPOCH * slots.PER_DAY) % per_week // 2).label("hour")
    rows = db.session.execute(
        select(hour, func.sum(ActivitySlot.questions))
        .where(local.within(ActivitySlot.slot), ActivitySlot.questions > 0)
        .group_by("hour")
        .order_by("hour")
    )
    return [(at // 24, at % 24, int(count)) for at, count in rows]


def usage(first: date, last: date, zone: ZoneInfo) -> list[tuple[date, str, int, int, int]]:
    """Return (day, model, replies, prompt tokens, completion tokens)."""
    sums = [ReplySlot.replies, ReplySlot.prompt_tokens, ReplySlot.completion_tokens]
    return _by_day(first, last, zone, ReplySlot.slot, [ReplySlot.model], sums)


def endings(first: date, last: date, zone: ZoneInfo) -> list[tuple[date, str, int]]:
    """Return (day, ending, count); the endings are those of `ENDINGS`."""
    sums = [getattr(ReplySlot, ending) for ending in ENDINGS]
    return [
        (day, ending, count)
        for day, *counts in _by_day(first, last, zone, ReplySlot.slot, [], sums)
        for ending, count in zip(ENDINGS, counts, strict=True)
        if count
    ]


def errors(first: date, last: date, zone: ZoneInfo) -> list[tuple[date, str, int]]:
    """Return (day, code, count)."""
    return _by_day(first, last, zone, ErrorSlot.slot, [ErrorSlot.code], [ErrorSlot.count])


def thumbs(first: date, last: date, zone: ZoneInfo) -> list[tuple[date, str, int, int]]:
    """Return (day of the thumb, model that had answered, liked, disliked)."""
    sums = [ReplySlot.liked, ReplySlot.disliked]
    return _by_day(first, last, zone, ReplySlot.slot, [ReplySlot.model], sums)


def feedback(first: date, last: date, zone: ZoneInfo) -> list[tuple[date, str, int, int, int]]:
    """Return (day, category, opinions, those with stars, stars in all)."""
    sums = [FeedbackSlot.count, FeedbackSlot.rated, FeedbackSlot.rating_sum]
    return _by_day(first, last, zone, FeedbackSlot.slot, [FeedbackSlot.category], sums)


def decisions(first: date, last: date, zone: ZoneInfo) -> list[tuple[date, str, int]]:
    """Return (day, act, count) of what guardrails decided; read from their table, for they are few."""
    slot = slots.slot_of(GuardDecision.created_at).label("slot")
    found = (
        select(slot, GuardDecision.act, func.count().label("count"))
        .where(
            GuardDecision.created_at >= midnight(first, zone),
            GuardDecision.created_at < midnight(last + timedelta(days=1), zone),
        )
        .group_by("slot", GuardDecision.act)
        .subquery()
    )
    return _by_day(first, last, zone, found.c.slot, [found.c.act], [found.c.count])


def _by_day(
    first: date, last: date, zone: ZoneInfo, slot: Column, kinds: list[Column], sums: list[Column]
) -> list[Any]:
    """Return (local day, *kinds, *sums) of a table by half hour, without those whose sums are all 0."""
    local = LocalDays(first, last, zone)
    names = [kind.key for kind in kinds]
    query: Any = (
        select(local.day(slot).label("local_day"), *kinds, *[func.sum(each) for each in sums])
        .where(local.within(slot))
        .group_by("local_day", *kinds)
        .order_by("local_day", *kinds)
    )
    kept = 1 + len(names)
    return [
        (slots.date_of(row[0]), *row[1:kept], *[int(each) for each in row[kept:]])
        for row in db.session.execute(query)
        if any(row[kept:])
    ]


def active(first: date, last: date, _zone: ZoneInfo) -> list[tuple[date, int, int, int]]:
    """Return (day, people who asked on it, in the 7 days that end with it, in the 30 days)."""
    rows = db.session.execute(
        select(ActiveDay.day, ActiveDay.active_1, ActiveDay.active_7, ActiveDay.active_30)
        .where(ActiveDay.day.between(slots.day_number(first), slots.day_number(last)))
        .order_by(ActiveDay.day)
    )
    return [(slots.date_of(row[0]), row[1], row[2], row[3]) for row in rows]


def cohorts(first: date, last: date, _zone: ZoneInfo) -> list[tuple[date, int, int, int]]:
    """Return (Monday, people who signed up in that week, age in weeks, how many of them asked then).

    Weeks are those that have a day in the range; a cohort has a row for every age up to the last one.
    """
    low, high = (slots.week_of(slots.day_number(day)) for day in (first, last))
    high = min(high, _newest_week())
    active = _active_by_week(low, high)
    return [
        (slots.date_of(slots.monday(week)), size, age, active.get((week, week + age), 0))
        for week, size in _cohort_sizes(low, high)
        for age in range(high - week + 1)
    ]


def _newest_week() -> int:
    newest = db.session.scalar(select(func.max(ActiveDay.day)))
    return slots.week_of(newest) if newest is not None else -1


def _active_by_week(low: int, high: int) -> dict[tuple[int, int], int]:
    rows = db.session.execute(
        select(CohortWeek.cohort, CohortWeek.week, CohortWeek.active).where(
            CohortWeek.week.between(low, high), CohortWeek.cohort >= low
        )
    )
    return {(cohort, week): count for cohort, week, count in rows}


def _cohort_sizes(low: int, high: int) -> list[tuple[int, int]]:
    """Return (week, sign-ups) of the weeks that had any."""
    slot = ActivitySlot.slot
    week = ((slot // slots.PER_DAY + slots.WEEKDAY_OF_EPOCH) // 7).label("week")
    begin, end = (slots.monday(each) * slots.PER_DAY for each in (low, high + 1))
    rows = db.session.execute(
        select(week, func.sum(ActivitySlot.signups))
        .where(slot >= begin, slot < end, ActivitySlot.signups > 0)
        .group_by("week")
        .order_by("week")
    )
    return [(found, int(size)) for found, size in rows]


def timing(
    first: date, last: date, _zone: ZoneInfo, measure: str | None = None
) -> list[tuple[date, str, str, int, int]]:
    """Return (first day of the step, model, measure, bucket, count); of one measure, all models as "".

    The step is a day; in ranges above 92 days a whole week from Monday, above two years a whole month.
    """
    step, begin, end = _steps(first, last)
    dates = {day: slots.date_of(day) for day in range(begin, end + 1)}
    if measure is not None:
        sums = _timing_of(measure, step, begin, end)
        return [(dates[day], "", measure, bucket, int(count)) for day, bucket, count in sums]
    # past the session's own handling of rows: there are tens of thousands
    rows = db.session.connection().execute(
        select(
            TimingSpan.day,
            TimingSpan.model,
            TimingSpan.measure,
            TimingSpan.bucket,
            TimingSpan.count,
        )
        .where(TimingSpan.step == step, TimingSpan.day.between(begin, end))
        .order_by(TimingSpan.day, TimingSpan.model, TimingSpan.measure, TimingSpan.bucket)
    )
    return [(dates[day], model, name, bucket, count) for day, model, name, bucket, count in rows]


def _steps(first: date, last: date) -> tuple[str, int, int]:
    """Return by which step a range's times are kept, and the first and the last of its days."""
    days = (last - first).days + 1
    step = "day" if days <= LONGEST_BY_DAY else "week" if days <= LONGEST_BY_WEEK else "month"
    return step, slots.span_begins(slots.day_number(first))[step], slots.day_number(last)


def _timing_of(measure: str, step: str, begin: int, end: int) -> list[tuple[int, int, int]]:
    """Return (day, bucket, count) of one measure, the counts of all models added up."""
    rows = db.session.connection().execute(
        select(TimingSpan.day, TimingSpan.bucket, func.sum(TimingSpan.count))
        .where(
            TimingSpan.step == step,
            TimingSpan.day.between(begin, end),
            TimingSpan.measure == measure,
        )
        .group_by(TimingSpan.day, TimingSpan.bucket)
        .order_by(TimingSpan.day, TimingSpan.bucket)
    )
    return [(day, bucket, count) for day, bucket, count in rows]


def top_users(first: date, last: date, _zone: ZoneInfo) -> list[tuple[str, int, int, int]]:
    """Return (username, questions, characters, tokens) of the people who asked most, at most 20."""
    return contributors.top_in_range(slots.day_number(first), slots.day_number(last), MOST_USERS)


def lengths(first: date, last: date, zone: ZoneInfo) -> list[tuple[int, int]]:
    """Return (messages, conversations begun in the range that have so many)."""
    rows = db.session.execute(
        select(Conversation.message_count, func.count())
        .where(
            Conversation.created_at >= midnight(first, zone),
            Conversation.created_at < midnight(last + timedelta(days=1), zone),
            Conversation.imported_from.is_(None),
        )
        .group_by(Conversation.message_count)
        .order_by(Conversation.message_count)
    )
    return [(messages, count) for messages, count in rows]


ROWS: Final[dict[str, Callable[..., list[Any]]]] = {
    "signups": signups,
    "questions": questions,
    "hours": hours,
    "usage": usage,
    "endings": endings,
    "errors": errors,
    "thumbs": thumbs,
    "feedback": feedback,
    "active": active,
    "cohorts": cohorts,
    "timing": timing,
    "top_users": top_users,
    "lengths": lengths,
    "decisions": decisions,
    "features": feature_rows.features,
}
"""What reads each kind of rows, by the name under which the charts of `analytics/catalogue` ask for it."""
