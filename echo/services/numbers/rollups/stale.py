"""Marks on days whose sums must be made again because something old changed. Knows no sums.

Writers call these inside their own transaction, before they delete: mark and change are committed
together. Changes to rows of the present day need no mark.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, delete, literal, select, union

from echo.clock import utc_now
from echo.extensions import db
from echo.models import Feedback, Message, MessageRating, StaleDay, User
from echo.services.numbers import slots
from echo.services.numbers.rollups.replacing import insert_into


def mark_stale(*moments: datetime) -> None:
    """Mark the UTC days of these times; those of today and later are refreshed anyway."""
    today = slots.day_number(utc_now())
    days = {slots.day_number(moment) for moment in moments}
    rows = [{"day": day, "mark": 1} for day in days if day < today]
    if rows:
        db.session.connection().execute(_raised(insert_into(StaleDay)), rows)


def mark_messages(which: ColumnElement[bool]) -> None:
    """Mark the days of the messages of which `which` is true, and of their thumbs."""
    _mark_days(
        _days(Message.created_at, which),
        _days(MessageRating.created_at, which).join(
            Message, Message.id == MessageRating.message_id
        ),
    )


def mark_person(user_id: int) -> None:
    """Mark every day on which this person left a trace."""
    _mark_days(
        _days(User.created_at, User.id == user_id),
        _days(Message.created_at, Message.user_id == user_id),
        _days(MessageRating.created_at, MessageRating.user_id == user_id),
        _days(Feedback.created_at, Feedback.user_id == user_id),
    )


def _days(moment: SQLColumnExpression[datetime], which: ColumnElement[bool]) -> Select[int]:
    return select((slots.slot_of(moment) // slots.PER_DAY).label("day")).where(which)


def _mark_days(*queries: Select[int]) -> None:
    """Mark the days of all queries by one statement."""
    days = union(*queries).subquery()
    today = slots.day_number(utc_now())
    source = select(days.c.day, literal(1)).where(days.c.day < today)
    db.session.execute(_raised(insert_into(StaleDay).from_select(["day", "mark"], source)))


def _raised(statement: Any) -> Any:
    """Let a day that is marked already get a higher mark."""
    return statement.on_conflict_do_update(index_elements=["day"], set_={"mark": StaleDay.mark + 1})


def marks() -> dict[int, int]:
    """Return the marked days with their marks."""
    rows = db.session.execute(select(StaleDay.day, StaleDay.mark))
    return {day: mark for day, mark in rows}  # noqa: C416 (mypy sees no pairs in rows)


def unmark(seen: dict[int, int]) -> None:
    """Take off the marks that were seen; a day that has been marked again meanwhile keeps its own."""
    for day, mark in seen.items():
        db.session.execute(delete(StaleDay).where(StaleDay.day == day, StaleDay.mark == mark))
