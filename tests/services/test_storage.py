"""A database that is locked, away or full: waited for, then told, and never half written."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import eventlet
import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from echo.errors import StorageUnavailable
from echo.extensions import db
from echo.models import Conversation, Message, User
from echo.services.storage import transaction
from tests.conftest import Tab


@pytest.fixture
def other_writer(tmp_path: Path, app: Flask) -> Iterator[sqlite3.Connection]:
    """Another program's connection to the same file."""
    connection = sqlite3.connect(tmp_path / "echo.sqlite3", isolation_level=None, timeout=0.1)
    yield connection
    connection.close()


def add_chat(user: User) -> str:
    row = Conversation(user_id=user.id, title="Stored")
    db.session.add(row)
    db.session.flush()
    return row.id


def count_chats() -> int:
    return int(db.session.scalar(select(func.count()).select_from(Conversation)) or 0)


@pytest.mark.sqlite
def test_locked_database_is_waited_for(
    app: Flask, ada: User, other_writer: sqlite3.Connection
) -> None:
    user_id, tries = ada.id, []
    db.session.rollback()
    other_writer.execute("begin immediate")
    eventlet.spawn_after(1.0, other_writer.execute, "rollback")
    began = time.monotonic()

    def work() -> None:
        tries.append(time.monotonic() - began)
        db.session.add(Conversation(user_id=user_id, title="Stored"))
        db.session.flush()

    transaction(work)
    assert len(tries) > 1
    assert tries[-1] >= 0.7
    assert count_chats() == 1


@pytest.mark.sqlite
def test_hub_goes_on_while_a_transaction_waits(
    app: Flask, ada: User, other_writer: sqlite3.Connection
) -> None:
    beats: list[float] = []

    def beat() -> None:
        while True:
            beats.append(time.monotonic())
            eventlet.sleep(0.01)

    db.session.rollback()
    other_writer.execute("begin immediate")
    heart = eventlet.spawn(beat)
    with pytest.raises(StorageUnavailable):
        transaction(lambda: add_chat(ada), patience=1.0)
    heart.kill()
    other_writer.execute("rollback")
    assert len(beats) >= 3  # one at least between two of SQLite's own waits of 250 ms


@pytest.mark.sqlite
def test_patience_ends_with_words_and_a_time(
    app: Flask, ada: User, other_writer: sqlite3.Connection
) -> None:
    db.session.rollback()
    other_writer.execute("begin immediate")
    with pytest.raises(StorageUnavailable) as refusal:
        transaction(lambda: add_chat(ada), patience=0.3)
    other_writer.execute("rollback")
    assert "try again" in refusal.value.text
    assert (refusal.value.code, refusal.value.retry_after) == ("storage", 5)
    assert count_chats() == 0
    transaction(lambda: add_chat(ada))  # and the session is whole again
    assert count_chats() == 1


def test_question_survives_a_lock_of_a_second(
    app: Flask,
    ada: User,
    open_tab: Callable[[User], Tab],
    other_writer: sqlite3.Connection,
) -> None:
    tab = open_tab(ada)
    db.session.rollback()
    other_writer.execute("begin immediate")
    eventlet.spawn_after(1.0, other_writer.execute, "rollback")
    asked = tab.ask("send_message", {"client_id": "c1", "text": "Hi"})
    assert asked["ok"], asked
    assert tab.wait_for("message_finished", asked["reply"]["id"])["status"] == "complete"
    assert count_chats() == 1


@pytest.mark.sqlite
def test_full_disk_is_told_and_leaves_no_half_row(
    app: Flask, ada: User, open_tab: Callable[[User], Tab]
) -> None:
    tab = open_tab(ada)
    first = tab.ask("send_message", {"client_id": "c1", "text": "Hi"})
    tab.wait_for("message_finished", first["reply"]["id"])

    def fill(connection: Any, _record: Any) -> None:
        pages = connection.execute("pragma page_count").fetchone()[0]
        connection.execute(f"pragma max_page_count={pages}")

    from sqlalchemy import event

    event.listen(db.engine, "connect", fill)
    db.session.rollback()
    db.engine.dispose()
    try:
        error = tab.ask("send_message", {"client_id": "c2", "text": "x" * 15_000})["error"]
        assert error["code"] == "storage"
        assert "disk is full" in error["text"]
    finally:
        event.remove(db.engine, "connect", fill)
    db.session.rollback()
    db.engine.dispose()
    assert db.session.scalar(text("pragma integrity_check")) == "ok"
    assert db.session.scalar(select(func.count()).select_from(Message)) == 2
    assert not app.extensions["turns"].live
    again = tab.ask("send_message", {"client_id": "c2", "text": "x" * 15_000})
    assert again["ok"], again  # with room again, the same message goes through
    tab.wait_for("message_finished", again["reply"]["id"])


def test_lost_connection_is_tried_again(app: Flask, ada: User) -> None:
    tries: list[int] = []

    def work() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("insert", {}, Exception("server closed the connection"))
        return add_chat(ada)

    assert transaction(work)
    assert len(tries) == 3


def test_wrong_statement_is_not_tried_again(app: Flask) -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        db.session.execute(text("select nonsense"))

    with pytest.raises(StorageUnavailable):
        transaction(work)
    assert len(tries) == 1


def test_unique_key_is_tried_thrice_then_told_to_the_caller(app: Flask, ada: User) -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        db.session.add(
            User(
                username="ada",
                username_key="ada",
                email="x@example.org",
                email_key="x@example.org",
                role_id=ada.role_id,
            )
        )
        db.session.flush()

    with pytest.raises(IntegrityError):
        transaction(work)
    assert len(tries) == 3


def test_any_other_failure_rolls_back(app: Flask, ada: User) -> None:
    def work() -> None:
        add_chat(ada)
        raise LookupError("changed my mind")

    with pytest.raises(LookupError):
        transaction(work)
    assert count_chats() == 0
