"""Files of everything: whole, of one moment, without secrets; made two at a time, kept for an hour."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import insert, select
from sqlalchemy.engine import make_url

from echo import hub, instance_lock
from echo.errors import Busy, ConfigurationError, InvalidInput, NotFound, StorageUnavailable
from echo.extensions import db
from echo.models import AuditEvent, Feedback, Picture, RoleName, User
from echo.services import downloads
from echo.services.accounts import profile_pictures
from echo.services.downloads import (
    Download,
    Downloads,
    database,
    jobs,
    making,
    postgresql,
    sqlite,
    tables,
)
from tests.services.people import fill
from tests.services.test_pictures import made
from tests.waiting import PATIENCE, until

SECRET_COLUMN = re.compile(r"hash|secret|token|public_key|credential|google_sub|content")
WRITER = """
import json, sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)  # no patience: a lock is an error
database.execute("PRAGMA synchronous=NORMAL")
number = 0
print("begun", flush=True)
import select
while not select.select([sys.stdin], [], [], 0)[0]:
    database.execute("BEGIN IMMEDIATE")
    database.execute("INSERT INTO pairs VALUES (?, 'first')", (number,))
    database.execute("INSERT INTO pairs VALUES (?, 'second')", (number,))
    database.execute("COMMIT")
    number += 1
print(json.dumps({"pairs": number}), flush=True)
"""


@pytest.fixture
def root(make_user: Callable[..., User]) -> User:
    return make_user("root", role=RoleName.SUPER_ADMIN)


def finished(download: Download) -> Download:
    """Wait until the file is made or is not."""
    until(lambda: download.state != "making", what="the file is made or is not")
    return download


def rows_of(folder: Path, make: Callable[..., str]) -> list[dict[str, str]]:
    name = make(folder, lambda _part: None)
    with (folder / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def quiet(_part: float) -> None:
    """Progress that nobody asks for."""


# --- the database


class Writer:
    """Another process that writes pairs, each in one transaction, until it is told to stop."""

    def __init__(self, file: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "begun\n"

    def stop(self) -> dict[str, Any]:
        said, _ = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0
        result: dict[str, Any] = json.loads(said)
        return result


@contextmanager
def writing(file: Path) -> Iterator[Writer]:
    writer = Writer(file)
    try:
        yield writer
    finally:
        if writer.process.returncode is None:
            writer.process.kill()
            writer.process.communicate()


def make_large(file: Path, megabytes: int) -> None:
    with closing(sqlite3.connect(file)) as opened, opened:
        opened.execute("CREATE TABLE pairs (number INTEGER, half TEXT)")
        opened.execute("CREATE TABLE ballast (content BLOB)")
        opened.executemany("INSERT INTO ballast VALUES (randomblob(1000000))", [()] * megabytes)


def count_of_pairs(file: Path) -> int:
    with closing(sqlite3.connect(file)) as opened:
        return int(opened.execute("SELECT count(*) FROM pairs").fetchone()[0])


@pytest.mark.sqlite
def test_copy_is_of_one_moment_and_stops_no_writer(app: Flask, tmp_path: Path) -> None:
    live = tmp_path / "echo.sqlite3"
    make_large(live, 60)
    parts, seen = [], []

    def tell(part: float) -> None:
        """Between two steps: write down how much the writer has done, once it has gone on."""
        parts.append(part)
        before = seen[-1] if seen else 0
        seen.append(until(lambda: (now := count_of_pairs(live)) > before and now, "it goes on"))

    with writing(live) as writer:
        before = until(lambda: count_of_pairs(live), what="the writer writes")
        name = database.back_up(tmp_path, tell)
        done = writer.stop()
    with closing(sqlite3.connect(tmp_path / name)) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        halves = dict(copy.execute("SELECT half, count(*) FROM pairs GROUP BY half"))
        lonely = copy.execute("SELECT count(*) FROM pairs GROUP BY number HAVING count(*) <> 2")
        assert lonely.fetchall() == []
        assert copy.execute("SELECT count(*) FROM ballast").fetchone() == (60,)
        assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert halves.get("first", 0) == halves.get("second", 0)
    # the copy is of its first moment: all from before is in it, and nothing from between its steps
    assert 0 < before <= sum(halves.values()) <= seen[0] < seen[-1] <= 2 * done["pairs"]
    assert parts == sorted(parts)
    assert parts[-1] == 1.0
    assert len(parts) >= 5


def test_copy_is_its_owners_alone(app: Flask, tmp_path: Path) -> None:
    name = database.back_up(tmp_path, quiet)
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_no_database_is_told_and_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        sqlite.copy(tmp_path / "none.sqlite3", tmp_path / "copy", quiet)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.sqlite
def test_copy_that_would_fill_the_disk_is_not_begun(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "SPARE_BYTES", 10**18)
    with pytest.raises(StorageUnavailable, match="Make room"):
        database.back_up(tmp_path, quiet)
    assert list(tmp_path.glob("echo-2*")) == []


def test_sentences_of_a_full_disk() -> None:
    for failure in (
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Quota exceeded"),
        sqlite3.OperationalError("database or disk is full"),
    ):
        with pytest.raises(StorageUnavailable, match="disk is full"), making.explained():
            raise failure
    with pytest.raises(PermissionError), making.explained():
        raise PermissionError(errno.EACCES, "no")


# --- putting a copy in place


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A database with a journal that is still open, and a file to take its place."""
    for name in ("now", "then"):
        with closing(sqlite3.connect(tmp_path / name)) as opened, opened:
            opened.execute("PRAGMA journal_mode=WAL")
            opened.execute("CREATE TABLE words (word TEXT)")
            opened.execute("INSERT INTO words VALUES (?)", (name,))
    return tmp_path / "now", tmp_path / "then"


def word_in(file: Path) -> str:
    with closing(sqlite3.connect(file)) as opened:
        return str(opened.execute("SELECT word FROM words").fetchone()[0])


def test_replacing_keeps_the_former_one_beside(pair: tuple[Path, Path]) -> None:
    now, then = pair
    now.chmod(0o640)
    with sqlite.replaced_by(then, now):
        assert word_in(now) == "then"
    former = now.with_name("now.before-restore")
    assert (word_in(now), word_in(former), word_in(then)) == ("then", "now", "then")
    assert now.stat().st_mode & 0o777 == 0o640
    with sqlite.replaced_by(former, now):  # and back again, over itself
        pass
    assert word_in(now) == "now"
    assert not now.with_name("now.restoring").exists()


def test_what_was_committed_but_not_yet_merged_is_kept_too(pair: tuple[Path, Path]) -> None:
    now, then = pair
    busy = sqlite3.connect(now)
    busy.execute("UPDATE words SET word = 'later'")
    busy.commit()
    with sqlite.replaced_by(then, now):
        pass
    busy.close()
    assert word_in(now.with_name("now.before-restore")) == "later"
    assert word_in(now) == "then"


def test_failure_after_replacing_brings_the_former_one_back(pair: tuple[Path, Path]) -> None:
    now, then = pair

    def fail() -> None:
        with closing(sqlite3.connect(now)) as opened, opened:
            opened.execute("UPDATE words SET word = 'half migrated'")
        raise SystemExit(1)

    with pytest.raises(SystemExit), sqlite.replaced_by(then, now):
        fail()
    assert word_in(now) == "now"
    assert {path.name for path in now.parent.iterdir()} <= {"now", "then", "now-shm", "now-wal"}


def test_damaged_database_can_be_replaced(pair: tuple[Path, Path]) -> None:
    """For that one has backups."""
    now, then = pair
    now.write_bytes(b"\0" * 5000)
    with sqlite.replaced_by(then, now):
        pass
    assert word_in(now) == "then"
    assert now.with_name("now.before-restore").read_bytes() == b"\0" * 5000


def test_full_disk_while_copying_leaves_the_database(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    now, then = pair

    def fail(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sqlite.shutil, "copyfileobj", fail)
    with pytest.raises(StorageUnavailable, match="full"), sqlite.replaced_by(then, now):
        pytest.fail("the body must not run")
    assert word_in(now) == "now"
    assert not now.with_name("now.restoring").exists()


def test_names_may_hold_anything(pair: tuple[Path, Path]) -> None:
    now, then = pair
    odd = now.with_name("100% of it?mode=memory#1")
    sqlite.copy(then, odd, quiet)
    assert word_in(odd) == "then"


@pytest.mark.sqlite
def test_copied_revision_is_read(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / database.back_up(tmp_path, quiet)
    assert re.fullmatch(r"\w+", sqlite.revision(file))
    database.check(file, {sqlite.revision(file)})
    with pytest.raises(InvalidInput, match="newer Echo"):
        database.check(file, {"another"})
    with pytest.raises(InvalidInput, match="the database itself"):
        database.check(tmp_path / "echo.sqlite3", {sqlite.revision(file)})


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_truncated_copy_is_refused(part: float, app: Flask, tmp_path: Path) -> None:
    file = tmp_path / database.back_up(tmp_path, quiet)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(InvalidInput):
        database.check(file, {"any"})


@pytest.mark.parametrize(
    "address",
    [
        "echo:s3cret%2Fword@db.example.org:5433/chat?sslmode=require",
        "echo@db.example.org:5433/chat?sslmode=require&password=s3cret%2Fword",
    ],
)
def test_password_of_postgresql_is_on_no_command_line(address: str) -> None:
    """Other people on the machine can read the arguments of every process."""
    url = make_url(f"postgresql+psycopg2://{address}")
    assert postgresql._to(url) == (
        "--no-password",
        "--dbname=postgresql://echo@db.example.org:5433/chat?sslmode=require",
    )
    assert postgresql._password(url) == "s3cret/word"


# --- the lock


@pytest.fixture
def locks() -> Iterator[None]:
    """Let go of what the test has locked."""
    yield
    while instance_lock._held:
        os.close(instance_lock._held.pop())


def test_many_may_serve_and_none_while_a_backup_is_put_back(tmp_path: Path, locks: None) -> None:
    instance_lock.share(tmp_path)
    instance_lock.share(tmp_path)
    with pytest.raises(ConfigurationError, match="Stop it"):
        instance_lock.own(tmp_path)
    while instance_lock._held:
        os.close(instance_lock._held.pop())
    instance_lock.own(tmp_path)
    for take in (instance_lock.share, instance_lock.own):
        with pytest.raises(ConfigurationError):
            take(tmp_path)


def test_lock_that_somebody_else_made_is_enough_to_read(tmp_path: Path, locks: None) -> None:
    """As when root ran a command here before."""
    (tmp_path / instance_lock.NAME).touch(mode=0o444)
    instance_lock.share(tmp_path)
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        instance_lock.share(tmp_path / "nowhere")


# --- tables


NASTY = (
    "=cmd|' /C calc'!A0 and more",
    "+1+1 is two, I think",
    "-2+3 hmm, or what?",
    "@SUM(1+9)*cmd|' /C calc'!A0",
    'He said "no", then; left',
    "line one\nline two\r\nline three",
    "日本語 🙂 e\u0301 \u202eback",
)


def test_opinions_come_back_as_they_were_and_none_is_a_formula(root: User, tmp_path: Path) -> None:
    for opinion in NASTY:
        db.session.add(Feedback(user_id=root.id, opinion=opinion, category="bug", rating=None))
    db.session.commit()
    rows = rows_of(tmp_path, tables.feedback)
    assert [row["opinion"].removeprefix("'") for row in rows] == list(NASTY)
    assert all(row["opinion"][0] not in "=+-@\t\r" for row in rows)
    assert {row["rating"] for row in rows} == {""}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", rows[0]["created_at"])


def test_addresses_are_no_formulas_either(make_user: Callable[..., User], tmp_path: Path) -> None:
    make_user("minus", email="=1+1@example.org")
    (row,) = rows_of(tmp_path, tables.users)
    assert row["email"] == "'=1+1@example.org"
    assert (row["username"], row["role"], row["active"]) == ("minus", "user", "True")


def test_ten_thousand_rows_in_bounded_memory(root: User, tmp_path: Path) -> None:
    opinion = "word " * 200
    values = {"user_id": root.id, "category": "idea", "rating": 3, "opinion": opinion}
    db.session.execute(insert(Feedback), [dict(values) for _ in range(10_000)])
    db.session.commit()
    parts: list[float] = []
    tracemalloc.start()
    name = tables.feedback(tmp_path, parts.append)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    size = (tmp_path / name).stat().st_size
    assert most < size / 2, (most, size)
    assert len(parts) > 9  # fewer rows at a time where they are long
    assert parts == sorted(parts)
    assert parts[-1] == 1
    with (tmp_path / name).open(encoding="utf-8-sig", newline="") as file:
        numbers = [row["id"] for row in csv.DictReader(file)]
    assert numbers == [str(number + 1) for number in range(10_000)]


def secrets() -> set[str]:
    """Return every value of every column whose name says that it proves something."""
    found = set()
    for table in db.metadata.tables.values():
        for column in table.columns:
            if SECRET_COLUMN.search(column.name):
                for value in db.session.scalars(select(column)):
                    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
                    found.add(text)
    return {value for value in found if len(value) > len("None")}  # counts of tokens are none


def test_no_secret_is_in_any_table(make_user: Callable[..., User], tmp_path: Path) -> None:
    fill(make_user("walrus"))
    known = secrets()
    assert len(known) >= 9
    everything = b"".join(
        (tmp_path / make(tmp_path, quiet)).read_bytes() for make in (tables.users, tables.feedback)
    ).decode("utf-8")
    assert "walrus opinion" in everything
    assert [secret for secret in known if secret in everything] == []
    assert re.search(r"hash|secret|token|\$2b\$|sub\b", everything) is None


# --- pictures


def test_every_picture_is_in_the_archive_and_decodes(
    make_user: Callable[..., User], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("echo.services.downloads.picture_archive.PER_STEP", 2)
    people = [make_user(name) for name in ("ada", "bob", "cleo", "dan", "eve")]
    for person in people[:3] + people[4:]:
        profile_pictures.store(person.id, made())
    parts: list[float] = []
    name = jobs.KINDS["pictures"].make(tmp_path, parts.append)
    with zipfile.ZipFile(tmp_path / name) as packed:
        assert packed.testzip() is None
        assert packed.namelist() == [f"{person.id}.webp" for person in people[:3] + people[4:]]
        for entry in packed.namelist():
            picture = Image.open(io.BytesIO(packed.read(entry)))
            picture.load()
            assert (picture.format, picture.size) == ("WEBP", (256, 256))
    assert parts == [0.5, 1.0]


def test_archive_without_pictures_opens(app: Flask, tmp_path: Path) -> None:
    assert db.session.scalar(select(Picture)) is None
    with zipfile.ZipFile(tmp_path / jobs.KINDS["pictures"].make(tmp_path, quiet)) as packed:
        assert packed.namelist() == []


# --- jobs


@pytest.fixture
def here(app: Flask) -> Downloads:
    return downloads.Downloads.here()


class Held:
    """A maker that waits until it is let go; the file is what it has written by then."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *kinds: str) -> None:
        self.go = False
        self.calls = 0
        self.fail: Exception | None = None
        for kind in kinds:
            held = jobs.Kind("Held", "", self.make, jobs.KINDS[kind].act)
            monkeypatch.setitem(jobs.KINDS, kind, held)

    def make(self, folder: Path, tell: Callable[[float], None]) -> str:
        self.calls += 1
        (folder / "held.txt").write_text("half")
        tell(0.5)
        while not self.go:
            hub.sleep(0.005)
        if self.fail:
            raise self.fail
        (folder / "held.txt").write_text("whole")
        return "held.txt"


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    return Held(monkeypatch, *jobs.KINDS)


def test_each_kind_is_made_and_written_down(here: Downloads, root: User) -> None:
    for kind in jobs.KINDS:
        download = finished(here.begin(root, kind))
        assert download.state == "ready", download
        assert here.ready(root, download.id).path.stat().st_size == download.size
        assert here.of(root)[kind] is download
    noted = db.session.execute(select(AuditEvent.act, AuditEvent.target, AuditEvent.actor_id))
    assert [tuple(row) for row in noted] == [
        ("backup.taken", "database", root.id),
        ("pictures.downloaded", "pictures", root.id),
        ("table.downloaded", "users", root.id),
        ("table.downloaded", "feedback", root.id),
    ]


def test_third_at_once_is_refused_and_may_come_later(
    here: Downloads, root: User, held: Held
) -> None:
    first, second = here.begin(root, "users"), here.begin(root, "feedback")
    with pytest.raises(Busy) as refusal:
        here.begin(root, "pictures")
    assert refusal.value.retry_after == 10
    assert set(here.of(root)) == {"users", "feedback"}
    held.go = True
    assert [finished(one).state for one in (first, second)] == ["ready", "ready"]
    assert finished(here.begin(root, "pictures")).state == "ready"
    acts = db.session.scalars(select(AuditEvent.target)).all()
    assert acts == ["users", "feedback", "pictures"]  # what was refused was not downloaded


def test_asking_twice_for_what_is_being_made_makes_it_once(
    here: Downloads, root: User, held: Held
) -> None:
    first = here.begin(root, "users")
    assert here.begin(root, "users") is first
    held.go = True
    finished(first)
    assert held.calls == 1


def test_new_file_replaces_the_former_of_its_kind(here: Downloads, root: User) -> None:
    first = finished(here.begin(root, "users"))
    second = finished(here.begin(root, "users"))
    assert here.of(root) == {"users": second}
    assert not first.folder.exists()
    with pytest.raises(NotFound):
        here.own(root, first.id)


def test_progress_and_the_unfinished_file_are_told_apart(
    here: Downloads, root: User, held: Held
) -> None:
    download = here.begin(root, "users")
    until(lambda: download.progress, what="its progress is told")
    assert download.as_payload() == {
        "id": download.id, "kind": "users", "state": "making", "progress": 0.5, "name": "",
        "bytes": None, "error": None,
    }  # fmt: skip
    with pytest.raises(NotFound, match="not ready"):
        here.ready(root, download.id)
    held.go = True
    assert finished(download).as_payload()["bytes"] == len("whole")


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (RuntimeError("/secret/path"), jobs.FAILED),
        (OSError(errno.ENOSPC, "No space left on device"), making.SENTENCE),
        (StorageUnavailable("pg_dump is not installed."), "pg_dump is not installed."),
    ],
)
def test_failure_is_told_and_leaves_no_file(
    failure: Exception, sentence: str, here: Downloads, root: User, held: Held
) -> None:
    held.go, held.fail = True, failure
    download = finished(here.begin(root, "users"))
    assert (download.state, download.error) == ("failed", sentence)
    assert not download.folder.exists()
    with pytest.raises(NotFound):
        here.ready(root, download.id)


def test_strangers_file_is_not_found(
    here: Downloads, root: User, make_user: Callable[..., User]
) -> None:
    other = make_user("other", role=RoleName.SUPER_ADMIN)
    download = finished(here.begin(root, "users"))
    for asked in (here.own, here.ready):
        with pytest.raises(NotFound):
            asked(other, download.id)
    assert here.of(other) == {}


def test_unknown_kind(here: Downloads, root: User) -> None:
    with pytest.raises(InvalidInput):
        here.begin(root, "passwords")
    assert db.session.scalar(select(AuditEvent)) is None


def test_file_goes_after_an_hour_and_one_in_the_making_stays(
    here: Downloads, root: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = finished(here.begin(root, "users"))
    held = Held(monkeypatch, "feedback")
    young = here.begin(root, "feedback")
    old.ended_at = time.monotonic() - jobs.KEPT_SECONDS + 60
    here.forget_old()
    assert set(here.of(root)) == {"users", "feedback"}
    old.ended_at -= 120
    downloads.forget_old()
    assert here.of(root) == {"feedback": young}
    assert not old.folder.exists()
    held.go = True
    finished(young)
    assert young.path.read_text() == "whole"


def test_what_a_former_process_left_is_deleted(here: Downloads, root: User) -> None:
    mine = finished(here.begin(root, "users"))
    left = mine.folder.with_name("left-by-a-crash")
    left.mkdir()
    (left / "echo.sqlite3").write_bytes(b"half")
    here.forget_old()
    assert mine.path.exists()
    assert not left.exists()


def test_another_process_deletes_nothing_by_looking(here: Downloads, root: User) -> None:
    """Commands make an application of their own beside the serving one."""
    mine = finished(here.begin(root, "users"))
    Downloads(mine.folder.parent)
    assert mine.path.exists()
