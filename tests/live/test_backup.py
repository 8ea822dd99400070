"""Backup and restore by the real commands, beside the real server, on SQLite and PostgreSQL."""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy

from tests.live.server import PASSWORD, PATIENCE, ROOT, LiveServer, Person, wait_until

COMPARED = ("roles", "users", "conversations", "messages", "feedback", "pictures", "invites")
OLDER_REVISION = "0002"
YOUNGER_TABLE = "user_totals"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def server(url: str, tmp_path: Path) -> Iterator[LiveServer]:
    """A server of the test's own, not yet started."""
    made = LiveServer(tmp_path, DATABASE_URL=url)
    yield made
    made.kill()


@pytest.fixture
def sqlite_server(tmp_path: Path) -> Iterator[LiveServer]:
    made = LiveServer(tmp_path)
    yield made
    made.kill()


def file_of(server: LiveServer) -> Path:
    return server.folder / "instance" / "echo.sqlite3"


def engine_of(server: LiveServer) -> sqlalchemy.Engine:
    url = server.environment["DATABASE_URL"] if server.environment.get("DATABASE_URL") else ""
    return sqlalchemy.create_engine(
        url.replace("postgresql://", "postgresql+psycopg2://") or f"sqlite:///{file_of(server)}",
        poolclass=sqlalchemy.NullPool,
    )


def rows(server: LiveServer, *names: str) -> dict[str, list[Any]]:
    """Return every row of these tables."""
    with engine_of(server).connect() as connection:
        return {
            name: sorted(
                tuple(map(str, row))
                for row in connection.execute(sqlalchemy.text(f'SELECT * FROM "{name}"'))
            )
            for name in names
        }


def tables_in(server: LiveServer) -> set[str]:
    return set(sqlalchemy.inspect(engine_of(server)).get_table_names())


def say(server: LiveServer, *words: str, expect: int = 0) -> str:
    """Run a command and return what it said; a refusal is one line without a traceback."""
    done = server.command(*words)
    assert done.returncode == expect, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def with_admin(server: LiveServer, name: str = "root") -> None:
    words = ("create-admin", "--email", f"{name}@example.org", "--username", name)
    done = server.command(*words, "--password-stdin", stdin=PASSWORD)
    assert done.returncode == 0, done.stderr


def opens_with(server: LiveServer, http: requests.Session) -> bool:
    """Tell whether this browser's cookie still opens one's own page."""
    answer = http.get(f"{server.url}/profile", timeout=PATIENCE, allow_redirects=False)
    return answer.status_code == 200


def test_backup_of_a_serving_echo_is_put_back(server: LiveServer) -> None:
    server.start()
    ada = server.member("ada")
    tab = ada.tab()
    first = tab.send("brief: the first question")
    tab.wait_for("message_finished", first["reply"]["id"])
    file = server.folder / "saved" / "echo backup.file"
    file.parent.mkdir()
    then = rows(server, *COMPARED)
    assert "The backup is in" in say(server, "backup", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]

    later = tab.send("brief: a later question", conversation_id=first["conversation_id"])
    tab.wait_for("message_finished", later["reply"]["id"])
    tab.close()
    assert "Echo is running here" in say(server, "restore", str(file), "--yes", expect=2)
    assert opens_with(server, ada.http)
    assert "a later question" in str(rows(server, "messages"))
    assert server.stop() == 0

    said = server.command("restore", str(file), stdin="n\n")
    assert (said.returncode, "a later question" in str(rows(server, "messages"))) == (1, True)
    assert "everybody is signed out" in say(server, "restore", str(file), "--yes")
    now = rows(server, *COMPARED)
    assert now == then
    assert "the first question" in str(now["messages"])

    server.start()
    assert not opens_with(server, ada.http)
    ada.http.cookies.clear()
    assert ada.post("/login", credentials="ada", password=PASSWORD).json()["status"] == "redirect"
    tab = ada.tab()
    assert [each["role"] for each in tab.stored(first["conversation_id"])] == ["user", "assistant"]
    tab.close()
    acts = [row[3] for row in rows(server, "audit_events")["audit_events"]]
    assert acts.count("backup.restored") == 1
    assert server.command("audit", "verify").returncode == 0


def refused_files(server: LiveServer, whole: Path) -> Iterator[tuple[Path, str]]:
    """Yield files that cannot be put back, each with a word of the reason."""
    folder, content = whole.parent, whole.read_bytes()
    for name, bad in (
        ("text", b"These are my notes.\n" * 999),
        ("empty", b""),
        ("half", content[: len(content) // 2]),
        ("nearly", content[:-1]),
        ("head", content[:30]),
        ("scrambled", content[:3000] + bytes(2000) + content[5000:]),
    ):
        file = folder / name
        file.write_bytes(bad)
        yield file, "no " if name in ("text", "empty") else "damaged"
    other = folder / "other"
    other.write_bytes(b"PGDMP" if content.startswith(b"SQLite") else b"SQLite format 3\0" * 2)
    yield other, "Echo runs on"


def test_what_cannot_be_put_back_changes_nothing(server: LiveServer) -> None:
    with_admin_at_head(server)
    whole = server.folder / "whole"
    say(server, "backup", str(whole))
    with_admin(server, "second")
    tables = sorted(tables_in(server))
    before = rows(server, *tables)
    for file, reason in refused_files(server, whole):
        assert reason in say(server, "restore", str(file), "--yes", expect=2), file
        assert rows(server, *tables) == before, file
    assert [path.name for path in file_of(server).parent.glob("*rest*")] == []


def with_admin_at_head(server: LiveServer) -> None:
    say(server, "db", "upgrade")
    with_admin(server)


def limited(server: LiveServer, kilobytes: int, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command that can write no file beyond this size: as on a disk that is full then."""
    script = f'ulimit -f {kilobytes}; PYTHONDONTWRITEBYTECODE=1 exec "$0" "$@"'
    return subprocess.run(
        ["bash", "-c", script, sys.executable, str(ROOT / "run.py"), *words],
        cwd=server.folder,
        env=server.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_full_disk_leaves_the_database_and_no_half_file(server: LiveServer) -> None:
    with_admin_at_head(server)
    whole = server.folder / "whole"
    say(server, "backup", str(whole))
    with_admin(server, "second")
    before = rows(server, "users", "roles")
    files = {path.name for path in server.folder.rglob("*")}
    for words in (("backup", str(server.folder / "another")), ("restore", str(whole), "--yes")):
        done = limited(server, 20, *words)
        assert done.returncode == 2, (words, done.stderr)
        assert "Traceback" not in done.stderr
        assert rows(server, "users", "roles") == before
    assert {path.name for path in server.folder.rglob("*")} <= {*files, "in-use.lock"}
    say(server, "restore", str(whole), "--yes")
    assert len(rows(server, "users")["users"]) == 1


def test_older_backup_is_brought_to_this_form(server: LiveServer) -> None:
    """Also where the present database has tables that the backup does not know."""
    with_admin_at_head(server)
    say(server, "db", "downgrade", OLDER_REVISION)
    assert YOUNGER_TABLE not in tables_in(server)
    old = server.folder / "old"
    say(server, "backup", str(old))
    say(server, "db", "upgrade")
    with_admin(server, "second")
    assert YOUNGER_TABLE in tables_in(server)
    say(server, "restore", str(old), "--yes")
    assert YOUNGER_TABLE in tables_in(server)
    assert [row for row in rows(server, "users")["users"] if "second" in row] == []
    assert "No new upgrade operations detected" in say(server, "db", "check")


def test_backup_of_a_newer_echo_is_refused(server: LiveServer) -> None:
    with_admin_at_head(server)
    with engine_of(server).begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = '9999'"))
    newer = server.folder / "newer"
    say(server, "backup", str(newer))
    with engine_of(server).begin() as connection:
        revision = db_head()
        connection.execute(
            sqlalchemy.text("UPDATE alembic_version SET version_num = :v"), {"v": revision}
        )
    with_admin(server, "second")
    assert "newer Echo" in say(server, "restore", str(newer), "--yes", expect=2)
    assert len(rows(server, "users")["users"]) == 2


def db_head() -> str:
    files = sorted((ROOT / "migrations" / "versions").glob("0*.py"))
    return files[-1].name[:4]


def test_restore_into_a_new_folder(
    server: LiveServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """As on a new machine: nothing is there yet but the empty database."""
    with_admin_at_head(server)
    whole = server.folder / "whole"
    say(server, "backup", str(whole))
    users = rows(server, "users")
    with engine_of(server).begin() as connection:
        if engine_of(server).dialect.name == "postgresql":
            connection.execute(sqlalchemy.text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
    file_of(server).unlink(missing_ok=True)
    say(server, "restore", str(whole), "--yes")
    assert rows(server, "users") == users


# --- one database's own


def test_postgresql_with_other_programs_on_it_is_left_alone(
    postgres_url: str, tmp_path: Path
) -> None:
    server = LiveServer(tmp_path, DATABASE_URL=postgres_url)
    with_admin_at_head(server)
    whole = tmp_path / "whole"
    say(server, "backup", str(whole))
    with engine_of(server).connect():
        assert "1 other connections" in say(server, "restore", str(whole), "--yes", expect=2)
    say(server, "restore", str(whole), "--yes")


def test_damaged_sqlite_database_is_replaced(sqlite_server: LiveServer) -> None:
    server = sqlite_server
    with_admin_at_head(server)
    whole = server.folder / "whole"
    say(server, "backup", str(whole))
    file_of(server).write_bytes(b"not a database at all" * 99)
    say(server, "restore", str(whole), "--yes")
    assert len(rows(server, "users")["users"]) == 1


def test_backup_never_writes_over_the_database(sqlite_server: LiveServer) -> None:
    with_admin_at_head(sqlite_server)
    before = hashlib.sha256(file_of(sqlite_server).read_bytes()).digest()
    told = say(sqlite_server, "backup", "instance/echo.sqlite3", expect=2)
    assert "the database itself" in told
    assert hashlib.sha256(file_of(sqlite_server).read_bytes()).digest() == before
    assert "cannot be written" in say(sqlite_server, "backup", "/nowhere/at/all", expect=2)


def make_large(file: Path, megabytes: int) -> None:
    with closing(sqlite3.connect(file)) as opened, opened:
        opened.execute("CREATE TABLE ballast (content BLOB)")
        opened.executemany("INSERT INTO ballast VALUES (randomblob(1000000))", [()] * megabytes)


def begin_on_the_page(server: LiveServer) -> tuple[Person, str]:
    """Sign in as the super admin and begin the database's download; return its id."""
    root = server.person("root")
    assert root.post("/login", credentials="root", password=PASSWORD).ok
    answer = root.http.post(
        f"{server.url}/admin/downloads/begin/",
        data={"kind": "database", "csrf_token": root.csrf},
        headers={"X-Requested-With": "XMLHttpRequest", "Referer": server.url},
        timeout=PATIENCE,
    )
    assert answer.status_code == 200, answer.text
    return root, str(answer.json()["id"])


def test_file_of_the_page_is_put_back_by_the_command(server: LiveServer) -> None:
    with_admin_at_head(server)
    server.start()
    root, download_id = begin_on_the_page(server)
    at = f"{server.url}/admin/downloads"

    def look() -> dict[str, Any]:
        said: dict[str, Any] = root.http.get(
            f"{at}/state/?id={download_id}", timeout=PATIENCE
        ).json()
        return said if said["state"] != "making" else {}

    said = wait_until(look, what="the file is made")
    assert said["state"] == "ready", said
    answer = root.http.get(f"{at}/file/?id={download_id}", timeout=PATIENCE)
    file = server.folder / said["name"]
    file.write_bytes(answer.content)
    assert len(answer.content) == said["bytes"]
    users = [row[:6] for row in rows(server, "users")["users"]]
    assert server.stop() == 0
    with_admin(server, "second")
    say(server, "restore", str(file), "--yes")
    assert [row[:6] for row in rows(server, "users")["users"]] == users


def test_kill_during_a_backup_harms_nothing_and_is_cleaned_up(sqlite_server: LiveServer) -> None:
    server = sqlite_server
    with_admin_at_head(server)
    make_large(file_of(server), 200)
    server.start()
    folder = file_of(server).parent / "downloads" / begin_on_the_page(server)[1]
    wait_until(lambda: list(folder.glob("*.sqlite3")), what="the copy has begun", step=0.001)
    server.kill()
    assert list(folder.glob("*.sqlite3")) != []
    with closing(sqlite3.connect(file_of(server))) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    server.start()
    wait_until(lambda: not folder.exists(), what="the half file is deleted")
    server.kill()  # and the lock is gone with the process, however it ended
    whole = server.folder / "whole"
    say(server, "backup", str(whole))
    say(server, "restore", str(whole), "--yes")


def test_people_are_served_while_a_large_copy_is_made(sqlite_server: LiveServer) -> None:
    server = sqlite_server
    with_admin_at_head(server)
    make_large(file_of(server), 200)
    server.start()
    folder = file_of(server).parent / "downloads" / begin_on_the_page(server)[1]
    waits, first = [], time.perf_counter()
    with requests.Session() as http:
        while not waits or largest(folder) < file_of(server).stat().st_size:
            begun = time.perf_counter()
            assert http.get(f"{server.url}/healthz", timeout=PATIENCE).ok
            waits.append(time.perf_counter() - begun)
    print(f"{len(waits)} answers meanwhile, the slowest after {max(waits):.3f} s")
    assert max(waits) < (time.perf_counter() - first) / 2  # who stands still does so for all of it
    assert server.stop() == 0


def largest(folder: Path) -> int:
    return max((file.stat().st_size for file in folder.glob("*")), default=0)
