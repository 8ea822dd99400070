"""A listener that fails breaks nobody else: neither the act that was announced, nor the other listeners."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import eventlet
import pytest
from flask import Flask
from sqlalchemy import text

from echo import signals
from echo.extensions import db
from echo.models import Message
from tests.conftest import PATIENCE, Tab


@contextmanager
def failing(*named: signals.Announcement) -> Iterator[list[str]]:
    """Let a listener of each of these fail, as one does whose query the database refuses."""
    failed: list[str] = []

    def listener(_sender: object, **_told: object) -> None:
        failed.append("yes")
        db.session.execute(text("select nonsense"))

    with ExitStack() as stack:
        for one in named:
            stack.enter_context(one.connected_to(listener))
        yield failed


ACTS = (signals.event_began, signals.event_answered, signals.turn_started, signals.turn_ended)


@pytest.mark.parametrize("announcement", ACTS, ids=lambda one: one.name)
def test_a_turn_is_whole_though_a_listener_fails(
    announcement: signals.Announcement, app: Flask, tab: Tab
) -> None:
    with failing(announcement) as failed:
        answer = tab.ask("send_message", {"text": "hello"})
        assert answer["ok"], answer
        live = app.extensions["turns"].live
        with eventlet.Timeout(PATIENCE):
            while live:
                eventlet.sleep(0.01)
    assert failed
    row = db.session.get_one(Message, answer["reply"]["id"], populate_existing=True)
    assert row.status == "complete"
    (end,) = tab.named("message_finished")
    assert end["status"] == "complete"


def test_the_others_hear_it(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    heard = []
    with failing(signals.models_changed), signals.models_changed.connected_to(heard.append):
        signals.models_changed.send("somebody")
    assert heard == ["somebody"]
    assert "a listener failed" in caplog.text
