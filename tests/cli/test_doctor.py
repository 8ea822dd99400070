"""`python run.py doctor` on real databases, a real Redis and a real mail server, sound and broken."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from echo.cli.doctor import machine
from echo.cli.doctor.command import doctor
from echo.services.library import room
from tests.conftest import settings_for
from tests.databases import PostgresServer, RedisServer
from tests.live.ports import free_port
from tests.mail_server import MailServer

Look = Callable[..., dict[str, list[dict[str, str]]]]


@pytest.fixture
def look(tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Run the command with these variables; return what it found by part, and `status`."""
    monkeypatch.chdir(tmp_path)  # where no .env is
    for name in ("DATABASE_URL", "REDIS_URL", "MAIL_URL", "ECHO_MODEL"):
        monkeypatch.delenv(name, raising=False)
    instance = tmp_path / "instance"
    instance.mkdir()
    shutil.copy(migrated, instance / "echo.sqlite3")
    usual = {"ECHO_INSTANCE": str(instance), "ECHO_MODEL": "echo-mini", "PORT": str(free_port())}

    def run(**variables: str) -> dict[str, list[dict[str, str]]]:
        done = CliRunner().invoke(doctor, ["--json"], env={**usual, **variables})
        told: dict[str, Any] = json.loads(done.stdout)
        assert told["ok"] is (done.exit_code == 0)
        found: dict[str, list[dict[str, str]]] = {}
        for each in told["findings"]:
            found.setdefault(each["part"], []).append(each)
            assert bool(each["do"]) is (each["state"] != "ok"), each
        return found

    return run


def said(found: list[dict[str, str]], state: str = "problem") -> str:
    return " ".join(f"{each['said']} {each['do']}" for each in found if each["state"] == state)


def test_a_sound_one(look: Look) -> None:
    found = look()
    sound = {name: lines for name, lines in found.items() if name != "disk"}  # this machine's own
    wrong = [each for part in sound.values() for each in part if each["state"] == "problem"]
    assert wrong == []
    assert list(found) == [
        "settings", "folder", "disk", "clock", "database", "redis", "mail", "model", "address",
    ]  # fmt: skip
    assert "newest form" in said(found["database"], "ok")
    assert "echo-mini answers" in said(found["model"], "ok")


def test_words_and_status(look: Look, tmp_path: Path) -> None:
    environment = {"ECHO_INSTANCE": str(tmp_path / "other"), "ECHO_MODEL": "nosuch"}
    done = CliRunner().invoke(doctor, [], env=environment)
    assert done.exit_code == 1
    assert "✗ PROBLEM  model: " in done.stdout
    assert "→ python run.py models list --all" in done.stdout
    assert "There is none yet: the first start makes" in done.stdout
    assert not (tmp_path / "other" / "echo.sqlite3").exists()


def test_wrong_settings(look: Look) -> None:
    found = look(PORT="eighty", SECRET_KEY="short")
    assert list(found) == ["settings"]
    assert "PORT" in said(found["settings"])
    assert "SECRET_KEY" in said(found["settings"])


def test_a_secret_that_others_may_read(look: Look, tmp_path: Path) -> None:
    look()
    os.chmod(tmp_path / "instance" / "secret_key", 0o644)
    assert "chmod 600" in said(look()["folder"])


# ── the database ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("free", "state"), [(20, "ok"), (14.9, "warning"), (5, "warning"), (4.9, "problem")]
)
def test_the_disk(free: float, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 100 GB."""
    usage = SimpleNamespace(free=int(free * 1e9), total=100_000_000_000)
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: usage)
    settings = settings_for(tmp_path / "not" / "yet")
    (found,) = machine.check_disk(settings)
    assert (found.state, bool(found.do)) == (state, state != "ok")
    assert f"In {settings.instance} {free:.1f} GB of 100.0 GB are free." in found.said


def change(tmp_path: Path, statement: str) -> None:
    with closing(sqlite3.connect(tmp_path / "instance" / "echo.sqlite3")) as database, database:
        database.execute(statement)


def test_older_and_newer_forms(look: Look, tmp_path: Path) -> None:
    change(tmp_path, "UPDATE alembic_version SET version_num = '0006'")
    assert "python run.py db upgrade" in said(look()["database"], "warning")
    change(tmp_path, "UPDATE alembic_version SET version_num = '9999'")
    assert "newer Echo" in said(look()["database"])


def test_a_database_that_is_being_written(look: Look, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "instance" / "echo.sqlite3")) as database:
        database.isolation_level = None
        database.execute("BEGIN IMMEDIATE")
        assert "Another program" in said(look()["database"], "warning")
    assert said(look()["database"], "warning") == ""
    names = "SELECT count(*) FROM sqlite_master WHERE name LIKE 'echo_doctor%'"
    with closing(sqlite3.connect(tmp_path / "instance" / "echo.sqlite3")) as database:
        assert database.execute(names).fetchone() == (0,)


def test_damaged_files(look: Look, tmp_path: Path) -> None:
    file = tmp_path / "instance" / "echo.sqlite3"
    whole = file.read_bytes()
    file.write_bytes(whole[:8192] + bytes(len(whole) - 8192))
    assert "backup" in said(look()["database"])
    file.write_bytes(b"no database at all" * 100)
    assert "backup" in said(look()["database"])


def test_messages_from_the_future(look: Look, tmp_path: Path) -> None:
    columns = (
        "id, conversation_id, user_id, ordinal, role, text, status, seq, piece_lengths, created_at"
    )
    values = "'a', 'b', 1, 0, 'user', 'x', 'complete', 0, '', '2999-01-01 00:00:00.000000'"
    change(tmp_path, f"INSERT INTO messages ({columns}) VALUES ({values})")
    assert "still to come" in said(look()["clock"])


def test_postgresql(look: Look, postgres: PostgresServer, migrated_postgres: str) -> None:
    url = postgres.new_database(migrated_postgres)
    sound = look(DATABASE_URL=url)["database"]
    assert ("PostgreSQL" in said(sound, "ok"), said(sound)) == (True, "")
    name = url.rpartition("/")[2]
    postgres.run(f"alter database {name} set default_transaction_read_only = on")
    assert "cannot be written" in said(look(DATABASE_URL=url)["database"])
    postgres.drop_database(url)
    assert "does not answer" in said(look(DATABASE_URL=url)["database"])
    secret = "postgresql://echo:hidden@127.0.0.1:9/echo"
    found = look(DATABASE_URL=secret)["database"]
    assert ("does not answer" in said(found), "hidden" in said(found)) == (True, False)
    assert "mysql" in said(look(DATABASE_URL="mysql://host/echo")["database"])


# ── Redis, mail, model ─────────────────────────────────────────────────────────────


def test_redis(look: Look, redis_server: RedisServer) -> None:
    assert "keeps what it is given" in said(look(REDIS_URL=redis_server.url)["redis"], "ok")
    redis_server.stop()
    assert "cannot be used" in said(look(REDIS_URL=redis_server.url)["redis"])
    assert "redis://host" in said(look(REDIS_URL="http://host")["redis"])


def test_mail(look: Look, mail_process: MailServer) -> None:
    mail_process.start_empty()
    public = {"ECHO_PUBLIC_URL": "http://localhost:1"}
    assert "lets Echo in" in said(look(MAIL_URL=mail_process.url, **public)["mail"], "ok")
    assert mail_process.mails() == []
    with_name = mail_process.url.replace("smtp://", "smtp://me:secret@")
    found = look(MAIL_URL=with_name, **public)["mail"]
    assert "asks for no name" in said(found)
    assert "unencrypted" in said(found, "warning")
    nobody = look(MAIL_URL="smtp://127.0.0.1:9", **public)["mail"]
    assert "does not answer" in said(nobody)
    wrong = mail_process.url.replace("smtp:", "smtps:")
    assert "TLS" in said(look(MAIL_URL=wrong, **public)["mail"])


def test_models(look: Look, tmp_path: Path) -> None:
    assert "nosuch" in said(look(ECHO_MODEL="nosuch")["model"])
    scripted = look(ECHO_ENGINE="scripted")["model"]
    assert "Fixed texts" in said(scripted, "warning")
    assert "cannot be used" in said(
        look(ECHO_ENGINE="scripted", ECHO_SCRIPT=str(tmp_path / "none.json"))["model"]
    )
