"""A role's daily allowance is kept, at every event that makes the model write."""

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from echo.clock import utc_now
from echo.extensions import db
from echo.models import Message, Role, User
from echo.services.turns import quotas
from tests.conftest import Tab


@pytest.fixture
def tab(open_tab: Callable[[User], Tab], make_user: Callable[..., User]) -> Tab:
    return open_tab(make_user("ada"))


def allow(**daily: int) -> None:
    role = db.session.query(Role).filter_by(name="user").one()
    for name, value in daily.items():
        setattr(role, name, value)
    db.session.commit()


def test_messages_beyond_the_allowance_are_refused_until_midnight(tab: Tab) -> None:
    allow(daily_messages=2)
    first = tab.ask("send_message", {"client_id": "c1", "text": "One"})
    tab.wait_for("message_finished", first["reply"]["id"])
    assert tab.ask("regenerate_message", {"message_id": first["reply"]["id"]})["ok"]
    for name, payload in (
        ("send_message", {"client_id": "c2", "text": "Two"}),
        ("regenerate_message", {"message_id": first["reply"]["id"]}),
        (
            "edit_message",
            {"message_id": first["message"]["id"], "client_id": "c3", "text": "Three"},
        ),
    ):
        error = tab.ask(name, payload)["error"]
        assert error["code"] == "quota_exceeded", name
        assert 0 < error["retry_after"] <= 24 * 3600
    again = tab.ask("send_message", {"client_id": "c1", "text": "One"})
    assert again["reply"]["id"] == first["reply"]["id"]


def test_tokens_beyond_the_allowance_are_refused(tab: Tab) -> None:
    allow(daily_tokens=3)
    first = tab.ask("send_message", {"client_id": "c1", "text": "One"})
    tab.wait_for("message_finished", first["reply"]["id"])
    error = tab.ask("send_message", {"client_id": "c2", "text": "Two"})["error"]
    assert error["code"] == "quota_exceeded"
    assert "tokens" in error["text"]


def test_allowance_comes_back_the_next_day(tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    allow(daily_messages=1)
    first = tab.ask("send_message", {"client_id": "c1", "text": "One"})
    tab.wait_for("message_finished", first["reply"]["id"])
    assert not tab.ask("send_message", {"client_id": "c2", "text": "Two"})["ok"]
    tomorrow = utc_now().replace(hour=0) + timedelta(days=1)
    monkeypatch.setattr("echo.services.turns.quotas.utc_now", lambda: tomorrow)
    assert tab.ask("send_message", {"client_id": "c3", "text": "Three"})["ok"]


def test_tabs_are_told_what_is_left_after_each_start_and_end(
    tab: Tab, make_user: Callable[..., User], open_tab: Callable[[User], Tab]
) -> None:
    allow(daily_messages=5)
    stranger = open_tab(make_user("bob"))
    reply_id = tab.ask("send_message", {"client_id": "c1", "text": "slow"})["reply"]["id"]
    started = tab.wait_for("quota_changed")["quota"]
    assert started["messages"] == {"used": 1, "limit": 5}
    tab.wait_for("receive_message", reply_id)
    tab.ask("stop_message", {"message_id": reply_id})
    tab.wait_for("message_finished", reply_id)
    finished = tab.wait_for("quota_changed", count=2)["quota"]
    assert finished["tokens"]["used"] > started["tokens"]["used"] == 0
    assert finished["tokens"]["limit"] is None
    assert stranger.named("quota_changed") == []


def test_status_is_on_the_page_and_at_its_own_address(
    app: Flask, make_user: Callable[..., User], login: Callable[..., str]
) -> None:
    allow(daily_messages=50, daily_tokens=1000)
    client = app.test_client()
    login(client, make_user("ada"))
    status = client.get("/quota").get_json()
    assert status["messages"] == {"used": 0, "limit": 50}
    assert status["tokens"] == {"used": 0, "limit": 1000}
    resets_at = datetime.fromisoformat(status["resets_at"])
    assert resets_at.hour == resets_at.minute == 0
    assert timedelta() < resets_at - utc_now() <= timedelta(days=1)
    boot = re.search(r'id="boot"[^>]*>(.*?)</script>', client.get("/").text)
    assert boot
    assert json.loads(boot[1])["quota"] == status


def test_continuing_an_older_reply_costs_tokens_too(
    tab: Tab, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(daily_tokens=1000)
    first = tab.ask("send_message", {"client_id": "c1", "text": "One"})
    tab.wait_for("message_finished", first["reply"]["id"])
    reply = db.session.get_one(Message, first["reply"]["id"], populate_existing=True)
    spent = reply.prompt_tokens + reply.completion_tokens
    reply.created_at -= timedelta(days=3)  # as if it had been asked on Monday and continued today
    db.session.commit()
    assert quotas.status(reply.user_id).tokens.used == spent > 0
    assert quotas.status(reply.user_id).messages.used == 0
    reply.finished_at -= timedelta(days=3)
    db.session.commit()
    assert quotas.status(reply.user_id).tokens.used == 0


@pytest.mark.sqlite
def test_counting_uses_the_indexes(app: Flask, make_user: Callable[..., User]) -> None:
    """However many messages there are, the day's are found without looking at the others."""
    user, plans = make_user("ada"), []

    def explain(_c: Any, cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "FROM messages" in statement:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(row[-1] for row in cursor.fetchall())

    event.listen(db.engine, "before_cursor_execute", explain)
    quotas.status(user.id)
    event.remove(db.engine, "before_cursor_execute", explain)
    assert len(plans) >= 3
    assert all(plan.startswith("SEARCH") and "INDEX" in plan for plan in plans), plans
    assert "ix_messages_user_id_created_at (user_id=? AND created_at>?)" in plans[0]
