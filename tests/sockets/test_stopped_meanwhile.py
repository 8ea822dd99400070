"""What ends while an answer is being started (the right to ask, the chat, the answer) does not go on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from echo.errors import SignedOut
from echo.extensions import db
from echo.models import Message, MessageStatus, User
from echo.services.chats import conversations
from echo.services.turns import Call, ChatMessage, Turns, edits, guarded, rows
from echo.services.turns.engine_requests import EngineRequests
from tests.conftest import Tab, switch
from tests.sockets.conftest import Requests
from tests.sockets.test_turn_starts import ask, asked, edit, go_on, regenerate
from tests.waiting import until

__all__ = ["asked"]

Act = Callable[[], object]
Begin = Callable[[Tab, dict[str, Any]], dict[str, Any]]


@pytest.fixture
def after(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str, Act], None]:
    """Have something happen once, when a function has done what takes long and others had their turn."""

    def when(place: Any, name: str, act: Act) -> None:
        slow = getattr(place, name)

        def done(*args: Any, **more: Any) -> Any:
            found = slow(*args, **more)
            db.session.commit()  # others have the connection meanwhile
            monkeypatch.setattr(place, name, slow)
            with app.app_context():
                act()
            return found

        monkeypatch.setattr(place, name, done)

    return when


def send(tab: Tab, asked: dict[str, Any]) -> dict[str, Any]:
    fields = {"text": "More", "conversation_id": asked["conversation_id"], "client_id": "c2"}
    return tab.ask("send_message", fields)


def begin_chat(tab: Tab, _asked: dict[str, Any]) -> dict[str, Any]:
    return tab.ask("send_message", {"text": "New", "client_id": "c9"})


def reword(tab: Tab, asked: dict[str, Any]) -> dict[str, Any]:
    fields = {"message_id": asked["message"]["id"], "client_id": "c3", "text": "Other words"}
    return tab.ask("edit_message", fields)


def answer_again(tab: Tab, asked: dict[str, Any]) -> dict[str, Any]:
    return tab.ask("regenerate_message", {"message_id": asked["reply"]["id"]})


def go_further(tab: Tab, asked: dict[str, Any]) -> dict[str, Any]:
    return tab.ask("continue_message", {"message_id": asked["reply"]["id"]})


def stored() -> int:
    return int(db.session.scalar(select(func.count(Message.id))) or 0)


def end_of(app: Flask, message_id: str) -> Message:
    until(lambda: message_id not in Turns.of(app).live, "the end of an answer")
    db.session.expire_all()
    return db.session.get_one(Message, message_id)


# ── an account that is switched off ─────────────────────────────────────────────────────────


@pytest.mark.parametrize("begin", [send, begin_chat, reword, answer_again])
def test_nothing_is_stored_for_an_account_that_was_switched_off_meanwhile(
    begin: Begin, after: Any, tab: Tab, asked: dict[str, Any], ada: User, requests: Requests
) -> None:
    before = stored()
    after(rows, "history", lambda: switch(ada, False))
    assert begin(tab, asked)["error"]["code"] == "signed_out"
    assert stored() == before
    assert not Turns.here().live


def test_no_answer_goes_on_for_an_account_that_was_switched_off_before(
    after: Any, app: Flask, tab: Tab, asked: dict[str, Any], ada: User
) -> None:
    reply, text = asked["reply"]["id"], tab.text_of(asked["reply"]["id"])
    after(EngineRequests, "around", lambda: switch(ada, False))
    assert go_further(tab, asked)["error"]["code"] == "signed_out"
    row = end_of(app, reply)
    assert row.status == MessageStatus.STOPPED
    assert len(row.text) - len(text) < 100


def test_a_temporary_question_is_not_answered_either(
    after: Any, tab: Tab, ada: User, requests: Requests
) -> None:
    after(guarded, "temporary", lambda: switch(ada, False))
    told = tab.ask("ask_temporary", {"messages": [{"role": "user", "text": "slow"}]})
    assert told["error"]["code"] == "signed_out"
    assert not Turns.here().calls.live


def test_a_program_is_not_answered_either(after: Any, ada: User) -> None:
    after(guarded, "call", lambda: switch(ada, False))
    program: Any = type("Shown", (), {"user": ada, "shown_id": None, "key_id": None})
    with pytest.raises(SignedOut):
        Turns.here().calls.ask(program, Call("completions", (ChatMessage("user", "slow"),)))
    assert not Turns.here().calls.live


def test_words_that_rules_have_looked_at_meanwhile_are_not_saved(
    after: Any, asked: dict[str, Any], ada: User
) -> None:
    after(guarded, "look", lambda: switch(ada, False))
    with pytest.raises(SignedOut):
        edits.save(ada.id, asked["message"]["id"], "Other words")
    assert db.session.get_one(Message, asked["message"]["id"]).text == "slow please"


def test_the_end_of_others_stops_nobody(
    after: Any, tab: Tab, asked: dict[str, Any], ada: User, make_user: Callable[..., User]
) -> None:
    for number, begin in enumerate((ask, edit, regenerate)):
        after(rows, "history", partial(switch, make_user(f"ben{number}"), False))
        reply = begin(tab, asked)
        assert tab.wait_for("message_finished", reply)["status"] == "complete"
    other = begin_chat(tab, asked)["conversation_id"]
    after(rows, "history", partial(conversations.remove, ada.id, other))
    assert not Turns.here().live[go_on(tab, asked)].stopping
    tab.ask("stop_message", {"message_id": asked["reply"]["id"]})


# ── an answer that is stopped before it has gone on ─────────────────────────────────────────


@pytest.fixture
def ends(asked: dict[str, Any], ada: User, open_tab: Callable[[User], Tab]) -> dict[str, Act]:
    """Ways in which an answer ends while it is being started."""
    other = open_tab(ada)
    chat, reply, ada_id = asked["conversation_id"], asked["reply"]["id"], ada.id
    return {
        "stopped": lambda: other.ask("stop_message", {"message_id": reply}),
        "chat deleted": partial(conversations.remove, ada_id, chat),
        "account switched off": lambda: switch(db.session.get_one(User, ada_id), False),
        "stopped elsewhere": lambda: Turns.here().everywhere._stop_reply(reply),
    }


@pytest.mark.parametrize(
    "end", ["stopped", "chat deleted", "account switched off", "stopped elsewhere"]
)
def test_an_answer_that_ends_while_it_is_being_continued_does_not_go_on(
    end: str, ends: dict[str, Act], after: Any, app: Flask, tab: Tab, asked: dict[str, Any]
) -> None:
    reply = asked["reply"]["id"]
    before = db.session.get_one(Message, reply).text
    after(rows, "history", ends[end])
    assert go_further(tab, asked)["ok"]
    row = end_of(app, reply)
    assert row.status == MessageStatus.STOPPED
    assert len(row.text) - len(before) < 100
    assert not Turns.here()._starting


def test_a_question_whose_turn_comes_while_it_is_stopped_is_not_answered(
    after: Any, app: Flask, tab: Tab, asked: dict[str, Any]
) -> None:
    first = tab.ask("send_message", {"text": "slow one", "client_id": "c5"})
    waiting = tab.ask(
        "send_message",
        {"text": "slow two", "client_id": "c6", "conversation_id": first["conversation_id"]},
    )["reply"]["id"]
    after(rows, "history", lambda: Turns.here().everywhere._stop_reply(waiting))
    tab.ask("stop_message", {"message_id": first["reply"]["id"]})
    row = end_of(app, waiting)
    assert (row.status, len(row.text) < 100) == (MessageStatus.STOPPED, True)


def test_a_stop_before_it_goes_on_holds_for_that_time_alone(
    ends: dict[str, Act], after: Any, app: Flask, tab: Tab, asked: dict[str, Any]
) -> None:
    reply = asked["reply"]["id"]
    after(rows, "history", ends["stopped"])
    go_further(tab, asked)
    seen = len(end_of(app, reply).text)
    go_further(tab, asked)
    turn = Turns.here().live[reply]
    until(lambda: len(turn.text) > seen + 20, "more of the answer")
    tab.ask("stop_message", {"message_id": reply})


def test_an_answer_is_continued_once_at_a_time(
    ends: dict[str, Act], after: Any, tab: Tab, asked: dict[str, Any]
) -> None:
    told: list[dict[str, Any]] = []
    after(EngineRequests, "around", lambda: None)
    after(rows, "history", lambda: told.append(go_further(tab, asked)))
    assert go_further(tab, asked)["ok"]
    assert told[0]["error"]["code"] == "conflict"
    assert asked["reply"]["id"] in Turns.here().live
    tab.ask("stop_message", {"message_id": asked["reply"]["id"]})
