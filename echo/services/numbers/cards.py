"""The dashboard's cards out of the rollups: a value, the one before, and each day's. Knows no page."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Any, Final, NamedTuple

from sqlalchemy import func, select

from analytics import buckets
from analytics.cards import Card
from echo.clock import midnight, utc_now
from echo.extensions import cache, db
from echo.languages import mark
from echo.models import ActiveDay, ActivitySlot, Message, ReplySlot, TimingSpan
from echo.services.numbers import slots

KEPT_SECONDS: Final = 10
USUAL_DAYS: Final = 30


KINDS: Final = {
    each.key: each
    for each in (
        Card(mark("People"), None, note=mark("accounts in all"), rise="good", key="users"),
        Card(
            mark("Active today"), None, None, "count", "good",
            mark("since 0:00 UTC; same hours yesterday"), "active_1",
        ),
        Card(
            mark("Active in 7 days"), None, note=mark("asked at least once"), rise="good",
            key="active_7",
        ),
        Card(
            mark("Active in 30 days"), None, note=mark("asked at least once"), rise="good",
            key="active_30",
        ),
        Card(mark("Sign-ups"), None, note=mark("new accounts"), rise="good", key="signups"),
        Card(mark("Messages"), None, note=mark("questions and replies"), rise="good", key="messages"),
        Card(mark("Tokens"), None, note=mark("read and written"), key="tokens"),
        Card(
            mark("Satisfaction"), None, None, "share", "good", mark("thumbs up of all thumbs"),
            "satisfaction",
        ),
        Card(
            mark("First token, median"), None, None, "ms", "bad",
            mark("half of the replies began sooner"), "first_token_p50",
        ),
        Card(
            mark("First token, 95th percentile"), None, None, "ms", "bad",
            mark("19 of 20 began sooner"), "first_token_p95",
        ),
        Card(mark("Errors"), None, note=mark("replies that failed"), rise="bad", key="errors"),
    )
}  # fmt: skip
"""Every card, without its numbers; its words are `mark`ed for pages, prints have them in English. `users`
and `active_…` are states, and compare with the state one period ago, but `active_1` with the day before, of
which only as many hours count as today has had; `satisfaction` is a share from 0 to 1, the others are sums
over the period."""
OF_A_WHOLE_DAY: Final = mark("on the last day, beside the day before")


class _Days(NamedTuple):
    """Two periods of equal length; the second one ends today."""

    begin: int
    middle: int
    today: int

    @property
    def all(self) -> range:
        return range(self.begin, self.today + 1)


@cache.memoize(timeout=KEPT_SECONDS)
def recent_cards(days: int = USUAL_DAYS) -> list[Card]:
    """Return the cards of the last `days` UTC days, kept for seconds.

    Values are as old as the last refresh of the rollups, a minute while Echo serves.
    """
    return all_cards(days)


def all_cards(days: int, last: date | None = None) -> list[Card]:
    """Return the cards for the `days` UTC days that end with `last`, which is today where it is None."""
    today = slots.day_number(last or utc_now())
    span = _Days(today - 2 * days + 1, today - days + 1, today)
    activity = _sums(ActivitySlot.slot, span, [ActivitySlot.signups, ActivitySlot.questions])
    replies = _sums(
        ReplySlot.slot,
        span,
        [
            ReplySlot.replies,
            ReplySlot.prompt_tokens + ReplySlot.completion_tokens,
            ReplySlot.failed,
            ReplySlot.liked,
            ReplySlot.disliked,
        ],
    )
    return [
        _users(span, activity),
        *_active(span),
        _summed("signups", span, {day: row[0] for day, row in activity.items()}),
        _summed("messages", span, _messages(span, activity, replies)),
        _summed("tokens", span, {day: row[1] for day, row in replies.items()}),
        _satisfaction(span, replies),
        *_first_token(span),
        _summed("errors", span, {day: row[2] for day, row in replies.items()}),
    ]


Sums = dict[int, tuple[int, ...]]


def _sums(slot: Any, span: _Days, columns: Sequence[Any]) -> Sums:
    """Return the sums of each UTC day on which anything happened."""
    day = (slot // slots.PER_DAY).label("utc_day")
    rows = db.session.execute(
        select(day, *[func.sum(column) for column in columns])
        .where(slot >= span.begin * slots.PER_DAY, slot < (span.today + 1) * slots.PER_DAY)
        .group_by("utc_day")
    )
    return {found: tuple(int(each) for each in sums) for found, *sums in rows}


def _users(span: _Days, activity: Sums) -> Card:
    earlier = int(
        db.session.scalar(
            select(func.sum(ActivitySlot.signups)).where(
                ActivitySlot.slot < span.begin * slots.PER_DAY
            )
        )
        or 0
    )
    joined = [activity[day][0] if day in activity else 0 for day in span.all]
    totals = list(accumulate(joined, initial=earlier))[1:]
    return _state("users", span, dict(zip(span.all, totals, strict=True)))


def _active(span: _Days) -> list[Card]:
    names = ("active_1", "active_7", "active_30")
    rows = db.session.execute(
        select(ActiveDay.day, *[getattr(ActiveDay, name) for name in names]).where(
            ActiveDay.day.between(span.begin, span.today)
        )
    )
    counts = {day: found for day, *found in rows}
    one, *more = (
        _state(name, span, {day: counts[day][at] if day in counts else 0 for day in span.all})
        for at, name in enumerate(names)
    )
    return [_beside_the_day_before(one, span, counts), *more]


def _beside_the_day_before(card: Card, span: _Days, counts: dict[int, list[int]]) -> Card:
    """Return the card of one day; a day that goes on is beside the same hours, not the whole day."""
    now = utc_now()
    if span.today == slots.day_number(now):
        return replace(card, previous=_asked_between(slots.date_of(span.today - 1), now))
    before = counts.get(span.today - 1)
    return replace(card, previous=before[0] if before else 0, note=OF_A_WHOLE_DAY)


def _asked_between(yesterday: date, now: datetime) -> int:
    """Return how many asked yesterday until this time: no rollup knows hours of people, its index does."""
    asked = select(func.count(Message.user_id.distinct())).where(
        Message.created_at >= midnight(yesterday),
        Message.created_at < now - timedelta(days=1),
        Message.role == "user",
        Message.imported.is_(False),
    )
    return db.session.scalar(asked) or 0


def _state(name: str, span: _Days, values: dict[int, int]) -> Card:
    return _card(name, span, values[span.today], values[span.middle - 1], values)


def _messages(span: _Days, activity: Sums, replies: Sums) -> dict[int, int]:
    """Return questions and replies together."""
    return {
        day: (activity[day][1] if day in activity else 0)
        + (replies[day][0] if day in replies else 0)
        for day in span.all
    }


def _summed(name: str, span: _Days, values: dict[int, int]) -> Card:
    now = sum(values.get(day, 0) for day in range(span.middle, span.today + 1))
    before = sum(values.get(day, 0) for day in range(span.begin, span.middle))
    filled = {day: values.get(day, 0) for day in span.all}
    return _card(name, span, now, before, filled)


def _card(key: str, span: _Days, now: float | None, before: float | None, each: Any) -> Card:
    """Return a card with its numbers; `each` holds those of the days that have one."""
    series = [each.get(day) for day in range(span.middle, span.today + 1)]
    return replace(KINDS[key], value=now, previous=before, series=series)


def _satisfaction(span: _Days, replies: Sums) -> Card:
    """Return the share of thumbs that went up."""

    def share(days: range) -> float | None:
        rows = [replies[day] for day in days if day in replies]
        liked, rated = sum(row[3] for row in rows), sum(row[3] + row[4] for row in rows)
        return liked / rated if rated else None

    now, before = range(span.middle, span.today + 1), range(span.begin, span.middle)
    each = {day: share(range(day, day + 1)) for day in now}
    return _card("satisfaction", span, share(now), share(before), each)


def _first_token(span: _Days) -> list[Card]:
    """Return the median and the 95th percentile of the time to the first token."""
    rows = db.session.execute(
        select(TimingSpan.day, TimingSpan.bucket, func.sum(TimingSpan.count))
        .where(
            TimingSpan.step == "day",
            TimingSpan.day.between(span.begin, span.today),
            TimingSpan.measure == "first_token_ms",
        )
        .group_by(TimingSpan.day, TimingSpan.bucket)
    )
    counts: dict[int, dict[int, int]] = defaultdict(dict)
    for day, bucket, count in rows:
        counts[day][bucket] = int(count)

    def card(name: str, share: float) -> Card:
        now, before = range(span.middle, span.today + 1), range(span.begin, span.middle)
        each = {day: _percentile([counts[day]], share) for day in now if day in counts}
        values = [
            _percentile([counts[d] for d in days if d in counts], share) for days in (now, before)
        ]
        return _card(name, span, values[0], values[1], each)

    return [card("first_token_p50", 0.5), card("first_token_p95", 0.95)]


def _percentile(histograms: Sequence[dict[int, int]], share: float) -> float | None:
    """Return the value below which `share` of all lie, within 2.5 per cent."""
    joined: dict[int, int] = defaultdict(int)
    for histogram in histograms:
        for bucket, count in histogram.items():
            joined[bucket] += count
    wanted = math.ceil(share * sum(joined.values()))
    seen = 0
    for bucket in sorted(joined):
        seen += joined[bucket]
        if seen >= wanted:
            return buckets.value_of(bucket)
    return None
