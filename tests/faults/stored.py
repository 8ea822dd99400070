"""What the server's database holds, read and disturbed from outside, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, NullPool, create_engine, event, text
from sqlalchemy.exc import OperationalError

from tests.live.server import LiveServer

ROWS = """
    SELECT m.id, m.role, m.text, m.status, m.parent_id, m.conversation_id
    FROM messages m JOIN users u ON u.id = m.user_id WHERE u.username = :name
"""
PERSON = """
    SELECT u.id, u.active, u.email, r.name AS role FROM users u JOIN roles r ON r.id = u.role_id
    WHERE u.username = :name
"""


class Stored:
    """The database of one server."""

    def __init__(self, server: LiveServer) -> None:
        sqlite = f"sqlite:///{server.folder / 'instance' / 'echo.sqlite3'}"
        url = server.environment.get("DATABASE_URL", "") or sqlite
        self.is_sqlite = url == sqlite
        url = url.replace("postgresql:", "postgresql+psycopg2:")
        self._engine = create_engine(url, poolclass=NullPool)
        if self.is_sqlite:
            event.listen(self._engine, "connect", _be_patient)

    def messages_of(self, name: str) -> list[dict[str, Any]]:
        """Return a person's messages, whether or not their chats are deleted."""
        with self._engine.connect() as database:
            return [dict(row._mapping) for row in database.execute(text(ROWS), {"name": name})]

    def person(self, name: str) -> dict[str, Any]:
        with self._engine.connect() as database:
            found = database.execute(text(PERSON), {"name": name})
            return dict(found.one()._mapping)

    def change_every_text_of(self, name: str) -> int:
        """Add a letter to each of a person's messages; return how many there were."""
        with self._engine.begin() as database:
            changed = database.execute(
                text(
                    "UPDATE messages SET text = text || '!' WHERE user_id = "
                    "(SELECT id FROM users WHERE username = :name)"
                ),
                {"name": name},
            )
            return changed.rowcount

    def lock(self, seconds: float) -> None:
        """Let nobody else write for so long."""
        with self._writing() as database:
            database.execute(text("SELECT 1"))
            time.sleep(seconds)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._engine.connect() as database:
            if self.is_sqlite:
                database.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                self._lock_tables(database)
            yield database
            database.rollback()

    @staticmethod
    def _lock_tables(database: Connection) -> None:
        """Lock both, anew where PostgreSQL ends a deadlock with the server's own reading by ending this."""
        while True:
            try:
                database.exec_driver_sql(
                    "LOCK TABLE messages, conversations IN ACCESS EXCLUSIVE MODE"
                )
            except OperationalError as deadlock:
                if "deadlock" not in str(deadlock):
                    raise
                database.rollback()
            else:
                return


def _be_patient(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where they are begun
    connection.execute("PRAGMA busy_timeout=30000")
