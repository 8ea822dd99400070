"""Writing rows by the hundred thousand: past SQLAlchemy's rows, as the database takes them fastest.

It knows no table; values are texts and numbers as the database keeps them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Self

from echo.extensions import Base, db

Row = tuple[Any, ...]

CACHE_KB: Final = 256 * 1024  # indexes with random keys are slow once they outgrow the cache
ROWS_PER_STATEMENT: Final = 1000


class Writer:
    """One connection of its own, set up for much writing, while it is open."""

    def __enter__(self) -> Self:
        self._connection = db.engine.connect()
        self._postgresql = db.engine.dialect.name == "postgresql"
        if self._postgresql:
            self._run("SET TIME ZONE 'UTC'")  # our times bear no zone
        else:
            self._run(f"PRAGMA cache_size=-{CACHE_KB}")
        self.commit()
        return self

    def __exit__(self, failure: type[BaseException] | None, *_rest: object) -> None:
        """Let the database look at what it has got now, unless it failed."""
        if failure is None:
            self._run("ANALYZE")
            self.commit()
        self._connection.invalidate()  # no other user gets it as it is set up
        self._connection.close()

    def commit(self) -> None:
        self._connection.commit()

    def write(self, table: type[Base], columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Add rows whose values come in the order of `columns`; the caller commits."""
        statement = f"INSERT INTO {table.__tablename__} ({', '.join(columns)}) VALUES"
        if not rows:
            return
        if self._postgresql:
            self._run_values(f"{statement} %s", rows)
        else:
            self._run(f"{statement} ({', '.join('?' * len(columns))})", list(rows))

    def set_times(self, table: type[Base], column: str, rows: Sequence[Row]) -> None:
        """Set a time of many rows, given as (time, id); the caller commits."""
        name = table.__tablename__
        if self._postgresql:
            self._run_values(
                f"UPDATE {name} SET {column} = v.at::timestamptz"
                f" FROM (VALUES %s) AS v (at, id) WHERE {name}.id = v.id",
                rows,
            )
        else:
            self._run(f"UPDATE {name} SET {column} = ? WHERE id = ?", list(rows))

    def go_on_counting(self, table: type[Base], last_id: int) -> None:
        """Let PostgreSQL's own counter go on after ids that were given."""
        if self._postgresql:
            self._run(f"SELECT setval('{table.__tablename__}_id_seq', {last_id})")

    def _run(self, statement: str, values: list[Row] | None = None) -> None:
        self._connection.exec_driver_sql(statement, values)

    def _run_values(self, statement: str, rows: Sequence[Row]) -> None:
        """Send many rows with each statement; COPY is refused where the driver waits greenly."""
        from psycopg2.extras import execute_values  # type: ignore[import-untyped]

        cursor: Any = self._connection.connection.cursor()
        execute_values(cursor, statement, rows, page_size=ROWS_PER_STATEMENT)
        cursor.close()
