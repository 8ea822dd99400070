"""Who may connect and send: looked up at each event; a session that ends is told within a second."""

import time
from collections.abc import Callable

import eventlet
import pytest
from flask import Flask

from echo import policies
from echo.clock import utc_now
from echo.extensions import limiter, socketio
from echo.limits import EVENT_LIMITS
from echo.models import RoleName, User
from echo.services.sign_in import devices
from echo.services.storage import assign
from echo.sockets import access, rooms
from tests.conftest import PATIENCE, Tab, give_role, switch
from tests.waiting import SOON

NEED_NO_FIELDS = ("watch_stats",)


def names_in_queue(tab: Tab) -> list[str]:
    """What arrived, also after the connection has been closed."""
    return [packet["name"] for packet in tab.socket.queue]


def ended_soon(tab: Tab) -> None:
    began = time.monotonic()
    with eventlet.Timeout(PATIENCE):
        while tab.socket.is_connected():
            eventlet.sleep(0.01)
    assert time.monotonic() - began < SOON
    assert "session_ended" in names_in_queue(tab)


def test_anonymous_browser_is_refused_at_connect(app: Flask) -> None:
    socket = socketio.test_client(app, flask_test_client=app.test_client())
    assert not socket.is_connected()


def test_forged_cookie_is_refused_at_connect(app: Flask) -> None:
    client = app.test_client()
    with client.session_transaction() as session:
        session["device"] = "not a token of anybody"
    assert not socketio.test_client(app, flask_test_client=client).is_connected()


@pytest.mark.parametrize("name", sorted(access.RULES))
def test_each_event_is_signed_out_after_revocation(name: str, tab: Tab, ada: User) -> None:
    devices.revoke_all(ada.id, reason="Gone.")
    assert tab.ask(name, {"text": "Hi"})["error"]["code"] == "signed_out"


def test_a_session_that_ended_unheard_ends_once_others_are_heard_again(
    tab: Tab, ada: User, open_tab: Callable[[User], Tab]
) -> None:
    """Another process has ended it, while Redis was away."""
    old = devices.living(ada.id)[0]
    other = open_tab(ada)
    assign(old, revoked_at=utc_now())
    assert tab.socket.is_connected()
    rooms.look_again()
    ended_soon(tab)
    assert other.socket.is_connected()


def test_logout_ends_the_tabs_of_this_browser_alone(
    app: Flask, ada: User, open_tab: Callable[[User], Tab], login: Callable[..., str]
) -> None:
    other = open_tab(ada)
    client = app.test_client()
    login(client, ada)
    mine, twin = Tab(app, client), Tab(app, client)
    assert client.post("/logout").status_code == 302
    ended_soon(mine)
    ended_soon(twin)
    assert other.socket.is_connected()
    assert other.ask("send_message", "Hi")["ok"]


def test_deactivated_account_is_told_and_cut_off(tab: Tab, ada: User, app: Flask) -> None:
    switch(ada, False)
    assert tab.ask("send_message", "Hi")["error"]["code"] == "signed_out"
    ended_soon(tab)


def test_role_change_is_told_and_rights_are_read_anew(
    tab: Tab, ada: User, open_tab: Callable[[User], Tab]
) -> None:
    give_role(ada, RoleName.ADMIN)
    ended_soon(tab)
    assert open_tab(ada).ask("send_message", "Hi")["ok"]


def test_new_password_ends_every_other_device(
    app: Flask, ada: User, open_tab: Callable[[User], Tab], login: Callable[..., str]
) -> None:
    other = open_tab(ada)
    client = app.test_client()
    kept = devices.find(login(client, ada))
    mine = Tab(app, client)
    devices.revoke_all(ada.id, reason="Your password was changed.", but=kept.id if kept else None)
    ended_soon(other)
    assert mine.socket.is_connected()
    assert mine.ask("send_message", "Hi")["ok"]


@pytest.mark.parametrize("name", sorted(EVENT_LIMITS))
def test_each_event_has_a_limit_of_its_own_per_user(
    name: str,
    tab: Tab,
    make_user: Callable[..., User],
    open_tab: Callable[[User], Tab],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limiter, "enabled", True)
    monkeypatch.setitem(EVENT_LIMITS, name, "2/minute")
    codes = [tab.ask(name, {}).get("error", {}).get("code") for _ in range(3)]
    taken = None if name in NEED_NO_FIELDS else "bad_payload"
    assert codes == [taken, taken, "rate_limited"]
    assert tab.ask(name, {})["error"]["retry_after"] > 0
    another = next(other for other in EVENT_LIMITS if other not in (name, *NEED_NO_FIELDS))
    assert tab.ask(another, {})["error"]["code"] == "bad_payload"
    bob = open_tab(make_user("bob", role=RoleName.ANALYST))
    assert bob.ask(name, {}).get("error", {}).get("code") == taken


def test_event_without_limit_or_right_cannot_be_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LookupError, match="right"):
        access.event("no_such_event")
    monkeypatch.setitem(policies.EVENTS, "limitless", policies.Right.OWNER)
    with pytest.raises(LookupError, match="limit"):
        access.event("limitless")
    monkeypatch.undo()
    assert set(access.RULES) == set(EVENT_LIMITS) == set(policies.EVENTS)
