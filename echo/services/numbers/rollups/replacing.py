"""Making the rows of a part of a table equal to given ones: only what differs is written.

It knows no table. Reading takes no lock, and a transaction writes so few rows that on SQLite other
writers hardly wait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from echo import hub
from echo.extensions import Base, db
from echo.services.storage import in_parts, transaction

Key = tuple[Any, ...]
Rows = dict[Key, Key]  # primary key: the other columns, both in the table's order

ROWS_PER_WRITE: Final = 1000


def insert_into(table: type[Base]) -> Any:
    """Return the database's own INSERT, which knows ON CONFLICT; SQLAlchemy has none for both."""
    if db.session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def replace(
    table: type[Base],
    part: ColumnElement[bool],
    fresh: Rows,
    also: Callable[[list[Key]], None] | None = None,
) -> int:
    """Make the rows of which `part` is true equal to `fresh`; returns how many differed.

    `also` is called with the keys written, inside each transaction.
    """
    stored = _stored(table, part)
    gone = [key for key in stored if key not in fresh]
    changed = [key for key, values in fresh.items() if stored.get(key) != values]

    def write(keys: list[Key], put: bool) -> None:
        _put(table, {key: fresh[key] for key in keys}) if put else _remove(table, keys)
        if also is not None:
            also(keys)

    for keys, put in ((gone, False), (changed, True)):
        for some in in_parts(keys, ROWS_PER_WRITE):
            transaction(lambda some=some, put=put: write(some, put))  # type: ignore[misc]
    pause()
    return len(gone) + len(changed)


def pause() -> None:
    """Give the connection back and let others work."""
    db.session.commit()
    hub.sleep()


def _primary_key(table: type[Base]) -> list[Any]:
    return [column for column in table.__table__.columns if column.primary_key]


def _stored(table: type[Base], part: ColumnElement[bool]) -> Rows:
    columns = table.__table__.columns
    keys = len(_primary_key(table))  # they are declared first
    rows = db.session.execute(select(*columns).where(part))
    return {tuple(row[:keys]): tuple(row[keys:]) for row in rows}


def _put(table: type[Base], rows: Rows) -> None:
    names = list(table.__table__.columns.keys())
    keys = len(_primary_key(table))
    statement = insert_into(table)
    statement = statement.on_conflict_do_update(
        index_elements=names[:keys],
        set_={name: statement.excluded[name] for name in names[keys:]},
    )
    values = [dict(zip(names, key + rest, strict=True)) for key, rest in rows.items()]
    db.session.connection().execute(statement, values)


def _remove(table: type[Base], keys: list[Key]) -> None:
    primary = _primary_key(table)
    statement = delete(table).where(
        *[column == bindparam(f"key_{column.name}") for column in primary]
    )
    names = [f"key_{column.name}" for column in primary]
    db.session.connection().execute(statement, [dict(zip(names, key, strict=True)) for key in keys])
