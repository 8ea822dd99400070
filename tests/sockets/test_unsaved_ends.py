"""A reply whose text or end cannot be saved yet, and replies that no turn is writing any more.

The database is really unusable meanwhile: its table has another name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import eventlet
import pytest
from flask import Flask
from sqlalchemy import text, update

from echo.errors import StorageUnavailable
from echo.extensions import db
from echo.generation import Script, ScriptedReply
from echo.models import Message, MessageStatus, User
from echo.services.turns import Turns
from tests.conftest import Tab
from tests.waiting import until

ANSWER = "one two three four five six seven eight nine ten"


@pytest.fixture
def script() -> Script:
    return Script(
        replies=(ScriptedReply(match="slow", text=ANSWER * 40, delay_ms=15, first_delay_ms=5),),
        default=ScriptedReply(text=ANSWER, delay_ms=20, first_delay_ms=1),
    )


@contextmanager
def unusable_database() -> Iterator[None]:
    def rename(before: str, after: str) -> None:
        db.session.rollback()
        db.session.execute(text(f"ALTER TABLE {before} RENAME TO {after}"))
        db.session.commit()

    rename("messages", "messages_away")
    try:
        yield
    finally:
        rename("messages_away", "messages")


def stored(message_id: str) -> Message:
    db.session.rollback()
    return db.session.get_one(Message, message_id, populate_existing=True)


def test_end_is_saved_and_told_when_the_database_is_back(app: Flask, tab: Tab) -> None:
    asked = tab.ask("send_message", {"text": "Hi"})
    reply = asked["reply"]["id"]
    tab.wait_for("receive_message", reply)
    with unusable_database():
        until(lambda: tab.text_of(reply) == ANSWER, "the whole answer has come")
        eventlet.sleep(0.3)
        assert not tab.named("message_finished", reply)  # commit first, then emit
        assert Turns.here().live[reply].ended is False
    end = tab.wait_for("message_finished", reply)
    row = stored(reply)
    assert (end["status"], row.status, row.text) == ("complete", "complete", ANSWER)
    assert end["seq"] == row.seq == len(tab.named("receive_message", reply))
    assert not Turns.here().live


def test_question_under_a_reply_that_cannot_be_saved_waits_and_is_answered(tab: Tab) -> None:
    first = tab.ask("send_message", {"text": "Hi"})
    chat = {"conversation_id": first["conversation_id"]}
    tab.wait_for("receive_message", first["reply"]["id"])
    second = tab.ask("send_message", {"text": "And then?", **chat})
    tab.wait_for("message_started", count=2)
    eventlet.sleep(0.05)  # its pump waits for the reply above now
    with unusable_database():
        until(lambda: tab.text_of(first["reply"]["id"]) == ANSWER, "the answer has come")
        eventlet.sleep(0.1)
    for asked in (first, second):
        assert tab.wait_for("message_finished", asked["reply"]["id"])["status"] == "complete"
        assert stored(asked["reply"]["id"]).text == ANSWER


def test_text_that_could_not_be_flushed_is_flushed_the_next_time(tab: Tab) -> None:
    reply = tab.ask("send_message", {"text": "slow"})["reply"]["id"]
    tab.wait_for("receive_message", reply, count=3)
    turns = Turns.here()
    turn = turns.live[reply]
    with unusable_database():
        with pytest.raises(StorageUnavailable):
            turns.flush()
        assert turn.has_grown
    turns.flush()
    assert not turn.has_grown
    assert stored(reply).text == turn.text
    tab.ask("stop_message", {"message_id": reply})
    assert tab.wait_for("message_finished", reply)["status"] == "stopped"


@pytest.fixture
def orphan(tab: Tab) -> dict[str, Any]:
    """A reply that its row calls live, though nothing writes it, as after a lost claim."""
    asked = tab.ask("send_message", {"text": "Hi"})
    reply = asked["reply"]["id"]
    tab.wait_for("message_finished", reply)
    db.session.execute(update(Message).where(Message.id == reply).values(status="streaming"))
    db.session.commit()
    return asked


def test_reply_that_nobody_writes_gets_its_end_and_everybody_is_told(
    tab: Tab, orphan: dict[str, Any]
) -> None:
    reply = orphan["reply"]["id"]
    Turns.here().reap()
    end = tab.wait_for("message_finished", reply, count=2)
    row = stored(reply)
    assert (end["status"], row.status, row.text) == ("interrupted", "interrupted", ANSWER)
    assert row.finished_at is not None
    Turns.here().reap()
    assert len(tab.named("message_finished", reply)) == 2
    assert tab.ask("continue_message", {"message_id": reply})["ok"]  # and it can go on
    tab.wait_for("message_finished", reply, count=3)


def test_reaper_leaves_alone_what_is_written_queued_or_over(
    tab: Tab, ada: User, open_tab: Callable[[User], Tab], orphan: dict[str, Any]
) -> None:
    live = tab.ask("send_message", {"text": "slow"})
    waiting = tab.ask("send_message", {"text": "Hi", "conversation_id": live["conversation_id"]})
    tab.wait_for("receive_message", live["reply"]["id"])
    Turns.here().reap()
    assert stored(orphan["reply"]["id"]).status == "interrupted"
    assert stored(live["reply"]["id"]).is_live
    assert stored(waiting["reply"]["id"]).is_live
    tab.ask("stop_message", {"message_id": live["reply"]["id"]})
    assert tab.wait_for("message_finished", live["reply"]["id"])["status"] == "stopped"
    assert tab.wait_for("message_finished", waiting["reply"]["id"])["status"] == "complete"


def test_reply_that_is_deleted_while_it_is_written_ends_its_turn(tab: Tab) -> None:
    reply = tab.ask("send_message", {"text": "slow"})["reply"]["id"]
    tab.wait_for("receive_message", reply)
    db.session.rollback()
    db.session.delete(db.session.get_one(Message, reply))
    db.session.commit()
    tab.ask("stop_message", {"message_id": reply})
    Turns.here().live[reply].stop()
    assert tab.wait_for("message_finished", reply)["status"] == "failed"
    assert not Turns.here().live


@pytest.mark.parametrize("goes_on", [False, True])
def test_the_end_that_another_process_has_written_is_told_here_too(
    app: Flask, tab: Tab, goes_on: bool
) -> None:
    """This one stood still meanwhile: what it says after that may be all that a window has heard."""
    asked = tab.ask("send_message", {"text": "slow"})
    reply = asked["reply"]["id"]
    tab.wait_for("receive_message", reply, count=3)
    status = MessageStatus.STREAMING if goes_on else MessageStatus.INTERRUPTED
    taken = update(Message).where(Message.id == reply)
    db.session.execute(taken.values(status=status, text="one two", seq=2, node="another"))
    db.session.commit()
    Turns.of(app).drop_lost()
    until(lambda: reply not in Turns.of(app).live, "it has let go")
    eventlet.sleep(0.05)
    ends = tab.named("message_finished", reply)
    assert [(end["status"], end["seq"]) for end in ends] == (
        [] if goes_on else [("interrupted", 2)]
    )
    assert stored(reply).text == "one two"
