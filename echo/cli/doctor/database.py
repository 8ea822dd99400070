"""Is the database there, of a version that Echo knows, in its newest form, and can it be written?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, NullPool, create_engine, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, SQLAlchemyError

from echo.cli.doctor.finding import Finding
from echo.clock import utc_now
from echo.config import ROOT, Settings
from echo.models import Message

PART: Final = "database"
CONNECT_SECONDS: Final = 5
LEAST: Final = {"sqlite": (3, 35), "postgresql": (13,)}
NAMES: Final = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
AHEAD: Final = timedelta(minutes=1)
APART: Final = timedelta(seconds=5)
FORM: Final = "DATABASE_URL is postgresql://user:password@host/name, or left out for SQLite."
UPGRADE: Final = "Start Echo, which does that, or run: python run.py db upgrade"


def check(settings: Settings) -> Iterator[Finding]:
    """Look at the database that the settings name; one that is not there yet is not made."""
    try:
        url = make_url(settings.sqlalchemy_url)
    except ArgumentError:
        yield Finding(PART, "problem", "DATABASE_URL is no address.", FORM)
        return
    kind = url.get_backend_name()
    if kind not in LEAST:
        yield Finding(PART, "problem", f"Echo does not know {kind}.", FORM)
        return
    if kind == "sqlite" and not Path(str(url.database)).exists():
        yield Finding(PART, "ok", f"There is none yet: the first start makes {url.database}.")
        return
    engine = _engine(settings.sqlalchemy_url, kind)
    shown = url.render_as_string(hide_password=True)
    try:
        with engine.connect() as link:
            yield from _look(link, kind, shown)
    except (DBAPIError, sqlite3.Error) as failure:  # the second while a connection is prepared
        yield _unreachable(failure, shown, kind)
    finally:
        engine.dispose()


def _engine(url: str, kind: str) -> Engine:
    waits: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS} if kind == "postgresql" else {}
    return create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=waits)


def _look(link: Connection, kind: str, shown: str) -> Iterator[Finding]:
    yield _version(link, kind, shown)
    if kind == "sqlite":
        yield from _damage(link)
    yield _revision(link)
    yield _writable(link)
    yield from _clock(link, kind)


def _version(link: Connection, kind: str, shown: str) -> Finding:
    server = link.dialect.server_version_info if kind == "postgresql" else None
    version = server or sqlite3.sqlite_version_info
    said = f"{NAMES[kind]} {'.'.join(map(str, version))} answers at {shown}."
    if version >= LEAST[kind]:
        return Finding(PART, "ok", said)
    least = ".".join(map(str, LEAST[kind]))
    return Finding(PART, "problem", said, f"It is too old: Echo needs {least} or newer.")


def _damage(link: Connection) -> Iterator[Finding]:
    try:
        found = link.execute(text("PRAGMA quick_check(1)")).scalar()
    except DatabaseError as failure:
        found = str(failure.orig)
    link.rollback()
    if found != "ok":
        yield Finding(
            PART, "problem", f"The file is damaged: {found}", "Put a backup back: docs/backup.md"
        )


def _revision(link: Connection) -> Finding:
    """Compare the form of the tables with the newest one that this Echo knows."""
    scripts = ScriptDirectory(str(ROOT / "migrations"))
    newest = scripts.get_current_head()
    present = MigrationContext.configure(link).get_current_revision()
    link.rollback()
    if present == newest:
        return Finding(PART, "ok", f"Its tables have the newest form ({newest}).")
    if present is None:
        return Finding(PART, "warning", "It holds none of Echo's tables yet.", UPGRADE)
    if present not in {one.revision for one in scripts.walk_revisions()}:
        said = f"Its tables were made by a newer Echo (form {present}; this one knows {newest})."
        return Finding(PART, "problem", said, "Update Echo, or put an older backup back.")
    return Finding(PART, "warning", f"Its tables have form {present}, not {newest}.", UPGRADE)


def _writable(link: Connection) -> Finding:
    """Write something that is taken back."""
    try:
        if link.dialect.name == "sqlite":
            link.exec_driver_sql("BEGIN IMMEDIATE")  # Python begins nothing before a new table
        link.execute(text("CREATE TABLE echo_doctor (looked INTEGER)"))
    except DBAPIError as failure:
        return _unwritable(str(failure.orig).strip())
    finally:
        link.rollback()
    return Finding(PART, "ok", "It can be written.")


def _unwritable(why: str) -> Finding:
    if "locked" in why:
        said = "Another program is writing into it and keeps everybody else waiting."
        return Finding(
            PART, "warning", said, "Look again; if that stays, find and stop the program."
        )
    if "full" in why:
        return Finding(PART, "problem", f"It cannot be written: {why}", "Make room on its disk.")
    return Finding(
        PART,
        "problem",
        f"It cannot be written: {why}",
        "Give the user whom Echo runs as the right to write and to make tables there.",
    )


def _clock(link: Connection, kind: str) -> Iterator[Finding]:
    """Compare this machine's clock with the database server's, and with the newest message."""
    now = utc_now()
    try:
        if kind == "postgresql":
            theirs: datetime = link.execute(text("SELECT clock_timestamp()")).scalar_one()
            if abs(theirs - now) > APART:
                apart = abs(theirs - now).total_seconds()
                yield Finding(
                    "clock",
                    "problem",
                    f"This machine and the database server are {apart:,.0f} s apart.",
                    "Let both follow a time server (chrony, systemd-timesyncd).",
                )
        newest = link.scalar(select(func.max(Message.created_at)))
    except SQLAlchemyError:  # tables of an older form, which is told above
        return
    finally:
        link.rollback()
    if newest is not None and newest - now > AHEAD:
        yield Finding(
            "clock",
            "problem",
            f"The newest message is from {newest:%Y-%m-%d %H:%M} UTC, which is still to come.",
            "The clock was or is wrong: compare `date -u` with a time server.",
        )


def _unreachable(failure: Exception, shown: str, kind: str) -> Finding:
    why = " ".join(str(getattr(failure, "orig", failure)).split())
    if kind == "sqlite":
        if "readonly" in why:
            return _unwritable(why)
        do = "Put a backup back if it is damaged (docs/backup.md); else look at who may read the file."
        return Finding(PART, "problem", f"{shown} cannot be opened: {why}", do)
    do = "Does the server run, may this machine reach it, and are name and password in DATABASE_URL right?"
    return Finding(PART, "problem", f"{shown} does not answer: {why}", do)
