"""Imports that go on after the answer: counted, stopped, one at a time, cut by the end of a process."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from echo import cluster, hub
from echo.clock import utc_now
from echo.errors import Conflict, StorageUnavailable, TooLong
from echo.extensions import db
from echo.models import ChatImport, Conversation, User
from echo.services.chats.imports import apart, keeping, runs
from echo.services.people import archive, deletion
from tests.services.test_imports import GOOD, gpt, gpt_node
from tests.waiting import until

pytestmark = pytest.mark.slow  # each file is read by a process of its own


def export_of(count: int, begin: int = 0) -> bytes:
    """ChatGPT's export of that many chats."""
    numbers = range(begin, begin + count)
    chats = [{**GOOD, "conversation_id": f"c-{at}", "title": f"Chat {at}"} for at in numbers]
    return json.dumps(chats).encode()


def begin(user: User, raw: bytes) -> None:
    runs.begin(user.id, io.BytesIO(raw))


def ended(user: User) -> ChatImport:
    def look() -> ChatImport | None:
        db.session.rollback()
        row = runs.of(user.id)
        return None if row is None or row.state in runs.GOING_ON else row

    return until(look, "the end of the import")


def listed(user: User) -> int:
    mine = (Conversation.user_id == user.id) & Conversation.deleted_at.is_(None)
    return db.session.scalar(select(func.count(Conversation.id)).where(mine)) or 0


@pytest.fixture
def steps_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "CHATS_PER_STEP", 2)


@pytest.fixture
def at_each_step(
    steps_of_two: None, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[int], object]], None]:
    """Call something before each step, with the number of those that are done."""

    def when(act: Callable[[int], object]) -> None:
        count, keep = iter(range(100)), keeping.keep

        def kept(user_id: int, found: Any) -> keeping.Report:
            act(next(count))
            return keep(user_id, found)

        monkeypatch.setattr(keeping, "keep", kept)

    return when


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_chats_are_counted_while_they_come(
    ada: User, at_each_step: Callable[[Callable[[int], object]], None]
) -> None:
    seen: list[tuple[int, int | None, int]] = []

    def look(_: int) -> None:
        row = runs.of(ada.id)
        assert row is not None
        seen.append((row.kept, row.total, listed(ada)))
        db.session.commit()

    at_each_step(look)
    circle = {**gpt(a=gpt_node("b", "user", "A"), b=gpt_node("a", "user", "B")), "title": "Round"}
    begin(ada, json.dumps([circle, *json.loads(export_of(5))]).encode())
    row = ended(ada)
    assert seen == [(0, 5, 0), (1, 5, 1), (3, 5, 3)]
    assert (row.state, row.kept, row.total, row.error) == ("done", 5, 5, None)
    assert [chat["title"] for chat in row.report["chats"]] == [f"Chat {at}" for at in range(5)]
    assert [chat["title"] for chat in row.report["skipped"]] == ["Round"]
    assert listed(ada) == 5


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_was_kept_before_a_stop_stays_and_the_same_file_brings_the_rest(
    ada: User, at_each_step: Callable[[Callable[[int], object]], None]
) -> None:
    at_each_step(lambda done: runs.stop(ada.id) if done == 1 else None)
    begin(ada, export_of(7))
    row = ended(ada)
    assert (row.state, row.kept, row.total, listed(ada)) == ("stopped", 4, 7, 4)
    begin(ada, export_of(7))
    row = ended(ada)
    assert (row.state, row.kept, row.total, listed(ada)) == ("done", 3, 3, 7)
    assert row.report["skipped_count"] == 4


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_second_import_meanwhile_is_refused_and_others_are_not(
    ada: User,
    make_user: Callable[..., User],
    at_each_step: Callable[[Callable[[int], object]], None],
) -> None:
    bob, refused = make_user("bob"), []

    def again(done: int) -> None:
        if done == 0:
            with pytest.raises(Conflict, match="going on already") as raised:
                begin(ada, export_of(1, 50))
            with pytest.raises(Conflict):  # one that was looked at before the first had its row
                runs._written_down(ada.id)
            refused.append(raised.value)
            begin(bob, export_of(1))

    at_each_step(again)
    begin(ada, export_of(3))
    assert ended(ada).kept == 3
    assert ended(bob).kept == 1
    assert len(refused) == 1
    assert listed(ada) == 3
    assert runs._brought == set()


@pytest.mark.parametrize("node", ["gone", "here"])
def test_an_import_whose_process_has_ended_is_told_and_can_be_begun_again(
    ada: User, node: str
) -> None:
    at = cluster.here().node if node == "here" else node  # here: it could not write how it ended
    db.session.add(ChatImport(user_id=ada.id, state="keeping", kept=2, total=5, node=at))
    db.session.commit()
    row = runs.of(ada.id)
    assert row is not None
    assert (row.state, row.kept, row.total) == ("cut", 2, 5)
    begin(ada, export_of(5))
    assert ended(ada).state == "done"
    assert db.session.scalar(select(func.count(ChatImport.id))) == 1


def test_an_import_of_another_process_that_lives_goes_on(
    ada: User, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    db.session.add(ChatImport(user_id=ada.id, state="keeping", node="other"))
    db.session.commit()
    for alive in ({"other"}, None):  # None: nobody can tell now
        monkeypatch.setattr(cluster.here(), "alive", lambda alive=alive: alive)
        row = runs.of(ada.id)
        assert row is not None
        assert row.state == "keeping"
    with pytest.raises(Conflict):
        begin(ada, export_of(1))


def test_one_that_was_taken_for_dead_goes_no_further(
    ada: User, at_each_step: Callable[[Callable[[int], object]], None]
) -> None:
    def cut(done: int) -> None:
        row = runs.of(ada.id)
        assert row is not None
        if done == 0:
            with db.engine.begin() as elsewhere:
                elsewhere.execute(update(ChatImport).values(state="cut"))

    at_each_step(cut)
    begin(ada, export_of(6))
    until(lambda: not runs._brought, "the end of the work")
    db.session.rollback()
    row = runs.of(ada.id)
    assert row is not None
    assert (row.state, listed(ada)) == ("cut", 2)


def test_a_failure_on_the_way_leaves_whole_steps_and_is_said(
    ada: User, at_each_step: Callable[[Callable[[int], object]], None]
) -> None:
    def fail(done: int) -> None:
        if done == 2:
            raise StorageUnavailable("The disk is full.")
        if done == 5:
            raise RuntimeError("no words for people")

    at_each_step(fail)
    begin(ada, export_of(7))
    row = ended(ada)
    assert (row.state, row.error, row.kept) == ("failed", "The disk is full.", 4)
    begin(ada, export_of(9))
    row = ended(ada)
    assert (row.state, row.error) == ("failed", "The import failed. Please try again.")


def test_what_is_no_export_fails_and_what_is_too_large_does_not_begin(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(ada, b"hello")
    row = ended(ada)
    assert row.state == "failed"
    assert row.error
    monkeypatch.setattr(runs, "IMPORT_BYTES", 10)
    with pytest.raises(TooLong):
        begin(ada, b"x" * 11)
    assert runs.of(ada.id) is row or row.state == "failed"
    assert runs._brought == set()


def test_an_import_waits_while_many_files_are_read_and_can_be_stopped_meanwhile(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(apart, "_reading", apart.AT_ONCE)
    begin(ada, export_of(2))
    hub.sleep(0.1)
    db.session.rollback()
    row = runs.of(ada.id)
    assert row is not None
    assert row.state == "reading"
    runs.stop(ada.id)
    assert ended(ada).state == "stopped"
    begin(ada, export_of(2))
    monkeypatch.setattr(apart, "_reading", 0)
    assert ended(ada).kept == 2


def test_an_account_that_is_switched_off_gets_nothing_more(
    ada: User, at_each_step: Callable[[Callable[[int], object]], None]
) -> None:
    def off(done: int) -> None:
        if done == 1:
            db.session.execute(update(User).values(active=False))
            db.session.commit()

    at_each_step(off)
    begin(ada, export_of(9))
    assert ended(ada).state == "stopped"
    assert listed(ada) == 4


def test_a_report_is_put_away_or_goes_after_a_week_and_a_living_import_is_not(ada: User) -> None:
    begin(ada, export_of(1))
    runs.forget(ada.id)
    assert ended(ada).kept == 1
    runs.forget(ada.id)
    assert runs.of(ada.id) is None
    begin(ada, export_of(1))
    row = ended(ada)
    assert runs.forget_old() == 0
    row.created_at = utc_now() - timedelta(days=8)
    db.session.commit()
    assert runs.forget_old() == 1
    assert runs.of(ada.id) is None


def test_ones_archive_tells_of_it(ada: User) -> None:
    assert archive.account(ada)["last_import"] is None
    begin(ada, export_of(1))
    ended(ada)
    told = archive.account(ada)["last_import"]
    assert (told["state"], told["kept"], told["chats"][0]["title"]) == ("done", 1, "Chat 0")


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_an_account_that_is_deleted_ends_it_and_nothing_is_left(
    ada: User,
    monkeypatch: pytest.MonkeyPatch,
    at_each_step: Callable[[Callable[[int], object]], None],
) -> None:
    monkeypatch.setattr(runs, "LOOK_SECONDS", 0.01)
    begun: list[int] = []
    at_each_step(lambda done: (begun.append(done), hub.sleep(0.05)))
    begin(ada, export_of(40))
    until(lambda: begun, "the first step")
    deletion.delete_account(ada)
    until(lambda: not runs._brought, "the end of the work")
    assert len(begun) < 20
    for table in (ChatImport, Conversation, User):
        assert db.session.scalar(select(func.count(table.id))) == 0
