"""Which statements the database is asked, to count them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from echo.extensions import db


@contextmanager
def counted() -> Iterator[list[str]]:
    """Give the statements that are sent meanwhile, in order; within an application's context."""
    asked: list[str] = []

    def note(*statement: object) -> None:
        asked.append(str(statement[2]))

    engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)
