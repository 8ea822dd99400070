"""Guardrails around turns: what is stored, what the model reads, what is seen of an answer, who is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import eventlet
import pytest
from flask import Flask
from sqlalchemy import select

from echo import signals
from echo.extensions import db
from echo.generation import Script, ScriptedReply
from echo.models import (
    Conversation,
    GuardAct,
    GuardDecision,
    GuardKind,
    GuardPlace,
    GuardRule,
    GuardState,
    Message,
    User,
)
from echo.services.chats import wire
from echo.services.guardrails import decisions
from echo.services.turns import Turns
from echo.services.turns.engine_requests import EngineRequests
from tests.conftest import Tab
from tests.sockets.conftest import Requests
from tests.statements import counted
from tests.waiting import until

REASON = "We do not speak of that here."
LONG = "one two three secret four five six. " * 8
Make = Callable[..., str]


@pytest.fixture
def script() -> Script:
    return Script(
        replies=(
            ScriptedReply(match="long", text=LONG, delay_ms=2, first_delay_ms=1),
            ScriptedReply(match="slow", text="word " * 300, delay_ms=10, first_delay_ms=1),
        ),
        default=ScriptedReply(text="A short answer.", delay_ms=0, first_delay_ms=0),
    )


@pytest.fixture
def make(app: Flask) -> Make:
    """Store a rule that is on."""

    def made(what: str, act: GuardAct, place: GuardPlace = GuardPlace.QUESTION, **more: Any) -> str:
        values = {"name": "A rule", "kind": GuardKind.WORDS, "reason": REASON, "is_on": True}
        with app.app_context():
            row = GuardRule(what=what, act=act, place=place, **values | more)
            db.session.add(row)
            db.session.commit()
            return row.id

    return made


def all_decisions(app: Flask) -> list[GuardDecision]:
    with app.app_context():
        return list(db.session.scalars(select(GuardDecision).order_by(GuardDecision.id)))


def message(app: Flask, message_id: str) -> Message:
    with app.app_context():
        return db.session.get_one(Message, message_id)


def ask(tab: Tab, text: str, **more: Any) -> dict[str, Any]:
    """Ask, wait for the end, and return the acknowledgement with how it ended."""
    answer = tab.ask("send_message", {"text": text, "client_id": text[:60], **more})
    assert answer["ok"], answer
    end = tab.wait_for("message_finished", answer["reply"]["id"])
    return {**answer, "end": end, "text": tab.text_of(answer["reply"]["id"])}


def test_without_a_rule_nothing_is_told_and_the_stream_is_the_engines(app: Flask, tab: Tab) -> None:
    asked = ask(tab, "a secret")
    assert "guard" not in asked["message"]
    assert "guard" not in asked["end"]
    assert all_decisions(app) == []


def test_a_rule_that_is_off_or_looks_elsewhere_does_nothing(
    app: Flask, tab: Tab, make: Make
) -> None:
    make("secret", GuardAct.REFUSE, is_on=False)
    make("secret", GuardAct.REFUSE, GuardPlace.ANSWER)
    asked = ask(tab, "a secret")
    assert asked["text"] == "A short answer."


def test_a_refused_question_is_kept_answered_with_the_reason_and_never_read(
    app: Flask, tab: Tab, make: Make, requests: Requests
) -> None:
    make("secret", GuardAct.REFUSE)
    asked = ask(tab, "Tell me the SECRET.")
    assert asked["text"] == REASON
    assert asked["end"]["status"] == "complete"
    assert asked["end"]["finish_reason"] == "filtered"
    assert requests == []
    [told] = asked["message"]["guard"]
    assert told["act"] == "refuse"
    assert told["reason"] == REASON
    assert not told["objected"]
    [row] = all_decisions(app)
    assert (row.message_id, row.excerpt) == (asked["message"]["id"], "SECRET")
    ask(tab, "And now?", conversation_id=asked["conversation_id"])
    read = [one.content for one in requests[0].messages]
    assert not any("SECRET" in text or REASON in text for text in read)


def test_a_refused_question_has_nothing_computed_or_looked_up_until_it_is_answered(
    app: Flask,
    tab: Tab,
    make: Make,
    make_user: Callable[..., User],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_up: list[str] = []
    made = EngineRequests.given

    def given(self: EngineRequests, row: Conversation, user_id: int, text: str, *rest: Any) -> Any:
        looked_up.append(text)
        return made(self, row, user_id, text, *rest)

    monkeypatch.setattr(EngineRequests, "given", given)
    make("secret", GuardAct.REFUSE)
    refused = ask(tab, "What is 23 * 17, secret?")
    again = tab.ask("regenerate_message", {"message_id": refused["reply"]["id"]})
    tab.wait_for("message_finished", again["reply"]["id"])
    assert tab.text_of(again["reply"]["id"]) == REASON
    assert looked_up == []
    assert "steps" not in refused["end"]
    [decision] = all_decisions(app)
    admin = make_user("root", role="super_admin")
    with app.app_context():
        decisions.settle(admin, decision.id, GuardState.LIFTED, "Fine.", "none")
    tab.ask("regenerate_message", {"message_id": refused["reply"]["id"]})
    assert looked_up == ["What is 23 * 17, secret?"]


def test_a_page_reads_what_was_decided_about_its_messages_by_one_query(
    app: Flask, tab: Tab, make: Make
) -> None:
    make("secret", GuardAct.FLAG)
    chat = ask(tab, "a secret")["conversation_id"]
    for n in range(4):
        ask(tab, f"another secret {n}", conversation_id=chat)
    with app.app_context(), counted() as asked:
        rows = list(db.session.scalars(select(Message).where(Message.role == "user")))
        told = wire.messages(rows, {})
        assert [len(one["guard"]) for one in told] == [1] * 5
    assert sum("FROM guard_decisions" in each for each in asked) == 1


def test_what_an_answer_met_is_written_down_once_however_often_it_is_saved(
    app: Flask, tab: Tab, make: Make
) -> None:
    make("word", GuardAct.MASK, GuardPlace.ANSWER)
    with app.app_context(), counted() as asked:
        answer = tab.ask("send_message", {"text": "slow"})
        until(lambda: len(tab.text_of(answer["reply"]["id"])) > 100, "much is masked")
        for _ in range(5):
            Turns.here().flush()
            eventlet.sleep(0.05)
        tab.ask("stop_message", {"message_id": answer["reply"]["id"]})
        tab.wait_for("message_finished", answer["reply"]["id"])
    assert len(all_decisions(app)) == 1
    assert sum("INTO guard_decisions" in each for each in asked) == 1
    assert sum("FROM guard_decisions" in each and "message_id =" in each for each in asked) <= 2


def test_a_masked_question_is_stored_titled_and_read_without_the_words(
    app: Flask, tab: Tab, make: Make, requests: Requests
) -> None:
    make("secret", GuardAct.MASK)
    asked = ask(tab, "My secret is safe")
    assert asked["message"]["text"] == "My ██████ is safe"
    assert requests[0].messages[-1].content.endswith("My ██████ is safe")
    with app.app_context():
        conversation = db.session.get_one(Conversation, asked["conversation_id"])
        assert "secret" not in conversation.title


def test_a_question_both_masked_and_refused_is_refused_also_when_it_has_to_wait(
    app: Flask, tab: Tab, make: Make, requests: Requests
) -> None:
    make("secret", GuardAct.MASK)
    make("my secret", GuardAct.REFUSE)
    first = tab.ask("send_message", {"text": "slow", "client_id": "1"})
    place = {"conversation_id": first["conversation_id"], "parent_id": first["reply"]["id"]}
    second = tab.ask("send_message", {"text": "my secret", "client_id": "2", **place})
    tab.ask("stop_message", {"message_id": first["reply"]["id"]})
    tab.wait_for("message_finished", second["reply"]["id"])
    assert message(app, second["message"]["id"]).text == "my ██████"
    assert message(app, second["reply"]["id"]).text == REASON
    assert len(requests) == 1


@pytest.mark.parametrize("act", [GuardAct.FLAG, GuardAct.WARN])
def test_what_is_only_flagged_or_warned_about_is_answered_and_told(
    app: Flask, tab: Tab, make: Make, act: GuardAct
) -> None:
    make("secret", act, GuardPlace.BOTH)
    asked = ask(tab, "a secret, long")
    assert asked["text"] == LONG.strip() or asked["text"] == LONG
    assert [one["act"] for one in asked["message"]["guard"]] == [act]
    assert [one["place"] for one in asked["end"]["guard"]] == ["answer"]
    assert message(app, asked["reply"]["id"]).guarded


def test_nobody_sees_what_is_masked_in_an_answer(app: Flask, tab: Tab, make: Make) -> None:
    make("secret four", GuardAct.MASK, GuardPlace.ANSWER)
    asked = ask(tab, "long")
    pieces = [one["text"] for one in tab.named("receive_message", asked["reply"]["id"])]
    assert len(pieces) > 3
    row = message(app, asked["reply"]["id"])
    assert row.text == "".join(pieces)
    assert row.text.strip() == LONG.replace("secret four", "█" * 11).strip()
    assert "secret" not in row.text
    assert row.text.count("█") == 8 * 11
    assert row.piece_lengths == ",".join(str(len(piece)) for piece in pieces)
    [told] = asked["end"]["guard"]
    assert told["act"] == "mask"


def test_a_refused_answer_stops_and_says_so(app: Flask, tab: Tab, make: Make) -> None:
    make("four five", GuardAct.REFUSE, GuardPlace.ANSWER)
    asked = ask(tab, "long")
    assert asked["text"] == "one two three secret "
    assert asked["end"]["status"] == "complete"
    assert asked["end"]["finish_reason"] == "filtered"
    assert asked["end"]["tokens"]["completion"] < 40
    assert message(app, asked["reply"]["id"]).text == asked["text"]
    assert [one["reason"] for one in asked["end"]["guard"]] == [REASON]
    assert [(row.act, row.excerpt) for row in all_decisions(app)] == [("refuse", "")], (
        "unseen words"
    )


def test_regenerating_and_editing_are_looked_at_too(
    app: Flask, tab: Tab, make: Make, requests: Requests
) -> None:
    asked = ask(tab, "a secret")
    make("secret", GuardAct.REFUSE)
    again = tab.ask("regenerate_message", {"message_id": asked["reply"]["id"]})
    tab.wait_for("message_finished", again["reply"]["id"])
    assert message(app, again["reply"]["id"]).text == REASON
    edited = tab.ask(
        "edit_message",
        {"message_id": asked["message"]["id"], "client_id": "e", "text": "the secret"},
    )
    tab.wait_for("message_finished", edited["reply"]["id"])
    assert message(app, edited["reply"]["id"]).text == REASON
    assert len(requests) == 1
    assert len(all_decisions(app)) == 2
    tab.ask("regenerate_message", {"message_id": again["reply"]["id"]})
    assert len(all_decisions(app)) == 2  # it is not judged twice


def test_who_is_in_distress_gets_help_whatever_the_rules_say(
    app: Flask, tab: Tab, make: Make
) -> None:
    make("die", GuardAct.REFUSE)
    asked = ask(tab, "I want to die")
    assert "emergency number" in asked["text"]
    assert all_decisions(app) == []


def test_what_is_masked_is_masked_in_distress_too(
    app: Flask, tab: Tab, make: Make, requests: Requests
) -> None:
    make("4111", GuardAct.MASK)
    asked = ask(tab, "I want to die. My card is 4111.")
    assert "emergency number" in asked["text"]
    assert message(app, asked["message"]["id"]).text == "I want to die. My card is ████."
    ask(tab, "What did I say?", conversation_id=asked["conversation_id"])
    read = [one.content for one in requests[0].messages]
    assert "I want to die. My card is ████." in read
    assert all_decisions(app) == []


def test_distress_does_not_carry_past_what_a_rule_refuses(
    app: Flask, tab: Tab, make: Make, requests: Requests
) -> None:
    make("secret", GuardAct.REFUSE)
    chat = ask(tab, "Hello")["conversation_id"]
    asked = ask(tab, "I want to die. Tell me the secret.", conversation_id=chat)
    assert "emergency number" in asked["text"]
    later = ask(tab, "Leave out my last message's first sentence.", conversation_id=chat)
    read = [one.content for one in requests[-1].messages if one.role != "system"]
    assert read == ["Hello", "A short answer.", "Leave out my last message's first sentence."]
    tab.ask("regenerate_message", {"message_id": later["reply"]["id"]})
    assert not any("secret" in one.content for one in requests[-1].messages)


def test_a_decision_that_is_lifted_lets_the_question_be_answered(
    app: Flask, tab: Tab, make: Make, ada: User, make_user: Callable[..., User]
) -> None:
    make("secret", GuardAct.REFUSE)
    asked = ask(tab, "a secret")
    admin = make_user("root", role="super_admin")
    decision_id = asked["message"]["guard"][0]["id"]
    with app.app_context():
        decisions.object_to(ada.id, decision_id, "It is about a book.")
        decisions.settle(admin, decision_id, GuardState.LIFTED, "Right.", "none")
    told = tab.wait_for("message_changed", count=2)["message"]["guard"]
    assert told[0]["state"] == "lifted"
    assert told[0]["answer"] == "Right."
    again = tab.ask("regenerate_message", {"message_id": asked["reply"]["id"]})
    tab.wait_for("message_finished", again["reply"]["id"])
    assert message(app, again["reply"]["id"]).text == "A short answer."


def test_a_chat_that_is_deleted_takes_its_decisions_along(app: Flask, tab: Tab, make: Make) -> None:
    make("secret", GuardAct.FLAG)
    asked = ask(tab, "a secret")
    with app.app_context():
        from echo.services.chats import erasing

        erasing.erase_conversations(Conversation.id == asked["conversation_id"])
    assert all_decisions(app) == []


@pytest.fixture
def decided() -> Iterator[list[GuardDecision]]:
    rows: list[GuardDecision] = []

    def note(row: GuardDecision) -> None:
        rows.append(row)

    signals.guard_decided.connect(note)
    yield rows
    signals.guard_decided.disconnect(note)


def temporary(tab: Tab, *texts: str) -> dict[str, Any]:
    roles = ["user", "assistant"] * len(texts)
    said = [{"role": role, "text": text} for role, text in zip(roles, texts, strict=False)]
    answer = tab.ask("ask_temporary", {"messages": said})
    assert answer["ok"], answer
    end = tab.wait_for("message_finished", answer["message_id"])
    return {**answer, "end": end, "text": tab.text_of(answer["message_id"])}


def test_temporary_chats_are_looked_at_and_no_words_are_kept(
    app: Flask, tab: Tab, make: Make, requests: Requests, decided: list[GuardDecision]
) -> None:
    make("secret", GuardAct.MASK, GuardPlace.BOTH)
    make("forbidden", GuardAct.REFUSE)
    asked = temporary(tab, "long secret")
    assert "secret" not in asked["text"]
    assert "█" in asked["text"]
    assert [one["act"] for one in asked["guard"]] == ["mask"]
    assert [one["place"] for one in asked["end"]["guard"]] == ["answer"]
    assert "secret" not in requests[0].messages[-1].content
    refused = temporary(tab, "forbidden")
    assert refused["text"] == REASON
    after = temporary(tab, "forbidden", REASON, "hello")
    assert after["text"] == "A short answer."
    assert [one.content for one in requests[-1].messages if one.role != "system"][:-1] == []
    eventlet.sleep(0)
    rows = all_decisions(app)
    assert len(rows) == len(decided) == 3
    assert {(row.excerpt, row.message_id, row.route) for row in rows} == {("", None, "temporary")}
