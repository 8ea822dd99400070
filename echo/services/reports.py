"""Numbers for administrators: SQL sums over indexed columns as plain tuples. Knows no charts."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute

from echo.clock import utc_now
from echo.extensions import cache, db
from echo.models import Conversation, Feedback, Message, MessageRating, Role, RoleName, User
from echo.services.cards import Card, all_cards

TOTALS_SECONDS: Final = 10
RATED_DAYS: Final = 30


class Totals(NamedTuple):
    """The dashboard's numbers; `liked` and `rated` count the thumbs of the last 30 days."""

    users: int
    active_today: int
    admins: int
    conversations: int
    messages_today: int
    feedback: int
    liked: int
    rated: int


@cache.cached(timeout=TOTALS_SECONDS, key_prefix="reports_totals")
def totals() -> Totals:
    """Return the present numbers; they are at most ten seconds old. Days are UTC days."""
    today = midnight(utc_now().date())
    liked, rated = _thumbs(today - timedelta(days=RATED_DAYS))
    return Totals(
        users=_count(select(func.count()).select_from(User)),
        active_today=_count(select(func.count()).where(User.last_seen_at >= today)),
        admins=_count(_admins()),
        conversations=_count(select(func.count()).where(Conversation.deleted_at.is_(None))),
        messages_today=_count(select(func.count()).where(Message.created_at >= today)),
        feedback=_count(select(func.count()).select_from(Feedback)),
        liked=liked,
        rated=rated,
    )


@cache.memoize(timeout=TOTALS_SECONDS)
def cards(days: int = RATED_DAYS) -> list[Card]:
    """Return each card: its value in the last `days` UTC days, that of the `days` before, and each day's.

    Values are as old as the last refresh of the rollups, a minute while Echo serves.
    """
    return all_cards(days)


def _count(query: Select[int]) -> int:
    return db.session.scalar(query) or 0


def _admins() -> Select[int]:
    roles = (RoleName.ADMIN, RoleName.SUPER_ADMIN)
    return (
        select(func.count()).select_from(User).join(Role).where(Role.name.in_(roles), User.active)
    )


def _thumbs(since: datetime) -> tuple[int, int]:
    """Return how many thumbs went up since then, and how many there were in all."""
    rows = db.session.execute(
        select(MessageRating.rating, func.count())
        .where(MessageRating.created_at >= since)
        .group_by(MessageRating.rating)
    )
    counts = {rating: count for rating, count in rows}  # noqa: C416 (mypy sees no pairs in rows)
    return counts.get(1, 0), sum(counts.values())


def midnight(day: date) -> datetime:
    """Return the moment at which a UTC day begins."""
    return datetime.combine(day, time(), UTC)


def signups_by_day(first: date, last: date) -> list[tuple[date, int]]:
    """Return the number of sign-ups of each UTC day from `first` to `last` that had any."""
    day = _utc_day(User.created_at)
    rows = db.session.execute(
        select(day, func.count())
        .where(
            User.created_at >= midnight(first), User.created_at < midnight(last + timedelta(days=1))
        )
        .group_by(day)
        .order_by(day)
    )
    return [(date.fromisoformat(str(found)), count) for found, count in rows]


def _utc_day(moment: InstrumentedAttribute[datetime]) -> ColumnElement[Any]:
    """Return the UTC day of a time; SQLite stores times in UTC, PostgreSQL shows its own zone's."""
    if db.session.get_bind().dialect.name == "postgresql":
        return func.date(func.timezone("UTC", moment))
    return func.date(moment)


def users_before(day: date) -> int:
    """Return how many people had signed up before a UTC day began."""
    return _count(select(func.count()).where(User.created_at < midnight(day)))
