"""Transactions that survive a database that is locked or away for some seconds. Knows no table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any, Final, TypeVar

from sqlalchemy import Delete, Row, Update, update
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError

from echo import hub
from echo.errors import StorageUnavailable
from echo.extensions import Base, db
from echo.languages import gettext, mark

T = TypeVar("T")

DISK_FULL: Final = mark(
    "The server's disk is full, so this could not be saved. Please tell its administrator."
)
AWAY: Final = mark(
    "The database does not answer, so this could not be saved. Please try again in a moment."
)
FAILURES: Final = (OperationalError, InterfaceError)
"""What the database raises when it is locked, gone or full."""
PATIENCE_SECONDS: Final = 10.0
RETRY_SECONDS: Final = 0.1
RACES_RETRIED: Final = 3
VALUES_IN_STATEMENT: Final = 500
BATCH_CHARS: Final = 300_000
"""Of the texts that are read before others have their turn: rows alone say little, one may have 200,000."""
FETCHED_ROWS, FETCHED_IF_SHORT = 20, 80
"""By their keys at once: after some that were short, more."""


def transaction(work: Callable[[], T], patience: float = PATIENCE_SECONDS) -> T:
    """Run `work` and commit, again when the database was locked or away, or another writer won a race.

    `work` must be repeatable and must not wait for anything but the database: on SQLite a green thread
    that yields inside a write transaction blocks every other writer.

    Raises:
        StorageUnavailable: the database stayed away for `patience` seconds, or its disk is full.
        IntegrityError: a unique key was violated again and again: the caller knows what that means.
    """
    deadline = time.monotonic() + patience
    races = 0
    while True:
        try:
            result = work()
            db.session.commit()
            return result
        except IntegrityError:
            db.session.rollback()
            races += 1
            if races >= RACES_RETRIED:
                raise
        except (OperationalError, DBAPIError) as failure:
            forget_broken_session()
            if not _is_passing(failure) or time.monotonic() > deadline:
                raise unavailable(failure) from failure
            hub.sleep(RETRY_SECONDS)
        except BaseException:
            db.session.rollback()
            raise


def execute(statement: Update | Delete) -> int:
    """Run one statement in a transaction of its own; return how many rows it changed."""

    def work() -> int:
        return int(db.session.execute(statement).rowcount)  # type: ignore[attr-defined]

    return transaction(work)


def is_held(table: Any, row_id: str) -> bool:
    """Keep a row from being deleted before this transaction ends; False where it is deleted already.

    By a write, which changes nothing: for reading SQLite keeps nobody out.
    """
    there = (table.id == row_id) & table.deleted_at.is_(None)
    held = update(table).where(there).values(deleted_at=None)
    result: Any = db.session.execute(held.execution_options(synchronize_session=False))
    return bool(result.rowcount)


def assign(row: object, **values: Any) -> None:
    """Give a row other values, in a transaction of its own."""

    def work() -> None:
        for name, value in values.items():
            setattr(row, name, value)

    transaction(work)


@contextmanager
def undone_on_failure(undo: Callable[[], object]) -> Iterator[None]:
    """Call `undo` when the block fails, by whatever: for what was committed before it."""
    try:
        yield
    except BaseException:
        undo()
        raise


def in_batches(query: Any, size: int) -> Iterator[list[Any]]:
    """Yield a query's rows some at a time, in the order of its first column, which must be unique.

    At most `size` of them at once, fewer where their texts are long. The database's connection goes back
    before each batch is used: others may take their time with it.
    """
    key = query.selected_columns[0]
    following, more = query, True
    while more:
        rows, more = first_rows(following.order_by(key), size)
        db.session.commit()  # nothing was written
        if rows:
            yield rows
            following = query.where(key > rows[-1][0])


def first_rows(
    query: Any, most: int, chars: float = BATCH_CHARS, key: int = 0
) -> tuple[list[Any], bool]:
    """Return a query's first rows, at most `most`, until their texts are long; and whether there are more.

    The row that makes them `chars` long is the last: one alone always comes. Which they are is looked up
    first, by the unique column at the place `key`: a database that sorts whole rows reads all of them.
    """
    column = query.selected_columns[key]
    ordered = query.with_only_columns(column, maintain_column_froms=True).limit(most + 1)
    keys = db.session.scalars(ordered).all()
    rows: list[Any] = []
    for row in chain.from_iterable(rows_of(query, keys[:most], key)):
        rows.append(row)
        chars -= chars_of(row)
        if chars <= 0:
            break
    return rows, len(rows) < len(keys)


def rows_of(query: Any, keys: Sequence[Any], key: int = 0) -> Iterator[list[Any]]:
    """Yield the rows with these keys in their order, some at a time: each may be very long."""
    places = {each: place for place, each in enumerate(keys)}
    column, start, size = query.selected_columns[key], 0, FETCHED_ROWS
    while some := keys[start : start + size]:
        rows = db.session.execute(query.where(column.in_(some))).all()
        start += size
        are_short = chars_of(rows) < BATCH_CHARS // 10
        size = min(2 * size, FETCHED_IF_SHORT) if are_short else FETCHED_ROWS
        yield sorted(rows, key=lambda row: places[row[key]])


def giving_way(parts: Iterable[T]) -> Iterator[T]:
    """Let others have their turn, and the database's connection, after each part of what is read."""
    for part in parts:
        yield part
        db.session.commit()  # nothing was written
        hub.sleep()


def chars_of(value: Any) -> int:
    """Return how long all texts of a row are, in its columns and in those that a mapped object has loaded."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, Base):
        return sum(chars_of(vars(value).get(each.key)) for each in value.__mapper__.column_attrs)
    if isinstance(value, dict):
        return sum(map(chars_of, value.values()))
    return sum(map(chars_of, value)) if isinstance(value, Row | list | tuple) else 0


def in_parts(values: Sequence[T], size: int = VALUES_IN_STATEMENT) -> Iterator[Sequence[T]]:
    """Yield values some at a time, as many as go into one statement, fewer where their texts are long."""
    first = chars = 0
    for at, value in enumerate(values):
        if at - first == size or chars >= BATCH_CHARS:
            yield values[first:at]
            first, chars = at, 0
        chars += chars_of(value)
    if first < len(values):
        yield values[first:]


def unavailable(failure: DBAPIError) -> StorageUnavailable:
    """Return what people are told of a failure of the database."""
    return StorageUnavailable(_explain(failure), retry_after=5)


def forget_broken_session() -> None:
    """Roll back; a connection that is already gone cannot be, and is dropped instead."""
    try:
        db.session.rollback()
    except DBAPIError:
        db.session().invalidate()


def _is_passing(failure: DBAPIError) -> bool:
    """Tell whether waiting may help: a lock, a lost connection, a server that restarts."""
    text = str(failure.orig).lower()
    words = ("locked", "busy", "connect", "terminat", "closed", "starting up", "shutting down")
    return failure.connection_invalidated or any(word in text for word in words)


def _explain(failure: DBAPIError) -> str:
    text = str(failure.orig).lower()
    if "full" in text or "no space" in text:
        return gettext(DISK_FULL)
    return gettext(AWAY)
