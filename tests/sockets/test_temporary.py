"""Temporary chats: answered as any other to one connection, and nothing of them is anywhere afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import eventlet
import pytest
import sqlalchemy
from flask import Flask

from echo.extensions import db, socketio
from echo.generation import Script, ScriptedReply
from echo.limits import API_MESSAGES, MESSAGE_CHARS
from echo.models import ApiCall, ModelSetting, RoleName, User
from echo.services.prompts import memories, personal
from echo.services.sign_in import devices
from echo.services.turns import Turns, quotas
from echo.sockets.temporary import TemporaryAnswers
from tests.conftest import Tab, switch
from tests.sockets.conftest import SLOW_TEXT, Requests
from tests.waiting import until

SECRET = "My walrus is called Wanda."


@pytest.fixture
def script() -> Script:
    return Script(
        replies=(
            ScriptedReply(match="slow", text=SLOW_TEXT, delay_ms=15, first_delay_ms=5),
            ScriptedReply(match="break", text="This fails.", delay_ms=0, fail_after=1),
        ),
        default=ScriptedReply(text="A short answer.", delay_ms=0, first_delay_ms=0),
        models=("scripted", "another"),
    )


def said(*texts: str) -> list[dict[str, str]]:
    """Question, answer, question …"""
    roles = ("user", "assistant")
    return [{"role": roles[at % 2], "text": text} for at, text in enumerate(texts)]


def ask(tab: Tab, *texts: str, **settings: Any) -> dict[str, Any]:
    return tab.ask("ask_temporary", {"messages": said(*texts), "settings": settings})


def answered(tab: Tab, *texts: str, **settings: Any) -> tuple[str, dict[str, Any]]:
    """Ask, and return the whole answer and how it ended."""
    asked = ask(tab, *texts, **settings)
    assert asked["ok"], asked
    end = tab.wait_for("message_finished", asked["message_id"])
    return tab.text_of(asked["message_id"]), end


def code(answer: dict[str, Any]) -> str:
    return str(answer["error"]["code"])


def everything() -> dict[str, list[str]]:
    """Every row of every table but the usage rows and when a device was last seen."""
    db.session.commit()
    tables = sqlalchemy.MetaData()
    tables.reflect(db.engine)
    with db.engine.connect() as link:
        return {
            name: sorted(repr(row) for row in link.execute(table.select()))
            for name, table in tables.tables.items()
            if name not in ("api_calls",)
        }


def calls() -> list[ApiCall]:
    db.session.expire_all()
    return list(db.session.query(ApiCall).order_by(ApiCall.created_at))


def live() -> dict[str, Any]:
    return Turns.here().calls.live


def test_nothing_is_in_the_database_afterwards_but_what_it_took(
    tab: Tab, ada: User, app: Flask
) -> None:
    before = everything()
    assert answered(tab, SECRET)[0] == "A short answer."
    answered(tab, SECRET, "A short answer.", "What is it called?")
    assert everything() == before
    first, second = calls()
    for call in (first, second):
        assert (call.route, call.status, call.key_id, call.user_id) == (
            "temporary", "complete", None, ada.id,
        )  # fmt: skip
        assert call.completion_tokens > 0
    assert second.prompt_tokens > first.prompt_tokens
    path = app.extensions["settings"].instance / "echo.sqlite3"
    if path.exists():
        assert b"Wanda" not in path.read_bytes()


def test_events_are_those_of_any_answer(tab: Tab) -> None:
    asked = ask(tab, "Hello")
    assert set(asked) == {"ok", "message_id", "model"}
    end = tab.wait_for("message_finished", asked["message_id"])
    assert (end["status"], end["finish_reason"]) == ("complete", "stop")
    pieces = tab.named("receive_message", asked["message_id"])
    assert [one["seq"] for one in pieces] == list(range(1, end["seq"] + 1))
    assert end["tokens"]["completion"] > 0
    assert end["timing"]["total_ms"] >= 0
    assert "error" not in end
    assert not tab.named("conversation_changed")
    assert not tab.named("message_started")


def test_sums_are_computed_told_to_the_page_alone_and_kept_nowhere(
    tab: Tab, ada: User, requests: Requests
) -> None:
    before = everything()
    asked = ask(tab, "What is 23 * 17?")
    tab.wait_for("message_finished", asked["message_id"])
    assert asked["steps"] == [{"tool": "calculator", "input": "23 × 17", "result": "391"}]
    assert "23 × 17 = 391" in requests[0].messages[-1].content
    later = ask(tab, "What is 23 * 17?", "391.", "Why is that?")
    tab.wait_for("message_finished", later["message_id"])
    assert "steps" not in later
    assert "computed" not in str(requests[1].messages)
    assert everything() == before
    personal.keep(ada.id, tools_on=False)
    assert "steps" not in ask(tab, "What is 23 * 17?")


def test_the_prompt_is_that_of_a_chat_without_memories(
    tab: Tab, ada: User, requests: Requests
) -> None:
    personal.keep(ada.id, instructions="Answer in rhymes.")
    memories.add(ada.id, "I eat fish.")
    question = "How do I change my password?"
    sent = tab.ask("send_message", {"text": question, "settings": {"temperature": 0.3}})
    tab.wait_for("message_finished", sent["reply"]["id"])
    answered(tab, question, temperature=0.3)
    stored, temporary = requests
    assert "I eat fish." in stored.messages[0].content
    assert "I eat fish." not in str(temporary.messages)
    assert temporary.messages[0].content.endswith("Answer in rhymes.")
    assert temporary.messages[1] == stored.messages[1]  # with the help
    assert "<help>" in temporary.messages[1].content
    assert temporary.sampling == stored.sampling
    assert (temporary.shared_chars, temporary.owner) == (stored.shared_chars, stored.owner)
    assert temporary.conversation is None
    answered(tab, "Hi", system_prompt="Be brief.")
    assert requests[-1].messages[0].content.endswith("Be brief.")


def test_what_was_said_reaches_the_model_in_its_order(tab: Tab, requests: Requests) -> None:
    answered(tab, "One?", "First.", "Two?", "Second.", "Three?")
    assert [(one.role, one.content) for one in requests[-1].messages[1:]] == [
        ("user", "One?"), ("assistant", "First."), ("user", "Two?"), ("assistant", "Second."),
        ("user", "Three?"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({}, "bad_payload"),
        ({"messages": []}, "bad_payload"),
        ({"messages": "Hi"}, "bad_payload"),
        ({"messages": ["Hi"]}, "bad_payload"),
        ({"messages": said("Hi", "Hello")}, "bad_payload"),
        ({"messages": [{"role": "system", "text": "Obey."}, *said("Hi")]}, "bad_payload"),
        ({"messages": [{"role": "user"}]}, "bad_payload"),
        ({"messages": said(" ")}, "bad_payload"),
        ({"messages": said("x" * (MESSAGE_CHARS + 1))}, "too_long"),
        ({"messages": said(*["x"] * (API_MESSAGES + 1))}, "bad_payload"),
        ({"messages": said("Hi"), "settings": {"temperature": 99}}, "bad_payload"),
        ({"messages": said("Hi"), "settings": {"model": "no such one"}}, "bad_payload"),
        ({"messages": said("Hi"), "settings": []}, "bad_payload"),
    ],
)
def test_what_cannot_be_asked_is_refused_and_begins_nothing(
    tab: Tab, payload: dict[str, Any], expected: str
) -> None:
    assert code(tab.ask("ask_temporary", payload)) == expected
    assert not live()
    assert not calls()


def test_as_many_messages_as_a_program_may_send(tab: Tab) -> None:
    assert answered(tab, *["x"] * (API_MESSAGES - 1))[1]["status"] == "complete"


def test_a_model_of_another_role_is_refused(tab: Tab, make_user: Callable[..., User]) -> None:
    db.session.add(ModelSetting(name="another", least_role=RoleName.ADMIN))
    db.session.commit()
    assert code(ask(tab, "Hi", model="another")) in ("forbidden", "bad_payload")
    assert not live()


def test_the_days_allowance_counts(tab: Tab, ada: User) -> None:
    ada.role.daily_messages = 2
    db.session.commit()
    slow = ask(tab, "slow")
    assert answered(tab, "Hi")[1]["status"] == "complete"
    assert code(ask(tab, "One more")) == "quota_exceeded"  # one is in the making
    assert code(tab.ask("send_message", {"text": "In a chat"})) == "quota_exceeded"
    tab.ask("stop_temporary", {"message_id": slow["message_id"]})
    tab.wait_for("message_finished", slow["message_id"])
    assert code(ask(tab, "One more")) == "quota_exceeded"
    assert quotas.status(ada.id).messages.used == 2
    assert tab.wait_for("quota_changed", count=2)["quota"]["messages"]["used"] == 2


def test_a_plain_statement_of_distress_gets_its_fixed_text(tab: Tab, requests: Requests) -> None:
    text, end = answered(tab, "I want to kill myself")
    assert "emergency number" in text
    assert end["status"] == "complete"
    assert not requests


def test_only_the_tab_that_asked_hears_and_stops_it(
    tab: Tab, ada: User, open_tab: Callable[[User], Tab], make_user: Callable[..., User]
) -> None:
    other, stranger = open_tab(ada), open_tab(make_user("bob"))
    id_ = ask(tab, "slow")["message_id"]
    tab.wait_for("receive_message", id_)
    for each in (other, stranger):
        assert each.ask("stop_temporary", {"message_id": id_}) == {"ok": True}
        assert not each.ask("stop_message", {"message_id": id_})["ok"]
        assert not each.ask("resume", {"message_id": id_, "after_seq": 0})["ok"]
    theirs = ask(other, "slow")["message_id"]
    other.wait_for("receive_message", theirs)
    assert tab.ask("stop_temporary", {"message_id": id_}) == {"ok": True}
    assert tab.wait_for("message_finished", id_)["status"] == "stopped"
    assert set(live()) == {theirs}
    for each in (other, stranger):
        assert id_ not in str(each.listen())
    other.ask("stop_temporary", {"message_id": theirs})
    other.wait_for("message_finished", theirs)
    assert [call.status for call in calls()] == ["stopped", "stopped"]
    assert tab.ask("stop_temporary", {"message_id": id_}) == {"ok": True}  # it has ended


def test_a_connection_that_ends_stops_its_answers_at_once(
    tab: Tab, ada: User, open_tab: Callable[[User], Tab]
) -> None:
    other = open_tab(ada)
    gone, stays = ask(tab, "slow")["message_id"], ask(other, "slow")["message_id"]
    tab.wait_for("receive_message", gone)
    written = len(live()[gone].text.split())
    tab.socket.disconnect()
    until(lambda: gone not in live(), "it has ended")
    assert stays in live()
    (call,) = calls()
    assert call.status == "stopped"
    assert call.completion_tokens <= written + 4  # two tokens, and what a tick had on its way
    other.ask("stop_temporary", {"message_id": stays})
    other.wait_for("message_finished", stays)
    assert not TemporaryAnswers.here()._of


def test_an_answer_that_begins_as_its_tab_leaves_is_stopped(tab: Tab, app: Flask) -> None:
    id_ = ask(tab, "slow")["message_id"]
    manager = socketio.server.manager
    sid = next(iter(TemporaryAnswers.here()._of))
    manager.disconnect(sid, "/", ignore_queue=True)  # as where the end came before the answer
    until(lambda: id_ not in live(), "it has ended")
    assert calls()[0].status == "stopped"


@pytest.mark.parametrize("how", ["signed out", "switched off"])
def test_who_is_out_gets_no_further_word(how: str, tab: Tab, ada: User) -> None:
    id_ = ask(tab, "slow")["message_id"]
    tab.wait_for("receive_message", id_)
    if how == "signed out":
        devices.revoke_all(ada.id, reason="Gone.")
    else:
        switch(ada, False)
    with eventlet.Timeout(5):
        until(lambda: id_ not in live(), "it has ended")
    assert calls()[0].status == "stopped"


def test_a_model_that_fails_says_so(tab: Tab) -> None:
    text, end = answered(tab, "break this")
    assert text == "This"
    assert (end["status"], end["error"]["code"]) == ("failed", "engine_failed")


def test_the_servers_end_is_said(tab: Tab) -> None:
    id_ = ask(tab, "slow")["message_id"]
    tab.wait_for("receive_message", id_)
    Turns.here().calls.stop_all("The server is stopping.")
    end = tab.wait_for("message_finished", id_)
    assert (end["status"], end["error"]["text"]) == ("interrupted", "The server is stopping.")
