"""Bringing the database to this version's form: all of it or nothing, one process of this folder at a time.

Knows no tables.
"""

from __future__ import annotations

import sqlite3
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.util import CommandError
from flask import current_app
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError

from echo import instance_lock
from echo.config import Settings
from echo.errors import ConfigurationError

VERSIONS: Final = "versions"
"""The folder of the migrations."""
LOCK: Final = 0x6563686F
"""Any number that is Echo's alone: “echo”."""


def upgrade() -> None:
    """Bring the application's database to the newest form; wait while another process does.

    Raises:
        ConfigurationError: a migration failed, and nothing was changed; the database cannot be reached, or
            was made by a newer Echo.
    """
    scripts = current_app.extensions["migrate"].migrate.get_config()
    try:
        command.upgrade(scripts, "head")
    except CommandError as failure:
        raise ConfigurationError(
            f"The database has a form that this Echo does not know: {failure}. Was it made by a newer "
            "one? Update Echo, or put an older backup back (docs/backup.md)."
        ) from failure
    except (DBAPIError, sqlite3.Error) as failure:  # the second while a connection is prepared
        raise ConfigurationError(
            f"The database cannot be used: {_reason(failure)}. “python run.py doctor” says what helps."
        ) from failure


@contextmanager
def alone() -> Iterator[None]:
    """Be the only process of this folder that changes the database's form; wait for the others."""
    with instance_lock.migrating(Settings.here().instance):
        yield


@contextmanager
def named() -> Iterator[None]:
    """Say which migration it was that failed; to be entered inside of the transaction.

    Raises:
        ConfigurationError: with the name and the reason.
    """
    try:
        yield
    except Exception as failure:
        files = [Path(frame.filename) for frame in traceback.extract_tb(failure.__traceback__)]
        name = next((file.stem for file in reversed(files) if file.parent.name == VERSIONS), None)
        if name is None:
            raise
        raise ConfigurationError(
            f"The migration {name} failed: {_reason(failure)}. Nothing was changed: the former version of "
            "Echo goes on with this database."
        ) from failure


def _reason(failure: Exception) -> str:
    """Return a failure's own words, without statement and advertisement."""
    return str(getattr(failure, "orig", failure)).strip().removesuffix(".")


@contextmanager
def whole(connection: Connection) -> Iterator[None]:
    """Let changes of tables on this connection be undone with the rest of their transaction.

    PostgreSQL does so by itself. For SQLite Python begins no transaction before such a change; and foreign
    keys are looked at in the end alone: a table that is made anew would take with it whatever refers to it
    (https://www.sqlite.org/lang_altertable.html, "Making Other Kinds Of Table Schema Changes").
    """
    if connection.dialect.name == "sqlite":
        raw = connection.connection.driver_connection
        connection.detach()  # nobody else shall have it afterwards
        raw.isolation_level = None  # type: ignore[union-attr]
        raw.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
        event.listen(connection, "begin", lambda link: link.exec_driver_sql("BEGIN"))
    yield


def wait_for_others(connection: Connection) -> None:
    """Be the only one who changes this PostgreSQL's tables until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")


def refuse_loose_ends(connection: Connection) -> None:
    """Raise ConfigurationError where a row of SQLite's refers to one that is not there."""
    if connection.dialect.name != "sqlite":
        return
    loose = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if loose is not None:
        raise ConfigurationError(
            f"The migrations would leave a row in {loose[0]} that refers to nothing in {loose[2]}. Nothing "
            "was changed."
        )
