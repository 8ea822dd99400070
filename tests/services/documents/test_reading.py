"""Reading in the background when something goes wrong: what is ready stays, nothing waits for ever."""

from __future__ import annotations

import os
import time

import pytest

from echo import cluster
from echo.extensions import db
from echo.models import Document, Passage, User
from echo.services.documents import meaning, reading
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
    row = add(ada, BIRDS)
    until(lambda: seen, "vectors that are tried")
    assert db.session.query(Passage).count() == 3
    assert settled(row.id).status == "ready"
    assert seen == [[]]  # the file was gone by then


def test_what_is_ready_cannot_fail(ada: User) -> None:
    row = add(ada, BIRDS)
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
