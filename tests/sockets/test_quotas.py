"""A role's daily allowance is kept, at every event that makes the model write."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from echo.clock import utc_now
from echo.extensions import db
from echo.models import Role, User
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
    monkeypatch.setattr("echo.services.quotas.utc_now", lambda: tomorrow)
    assert tab.ask("send_message", {"client_id": "c3", "text": "Three"})["ok"]
