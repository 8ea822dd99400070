"""Time as whole numbers: half hours, days and weeks since 1970, and local days out of them in SQL.

It knows no table. `slot` counts half hours, `day` days and `week` weeks from Monday, all in UTC; weeks
count from Monday, 29 December 1969.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Integer, SQLColumnExpression, and_, case, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement

SECONDS: Final = 1800
PER_DAY: Final = 48
EPOCH: Final = date(1970, 1, 1).toordinal()
WEEKDAY_OF_EPOCH: Final = 3  # a Thursday, where Monday is 0
FARTHEST: Final = 28  # no zone is further from UTC than 14 hours


class slot_of(FunctionElement[int]):
    """The slot of a time column, as SQL."""

    type = Integer()
    inherit_cache = True


@compiles(slot_of, "sqlite")
def _sqlite_slot(element: slot_of, compiler: SQLCompiler, **kwargs: Any) -> str:
    """Whole seconds are cut out first: SQLite would round 23:59:59.9999 up to the next day."""
    moment = compiler.process(element.clauses, **kwargs)
    return f"(CAST(strftime('%s', substr({moment}, 1, 19)) AS INTEGER) / {SECONDS})"


@compiles(slot_of, "postgresql")
def _postgresql_slot(element: slot_of, compiler: SQLCompiler, **kwargs: Any) -> str:
    moment = compiler.process(element.clauses, **kwargs)
    return f"CAST(floor(extract(epoch FROM {moment}) / {SECONDS}) AS INTEGER)"


def day_number(moment: datetime | date) -> int:
    """Return the UTC day of an aware time, or the number of a date."""
    if isinstance(moment, datetime):
        moment = moment.astimezone(UTC).date()
    return moment.toordinal() - EPOCH


def date_of(day: int) -> date:
    return date.fromordinal(day + EPOCH)


def week_of(day: int) -> int:
    return (day + WEEKDAY_OF_EPOCH) // 7


def monday(week: int) -> int:
    """Return the day on which a week begins."""
    return week * 7 - WEEKDAY_OF_EPOCH


def month_begin(day: int) -> int:
    """Return the first day of a day's month."""
    return day_number(date_of(day).replace(day=1))


def span_begins(day: int) -> dict[str, int]:
    """Return the first day of a day's span for each step."""
    return {"day": day, "week": monday(week_of(day)), "month": month_begin(day)}


class LocalDays:
    """The days from `first` to `last` of a zone, both included, as conditions on a slot column.

    A zone whose distance from UTC is no multiple of half an hour is treated as the nearest one that is.
    """

    def __init__(self, first: date, last: date, zone: ZoneInfo) -> None:
        self._first, self._last = day_number(first), day_number(last)
        self._from = self._first * PER_DAY - FARTHEST
        self._until = (self._last + 1) * PER_DAY + FARTHEST
        self._offsets = _offsets(zone, self._from, self._until)

    def half_hours(self, slot: SQLColumnExpression[int]) -> SQLColumnExpression[int]:
        """Return half hours since 1970 by the zone's clocks."""
        offset: SQLColumnExpression[int] = _number(self._offsets[-1][1])
        if len(self._offsets) > 1:
            changes = zip(self._offsets[1:], self._offsets, strict=False)
            offset = case(
                *[(slot < _number(at), _number(before)) for (at, _), (_, before) in changes],
                else_=offset,
            )
        return slot + offset

    def day(self, slot: SQLColumnExpression[int]) -> SQLColumnExpression[int]:
        """Return the local day of a slot."""
        return self.half_hours(slot) // _number(PER_DAY)

    def within(self, slot: SQLColumnExpression[int]) -> ColumnElement[bool]:
        """Tell whether a slot is in one of the days; an index on it can be used."""
        return and_(
            slot >= self._from,
            slot < self._until,
            self.half_hours(slot) >= _number(self._first * PER_DAY),
            self.half_hours(slot) < _number((self._last + 1) * PER_DAY),
        )

    def before(self, slot: SQLColumnExpression[int]) -> ColumnElement[bool]:
        """Tell whether a slot is before the first day."""
        return and_(slot < self._until, self.half_hours(slot) < _number(self._first * PER_DAY))


def _number(value: int) -> SQLColumnExpression[int]:
    """Return a number in the SQL itself: PostgreSQL must see that two expressions are the same."""
    return literal_column(str(value), Integer)


def _offsets(zone: ZoneInfo, start: int, end: int) -> list[tuple[int, int]]:
    """Return from which slot on the zone is how many half hours ahead of UTC; the first is the start."""
    found = [(start, _offset(zone, start))]
    for slot in range(start, end + PER_DAY, PER_DAY):
        offset = _offset(zone, slot)
        if offset != found[-1][1]:
            change = bisect_left(
                range(slot - PER_DAY, slot), True, key=lambda at: _offset(zone, at) == offset
            )
            found.append((slot - PER_DAY + change, offset))
    return found


def _offset(zone: ZoneInfo, slot: int) -> int:
    offset = datetime.fromtimestamp(slot * SECONDS, zone).utcoffset() or timedelta()
    return round(offset.total_seconds() / SECONDS)
