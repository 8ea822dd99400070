"""A database of an earlier release, with rows in every table, on SQLite and PostgreSQL.

The dumps were taken (`sqlite3.Connection.iterdump`, `pg_dump --inserts`) at form 0006, before mailboxes got
one key, API keys and their calls, and edited messages.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask

from echo import extensions, instance_lock
from echo.cli import migrating
from echo.errors import ConfigurationError
from echo.extensions import db, is_compared
from echo.flask_config import flask_config
from echo.models import Message, User
from echo.services.accounts import accounts
from tests.conftest import PASSWORD, settings_for
from tests.live.server import LiveServer, wait_until

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
OLD = "0006"
HOLDS = {"alembic_version": None, "users": {"email_key"}}
"""What the migrations may change: the form's number, and the key of a mailbox (0007)."""
WAITING = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = "
    "(SELECT oid FROM pg_database WHERE datname = current_database())"
)
BROKEN = '''
"""Makes a table, changes another one, writes rows, and fails.

Revision ID: 9999
Revises: {head}
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9999", "{head}", None, None


def upgrade():
    op.create_table("fresh", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("INSERT INTO fresh (id) VALUES (1)")
    op.add_column("messages", sa.Column("mood", sa.Text(), nullable=True))
    with op.batch_alter_table("feedback") as batch:
        batch.drop_column("rating")
    op.execute("DELETE FROM users")
    op.execute("{last}")
'''


def load_sqlite(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "echo.sqlite3")) as made:
        made.executescript((HERE / "release.sqlite.sql").read_text())
    return ""


def load_postgresql(url: str) -> str:
    text = (HERE / "release.postgresql.sql").read_text()
    lines = (line for line in text.splitlines() if not line.startswith("\\"))  # psql's own words
    with closing(psycopg2.connect(url)) as link, link, link.cursor() as cursor:
        cursor.execute("\n".join(lines))
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """The bare application on a database of the earlier release."""
    if request.param == "sqlite":
        url = load_sqlite(tmp_path)
    else:
        url = load_postgresql(request.getfixturevalue("postgres_url"))
    settings = settings_for(tmp_path, database_url=url)
    app = Flask("upgraded", root_path=str(ROOT / "echo"))
    app.config.from_mapping(flask_config(settings))
    app.extensions["settings"] = settings
    extensions.init_app(app)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def contents() -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, as the database has it."""
    tables = sqlalchemy.MetaData()
    tables.reflect(db.engine)
    with db.engine.connect() as link:
        return {
            name: sorted((dict(row._mapping) for row in link.execute(table.select())), key=repr)
            for name, table in tables.tables.items()
        }


def form() -> list[str]:
    """Tables, columns and indexes, in words."""
    look = sqlalchemy.inspect(db.engine)
    return sorted(
        f"{table}: {sorted(str(one) for one in look.get_columns(table))} {look.get_indexes(table)} "
        f"{look.get_foreign_keys(table)}"
        for table in look.get_table_names()
    )


def test_the_dump_is_old_and_holds_rows_of_every_table(app: Flask) -> None:
    held = contents()
    assert held["alembic_version"] == [{"version_num": OLD}]
    assert [name for name, rows in held.items() if not rows] == []
    assert "api_keys" not in held


def test_a_database_of_the_last_release_keeps_its_rows(app: Flask) -> None:
    before = contents()
    db.session.remove()
    migrating.upgrade()
    after = contents()
    for name, rows in before.items():
        changed = HOLDS.get(name, set())
        if changed is None:
            continue
        kept = [{key: row[key] for key in rows[0]} for row in after[name]]
        for row in (*rows, *kept):
            for key in changed:
                row.pop(key)
        assert sorted(kept, key=repr) == sorted(rows, key=repr), name
    with db.engine.connect() as connection:
        opts = {"compare_type": True, "include_object": is_compared}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, db.metadata) == []


def test_what_was_upgraded_can_be_used(app: Flask) -> None:
    migrating.upgrade()
    assert accounts.find("joerg@xn--mller-kva.de") == accounts.find("joerg@müller.de")
    reply = db.session.scalars(
        sqlalchemy.select(Message).where(Message.role == "assistant")
    ).first()
    assert reply is not None
    assert (reply.edited_at, reply.original_text) == (None, None)
    newest = db.session.scalar(sqlalchemy.select(sqlalchemy.func.max(User.id)))
    assert newest is not None
    assert accounts.sign_up("newcomer", "new@example.org", PASSWORD).id > newest


def test_a_failed_migration_says_its_name_and_changes_nothing(app: Flask, tmp_path: Path) -> None:
    before = contents(), form()
    broken = add_migration(app, tmp_path / "migrations", "INSERT INTO nowhere VALUES (1)")
    refuse(before, "9999_broken failed: .*nowhere")
    broken.unlink()
    migrating.upgrade()  # with the mended version it goes on
    assert "api_keys" in contents()


def test_rows_that_would_refer_to_nothing_are_refused(app: Flask, tmp_path: Path) -> None:
    """SQLite looks at them in the end alone; PostgreSQL at once, and here it takes them along."""
    before = contents(), form()
    add_migration(app, tmp_path / "migrations", "SELECT 1")
    if db.engine.dialect.name == "sqlite":
        refuse(before, "would leave a row")
    else:
        migrating.upgrade()
        assert contents()["messages"] == []


def refuse(before: tuple[dict[str, Any], list[str]], why: str) -> None:
    """Upgrade, see it refused, and nothing changed."""
    with pytest.raises(ConfigurationError, match=why) as failed:
        migrating.upgrade()
    assert "Nothing was changed" in failed.value.text
    db.session.remove()
    db.engine.dispose()
    assert (contents(), form()) == before


def test_another_process_of_the_folder_is_waited_for(tmp_path: Path) -> None:
    """By the command that goes straight to the migrations, too."""
    load_sqlite(tmp_path)
    server = LiveServer(tmp_path, ECHO_INSTANCE=str(tmp_path))
    with ThreadPoolExecutor(1) as pool:
        with instance_lock.migrating(tmp_path):
            done = pool.submit(server.command, "db", "upgrade")
            lock = os.stat(tmp_path / instance_lock.MIGRATING).st_ino
            wait_until(lambda: done.done() or is_waited_for(lock), "the command waits for the lock")
            assert not done.done(), done.result()
            assert sqlite_form(tmp_path) == OLD
        assert done.result().returncode == 0, done.result().stderr
    assert sqlite_form(tmp_path) > OLD


def is_waited_for(inode: int) -> bool:
    """Tell whether some process waits for the lock of this file (an arrow in Linux' list of locks)."""
    lines = Path("/proc/locks").read_text().splitlines()
    return any("->" in line and f":{inode} " in line for line in lines)


def sqlite_form(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "echo.sqlite3")) as link:
        return str(link.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def test_another_machine_is_waited_for(postgres_url: str, tmp_path: Path) -> None:
    """It has an instance folder of its own: what keeps it waiting is the lock in PostgreSQL."""
    load_postgresql(postgres_url)
    server = LiveServer(tmp_path, DATABASE_URL=postgres_url)
    with (
        ThreadPoolExecutor(1) as pool,
        closing(psycopg2.connect(postgres_url)) as other,
        closing(psycopg2.connect(postgres_url)) as looking,
    ):
        looking.autocommit = True

        def asked(query: str) -> Any:
            with looking.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchone()[0]

        with other, other.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_xact_lock({migrating.LOCK})")
            done = pool.submit(server.command, "db", "upgrade")
            wait_until(lambda: done.done() or asked(WAITING), "the command waits for the lock")
            assert not done.done(), done.result()
            assert asked("SELECT version_num FROM alembic_version") == OLD
        assert done.result().returncode == 0, done.result().stderr
        assert asked("SELECT version_num FROM alembic_version") > OLD


def test_a_database_of_a_newer_echo_is_left_alone(app: Flask) -> None:
    with db.engine.begin() as link:
        link.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = '9998'"))
    before = contents()
    with pytest.raises(ConfigurationError, match="9998"):
        migrating.upgrade()
    assert contents() == before


def add_migration(app: Flask, folder: Path, last: str) -> Path:
    """Let the application have one more migration than this release; return its file."""
    shutil.copytree(ROOT / "migrations", folder, ignore=shutil.ignore_patterns("__pycache__"))
    head = max(path.name.partition("_")[0] for path in (folder / "versions").glob("0*.py"))
    broken = folder / "versions" / "9999_broken.py"
    broken.write_text(BROKEN.format(head=head, last=last))
    app.extensions["migrate"].migrate.directory = str(folder)
    return broken
