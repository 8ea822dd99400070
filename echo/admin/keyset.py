"""Pages of a table by the key of a row instead of a number: the last page costs what the first does.

A cursor is the sort key of the row beside which a page begins. It comes from the address, so it is
checked like everything from there. This module knows no one table.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Query

from echo.services.storage import chars_of, first_rows
from echo.text import storable

CURSOR_CHARS: Final = 900
INT_MAX: Final = 2**63 - 1
Cursor = tuple[Any, ...]
Column = InstrumentedAttribute[Any]


@dataclass(frozen=True)
class Order:
    """The columns of a sort; the last one is unique. Only the first may be empty: such rows come last."""

    columns: tuple[Column, ...]
    descending: bool

    @property
    def has_empty(self) -> bool:
        return bool(self.columns[0].property.columns[0].nullable)

    def key(self, row: Any) -> Cursor:
        """Return the cursor of a row."""
        return tuple(getattr(row, column.key) for column in self.columns)


@dataclass(frozen=True)
class Page:
    """Some rows, and whether there are others on each side of them."""

    rows: list[Any]
    has_before: bool
    has_after: bool


def read(
    query: Query[Any],
    order: Order,
    size: int,
    *,
    after: Cursor | None = None,
    before: Cursor | None = None,
    chars: float = math.inf,
) -> Page:
    """Return `size` rows after or before a cursor, without one the first rows; fewer where they are long."""
    forward = before is None
    cursor = after if forward else before
    rows: list[Any] = []
    more = False
    for part in _parts(query, order, cursor, forward):
        table: Any = part.column_descriptions[0]["entity"]
        wanted = part.with_entities(order.columns[-1], table)
        found, more = first_rows(wanted.statement, size - len(rows), chars - chars_of(rows))
        rows += [row for _key, row in found]
        if more:
            break
    if forward:
        return Page(rows, cursor is not None, more)
    return Page(rows[::-1], more, True)


def _parts(
    query: Query[Any], order: Order, cursor: Cursor | None, forward: bool
) -> Iterator[Query[Any]]:
    """Yield the rows with a value and those without as queries of their own: an index serves each."""
    kinds = [False, True] if order.has_empty else [False]
    for empty in kinds if forward else kinds[::-1]:
        if cursor is None:
            yield _part(query, order, empty, None, forward)
        elif empty is (cursor[0] is None):
            yield _part(query, order, empty, cursor, forward)
            cursor = None  # what follows is read from its beginning


def _part(
    query: Query[Any], order: Order, empty: bool, cursor: Cursor | None, forward: bool
) -> Query[Any]:
    first, columns = order.columns[0], order.columns[1:] if empty else order.columns
    if order.has_empty:
        query = query.filter(first.is_(None) if empty else first.is_not(None))
    down = order.descending is forward
    if cursor is not None:
        query = query.filter(_beyond(columns, cursor[1:] if empty else cursor, down))
    return query.order_by(*(column.desc() if down else column.asc() for column in columns))


def _beyond(columns: Sequence[Column], values: Sequence[Any], down: bool) -> Any:
    bound = [
        literal(value, type_=column.type) for column, value in zip(columns, values, strict=True)
    ]
    here: Any = columns[0] if len(columns) == 1 else tuple_(*columns)
    there: Any = bound[0] if len(columns) == 1 else tuple_(*bound)
    return here < there if down else here > there


def encode_cursor(cursor: Cursor) -> str:
    """Return a cursor for the address."""
    values = [
        value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for value in cursor
    ]
    text = json.dumps(values, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(text: str, order: Order) -> Cursor:
    """Return the cursor that an address names; raises ValueError for one that this sort cannot have."""
    if len(text) > CURSOR_CHARS or not text.isascii():
        raise ValueError("too long")
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, UnicodeDecodeError, RecursionError) as failure:
        raise ValueError("not written by this page") from failure
    if not isinstance(values, list) or len(values) != len(order.columns):
        raise ValueError("of another sort")
    return tuple(
        _value(value, column, order.has_empty and place == 0)
        for place, (value, column) in enumerate(zip(values, order.columns, strict=True))
    )


def _value(value: Any, column: Column, may_be_empty: bool) -> Any:
    kind = getattr(column.type, "impl_instance", column.type).python_type
    if value is None and may_be_empty:
        return None
    if kind is datetime and isinstance(value, str):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None or not 1970 <= moment.year <= 9990:
            raise ValueError("no time that was ever stored")
        return moment
    if type(value) is not kind or (kind is int and abs(value) > INT_MAX):
        raise ValueError("of another sort")
    return storable(value) if kind is str else value
