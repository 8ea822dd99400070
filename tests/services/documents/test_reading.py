"""Reading in the background when something goes wrong: what is ready stays, nothing waits for ever."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from flask import Flask

from echo import cluster
from echo.errors import InvalidInput, StorageUnavailable
from echo.extensions import db
from echo.limits import DOCUMENTS_PER_CHAT
from echo.models import Conversation, Document, Passage, User
from echo.services.documents import meaning, reader_process, reading, refusals, shelf
from echo.services.documents.reader_process import ReaderProcess
from tests.services.documents.test_documents import BIRDS, add, settled
from tests.waiting import until

HOUR = 3600


def unread(user: User, node: str) -> Document:
    row = Document(user_id=user.id, name="a", size_bytes=1, status="reading", node=node)
    db.session.add(row)
    db.session.commit()
    return row


def test_vectors_that_fail_cost_a_ready_document_nothing(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []

    def no_vectors(document_id: str) -> None:
        seen.append(os.listdir(reading._folder()))
        raise RuntimeError("no vectors")

    monkeypatch.setattr(meaning, "add_vectors", no_vectors)
    row = add(ada, BIRDS, "birds.md")
    until(lambda: seen, "vectors that are tried")
    assert db.session.query(Passage).count() == 3
    assert settled(row.id).status == "ready"
    assert seen == [[]]  # the file was gone by then


def test_what_is_ready_cannot_fail(ada: User) -> None:
    row = add(ada, BIRDS, "birds.md")
    reading.fail(row.id, "too late")
    assert settled(row.id).status == "ready"
    assert db.session.query(Passage).count() == 3


def test_files_that_nobody_will_read_are_removed_after_an_hour(ada: User) -> None:
    row = unread(ada, cluster.here().node)
    for name, age in ((row.id, 2 * HOUR), ("old", 2 * HOUR), ("new", HOUR / 2)):
        file = reading._folder() / name
        file.write_text("x")
        os.utime(file, (time.time() - age,) * 2)
    assert reading.remove_leftovers() == 1
    assert sorted(os.listdir(reading._folder())) == sorted([row.id, "new"])


def test_what_is_being_read_or_waits_is_not_lost(app: Flask, ada: User) -> None:
    with ReaderProcess.of(app).turn_of(0):
        row = reading.add(ada.id, "a.txt", lambda path: Path(path).write_text(BIRDS))
        assert reading.fail_lost() == 0
    assert settled(row.id).status == "ready"
    assert ReaderProcess.of(app).taken == set()


def test_what_this_process_reads_no_more_has_failed(ada: User) -> None:
    row = unread(ada, cluster.here().node)
    assert reading.fail_lost() == 1
    assert settled(row.id).error == refusals.FAILED


def test_a_database_that_is_away_when_reading_fails_leaves_nothing_unread(
    app: Flask, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise StorageUnavailable("The database does not answer.")

    with monkeypatch.context() as broken:
        broken.setattr(reading.shelf, "erase_passages", away)
        row = reading.add(ada.id, "a.png", lambda path: Path(path).write_bytes(b"\x89PNG\r\n"))
        until(lambda: not ReaderProcess.of(app).taken, "the end of reading")
    assert reading.fail_lost() == 1
    assert settled(row.id).status == "failed"


def test_a_file_that_is_not_taken_in_is_not_waited_for(app: Flask, ada: User) -> None:
    with pytest.raises(InvalidInput, match="20 documents"):
        reading.add(ada.id, "a.txt", lambda path: Path(path).write_text("x"), full_chat(ada))
    assert ReaderProcess.of(app).taken == set()
    assert os.listdir(reading._folder()) == []


def test_the_reader_of_files_has_no_secret_in_its_environment(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "hidden")
    (tmp_path / "a.txt").write_text("word " * 300_000)  # more than it can say before it is heard
    reader = ReaderProcess.of(app)
    said = reader.read(tmp_path / "a.txt", "a.txt", "1")
    assert next(said) == {"kind": "text"}
    assert reader._process is not None
    environment = Path(f"/proc/{reader._process.pid}/environ").read_bytes()
    said.close()
    assert b"PATH=" in environment
    assert b"hidden" not in environment


def test_a_reader_that_says_what_no_document_holds_is_not_listened_to(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_process, "LINE_BYTES", 100)
    row = add(ada, BIRDS)
    assert (row.status, row.error) == ("failed", refusals.STOPPED)


def full_chat(user: User) -> str:
    chat = Conversation(user_id=user.id, title="Full")
    rows = [
        Document(user_id=user.id, name="a", size_bytes=1, status="ready")
        for _ in range(DOCUMENTS_PER_CHAT)
    ]
    db.session.add_all([chat, *rows])
    db.session.flush()
    shelf.link(chat.id, rows)
    db.session.commit()
    return chat.id
