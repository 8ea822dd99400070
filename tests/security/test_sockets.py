"""Every socket event × everybody: an id is not a right, and rights are read anew at each event."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

import eventlet
import pytest
from flask import Flask

from echo import policies
from echo.errors import EchoError
from echo.extensions import db, socketio
from echo.models import RoleName
from echo.policies import Right
from echo.services.accounts import accounts
from echo.sockets import access, rooms
from tests.conftest import PATIENCE, Tab
from tests.security.conftest import PEOPLE, Somebody
from tests.security.world import SECRET, World, changes, snapshot
from tests.waiting import SOON

EVENTS = sorted(policies.EVENTS)
STRANGERS = ("stranger", "analyst", "admin", "super_admin")
GARBAGE: list[Any] = [
    None, "", "\0", "x" * 20_000, 0, -1, 2**70, 1.5, True, [], [[]], {}, {"a": {"b": []}},
    {"message_id": None, "conversation_id": []}, {"message_id": "1' OR '1'='1", "text": "x"},
    {"message_id": {"$ne": 1}, "conversation_id": {"$ne": 1}, "text": {"a": 1}},
    {"message_id": "../../etc/passwd", "conversation_id": "%00", "text": "\ud800", "after_seq": 2**80},
    {"conversation_id": "a" * 65, "message_id": "a" * 65, "text": "x", "after_seq": True, "rating": 9},
    {"message_id": "é", "conversation_id": "\u2028", "client_id": "\n", "text": "x", "settings": []},
]  # fmt: skip
Becoming = Callable[[str], Somebody]


def wait_until_closed(tab: Tab) -> None:
    began = time.monotonic()
    with eventlet.Timeout(PATIENCE):
        while tab.socket.is_connected():
            eventlet.sleep(0.01)
    assert time.monotonic() - began < SOON


def codes() -> set[str]:
    def every(kind: type[EchoError]) -> set[str]:
        return {kind.code}.union(*(every(sub) for sub in kind.__subclasses__()))

    return every(EchoError) - {"failed", "engine_failed", "configuration"}


@pytest.mark.parametrize("cookie", [None, "", "not a token", "x" * 500])
def test_visitors_and_forgers_get_no_socket(app: Flask, things: World, cookie: str | None) -> None:
    client = app.test_client()
    with client.session_transaction() as session:
        session["device"] = cookie
    tab = Tab(app, client)
    assert not tab.socket.is_connected()
    socketio.emit("receive_message", {}, to=rooms.of_conversation(things.ids["conversation_id"]))
    assert tab.listen() == []


@pytest.mark.parametrize("kind", STRANGERS)
@pytest.mark.parametrize("event", EVENTS)
def test_strangers_reach_nothing_by_knowing_an_id(
    event: str, kind: str, things: World, somebody: Becoming
) -> None:
    tab = somebody(kind).tabs[0]
    before = snapshot()
    answer = tab.ask(event, things.payload(event))
    if policies.EVENTS[event] in (Right.OWNER, Right.MEMBER):
        assert answer["error"]["code"] == "not_found", answer
    assert SECRET not in str(answer)
    assert changes(before, snapshot()) == {}
    # and the answer aside: no room of the owner's has been joined
    for room in (
        rooms.of_conversation(things.ids["conversation_id"]),
        rooms.of_user(things.owner.id),
    ):
        socketio.emit("receive_message", {"text": SECRET}, to=room)
    assert SECRET not in str(tab.listen())


@pytest.mark.parametrize("event", EVENTS)
def test_the_same_payload_works_for_the_owner(
    event: str, things: World, somebody: Becoming
) -> None:
    owner = somebody("owner")
    answer = owner.tabs[0].ask(event, things.payload(event))
    assert answer["ok"] is policies.allows(owner.role, policies.EVENTS[event]), answer


@pytest.mark.parametrize("event", EVENTS)
def test_nobody_takes_the_owner_out_of_a_room(
    event: str, things: World, somebody: Becoming
) -> None:
    mine, theirs = somebody("owner").tabs[0], somebody("stranger").tabs[0]
    assert mine.ask("open_conversation", things.payload("open_conversation"))["ok"]
    theirs.ask(event, things.payload(event))
    room = rooms.of_conversation(things.ids["conversation_id"])
    socketio.emit("receive_message", {"text": "Hi"}, to=room)
    assert mine.named("receive_message") == [{"text": "Hi"}]


@pytest.mark.parametrize("event", EVENTS)
def test_being_in_a_room_is_no_right(event: str, things: World, somebody: Becoming) -> None:
    """Rooms say who hears; what one may do is asked of the rows, each time."""
    tab = somebody("stranger").tabs[0]
    (sid,) = (sid for sid, _ in socketio.server.manager.get_participants("/", None) if sid)
    socketio.server.enter_room(sid, rooms.of_conversation(things.ids["conversation_id"]))
    before = snapshot()
    answer = tab.ask(event, things.payload(event))
    if policies.EVENTS[event] in (Right.OWNER, Right.MEMBER):
        assert answer["error"]["code"] == "not_found"
    assert changes(before, snapshot()) == {}


def test_ids_of_a_deleted_conversation_are_worth_nothing(things: World, somebody: Becoming) -> None:
    owner = somebody("owner")
    payloads = {event: things.payload(event) for event in EVENTS}
    path = f"/conversations/{things.ids['conversation_id']}/delete"
    assert owner.browser.ajax(path).status_code == 200
    for event, payload in payloads.items():
        if policies.EVENTS[event] in (Right.OWNER, Right.MEMBER):
            assert owner.tabs[0].ask(event, payload)["error"]["code"] == "not_found", event


def test_a_reply_cannot_be_moved_under_another_persons(things: World, somebody: Becoming) -> None:
    """Ids of two owners in one payload: the one that is one's own opens no door to the other."""
    tab = somebody("stranger").tabs[0]
    own = tab.ask("send_message", {"text": "Mine", "client_id": "m1"})
    tab.wait_for("message_finished", own["reply"]["id"])
    before = snapshot()
    for payload in (
        {"conversation_id": own["conversation_id"], "parent_id": things.ids["message_id"]},
        {"conversation_id": things.ids["conversation_id"], "parent_id": own["reply"]["id"]},
    ):
        answer = tab.ask("send_message", {**payload, "text": "Hi", "client_id": "m2"})
        assert answer["error"]["code"] == "not_found", payload
    mixed = {"conversation_id": own["conversation_id"], "before": things.ids["message_id"]}
    assert tab.ask("open_conversation", mixed)["error"]["code"] == "not_found"
    assert changes(before, snapshot()) == {}


# ── rights that are lost while the socket lives ─────────────────────────────────────────────


def declare(name: str, right: Right) -> None:
    """An event of its own, on the server of this test alone."""
    rule = access.EventRule(name, right, lambda _user, _raw: {})
    socketio.on_event(name, access._answering(rule))


@pytest.fixture
def stronger_events(app: Flask) -> list[Right]:
    """One event for each right that plain users do not have: there is none in the table yet."""
    rights = [Right.CHARTS, Right.PEOPLE, Right.SYSTEM]
    for right in rights:
        declare(f"needs_{right.name}", right)
    return rights


@pytest.mark.parametrize(
    "kind", [kind for kind in PEOPLE if kind not in ("visitor", "deactivated")]
)
def test_each_event_asks_for_its_right(
    kind: str, stronger_events: list[Right], somebody: Becoming
) -> None:
    person = somebody(kind)
    for right in stronger_events:
        answer = person.tabs[0].ask(f"needs_{right.name}", {})
        assert answer["ok"] is policies.allows(person.role, right), right
        if not answer["ok"]:
            assert answer["error"]["code"] == "forbidden"


def test_lost_role_is_lost_at_the_very_next_event(
    stronger_events: list[Right], somebody: Becoming
) -> None:
    """Even when no signal was heard, as when the row is changed by another program."""
    root = somebody("super_admin")
    assert root.tabs[0].ask("needs_SYSTEM", {})["ok"]
    assert root.user is not None
    root.user.role = accounts.role_row(RoleName.ADMIN)
    db.session.commit()
    assert root.tabs[0].ask("needs_SYSTEM", {})["error"]["code"] == "forbidden"
    assert root.tabs[0].ask("needs_PEOPLE", {})["ok"]


def test_role_change_closes_the_open_socket(somebody: Becoming, app: Flask) -> None:
    person = somebody("demoted")
    wait_until_closed(person.tabs[0])
    assert Tab(app, person.browser).socket.is_connected()  # with the rights of the new role


@pytest.mark.parametrize("event", EVENTS)
def test_deactivated_is_signed_out_at_each_event(
    event: str, things: World, somebody: Becoming
) -> None:
    person = somebody("deactivated")
    before = snapshot()
    with contextlib.suppress(RuntimeError):  # its socket may be closed already
        assert person.tabs[0].ask(event, things.payload(event))["error"]["code"] == "signed_out"
    assert changes(before, snapshot()) == {}


def test_deactivated_gets_no_new_socket(somebody: Becoming, app: Flask) -> None:
    person = somebody("deactivated")
    wait_until_closed(person.tabs[0])
    assert not Tab(app, person.browser).socket.is_connected()


@pytest.mark.parametrize("event", EVENTS)
def test_nothing_sent_makes_a_handler_fail(event: str, things: World, somebody: Becoming) -> None:
    tab = somebody("stranger").tabs[0]
    before = snapshot("messages", "conversations")  # a plain text is a message, and is answered
    for payload in GARBAGE:
        answer = tab.ask(event, payload)
        assert answer["ok"] or answer["error"]["code"] in codes(), (payload, answer)
    assert tab.ask(event)["ok"] is False
    assert changes(before, snapshot("messages", "conversations")) == {}


# ── the table itself ────────────────────────────────────────────────────────────────────────


def test_every_event_has_a_row_and_every_row_an_event(app: Flask) -> None:
    bound = set(socketio.server.handlers["/"]) - {"connect", "disconnect", "*"}
    assert bound == set(policies.EVENTS) == set(access.RULES)


def test_event_without_a_row_cannot_be_declared() -> None:
    with pytest.raises(LookupError, match="declares no right"):
        access.event("nobody_knows")
