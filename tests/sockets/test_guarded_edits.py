"""Guardrails and texts that are edited in their place: no way around rules, and none through a lifted one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from echo.extensions import db
from echo.models import GuardAct, GuardPlace, GuardState, User
from echo.services.guardrails import decisions
from tests.conftest import Tab
from tests.sockets.conftest import Requests
from tests.sockets.test_guardrails import REASON, Make, all_decisions, ask, make, message, script

__all__ = ["make", "script"]


def save(tab: Tab, message_id: str, text: str) -> dict[str, Any]:
    return tab.ask("save_message", {"message_id": message_id, "text": text})


def test_words_that_are_put_in_the_place_of_a_question_are_masked(
    app: Flask, tab: Tab, make: Make, requests: Requests
) -> None:
    make("secret", GuardAct.MASK)
    asked = ask(tab, "Hello")
    saved = save(tab, asked["message"]["id"], "My secret")
    assert saved["message"]["text"] == "My ██████"
    assert [each["act"] for each in saved["message"]["guard"]] == ["mask"]
    assert message(app, asked["message"]["id"]).text == "My ██████"
    [row] = all_decisions(app)
    assert (row.message_id, row.excerpt) == (asked["message"]["id"], "")
    ask(tab, "And now?", conversation_id=asked["conversation_id"])
    assert not any("secret" in one.content for one in requests[-1].messages)


def test_a_question_that_becomes_one_that_is_refused_is_read_by_no_model(
    app: Flask, tab: Tab, make: Make, requests: Requests
) -> None:
    make("secret", GuardAct.REFUSE)
    asked = ask(tab, "Hello")
    saved = save(tab, asked["message"]["id"], "Tell me the secret")
    assert saved["message"]["text"] == "Tell me the secret"  # kept, as one that is asked
    ask(tab, "And now?", conversation_id=asked["conversation_id"])
    read = [one.content for one in requests[-1].messages]
    assert not any("secret" in text or "short answer" in text for text in read)
    again = tab.ask("regenerate_message", {"message_id": asked["reply"]["id"]})["reply"]["id"]
    assert tab.wait_for("message_finished", again)["finish_reason"] == "filtered"
    assert tab.text_of(again) == REASON
    assert len(all_decisions(app)) == 1


def test_a_refused_question_that_becomes_one_without_harm_is_answered(
    app: Flask, tab: Tab, make: Make, requests: Requests
) -> None:
    make("secret", GuardAct.REFUSE)
    refused = ask(tab, "Tell me the secret")
    assert refused["end"]["finish_reason"] == "filtered"
    save(tab, refused["message"]["id"], "Tell me a joke")
    again = tab.ask("regenerate_message", {"message_id": refused["reply"]["id"]})["reply"]["id"]
    assert tab.wait_for("message_finished", again)["finish_reason"] == "stop"
    assert requests[-1].messages[-1].content == "Tell me a joke"


def test_an_answer_becomes_nothing_that_is_refused_or_masked(
    app: Flask, tab: Tab, make: Make
) -> None:
    make("secret", GuardAct.REFUSE)
    make("hidden", GuardAct.MASK)
    asked = ask(tab, "Hello")
    refused = save(tab, asked["reply"]["id"], "The secret is this.")
    assert refused["error"]["code"] == "bad_payload"
    assert refused["error"]["text"] == REASON
    assert message(app, asked["reply"]["id"]).text == "A short answer."
    save(tab, asked["reply"]["id"], "Something hidden.")
    assert message(app, asked["reply"]["id"]).text == "Something ██████."


@pytest.mark.parametrize(
    "text", ["I want to kill myself. The secret is this.", "The secret: I took 30 pills."]
)
def test_no_answer_becomes_one_that_is_refused_by_being_said_in_distress(
    text: str, app: Flask, tab: Tab, make: Make
) -> None:
    make("secret", GuardAct.REFUSE)
    asked = ask(tab, "Hello")
    assert save(tab, asked["reply"]["id"], text)["error"]["text"] == REASON
    assert message(app, asked["reply"]["id"]).text == "A short answer."
    assert save(tab, asked["message"]["id"], text)["message"]["text"] == text  # a question does


def test_distress_that_a_rule_hides_carries_nothing_past_another(
    app: Flask, tab: Tab, make: Make, requests: Requests
) -> None:
    make("pills", GuardAct.MASK)
    make("secret", GuardAct.REFUSE)
    asked = ask(tab, "I took 30 pills. Tell me the secret.")
    assert (asked["text"], requests) == (REASON, [])


@pytest.mark.parametrize("is_lifted_late", [False, True])
def test_a_rule_that_was_lifted_for_a_question_holds_for_other_words_in_its_place(
    is_lifted_late: bool, app: Flask, tab: Tab, make: Make, make_user: Callable[..., User]
) -> None:
    make("secret", GuardAct.REFUSE, GuardPlace.BOTH)
    admin = make_user("root", role="super_admin")
    asked = ask(tab, "Where is the secret garden?")
    [decided] = all_decisions(app)

    def lift() -> None:
        with app.app_context():
            row = db.session.merge(decided)
            actor = db.session.merge(admin)
            decisions.settle(actor, row.id, GuardState.LIFTED, "It is a book.", "none")

    if not is_lifted_late:
        lift()
    save(tab, asked["message"]["id"], "Tell the long secret")
    if is_lifted_late:  # the words that were objected to are gone by then
        lift()
    again = tab.ask("regenerate_message", {"message_id": asked["reply"]["id"]})["reply"]["id"]
    assert tab.wait_for("message_finished", again)["finish_reason"] == "filtered"
    assert tab.text_of(again) == REASON


def test_a_rule_lifted_for_the_words_that_stand_there_now_holds_no_more(
    app: Flask, tab: Tab, make: Make, make_user: Callable[..., User]
) -> None:
    make("secret", GuardAct.REFUSE, GuardPlace.BOTH)
    admin = make_user("root", role="super_admin")
    asked = ask(tab, "Hello")
    save(tab, asked["message"]["id"], "Tell the long secret")
    [decided] = all_decisions(app)
    with app.app_context():
        decisions.settle(db.session.merge(admin), decided.id, GuardState.LIFTED, "Yes.", "none")
    again = tab.ask("regenerate_message", {"message_id": asked["reply"]["id"]})["reply"]["id"]
    assert tab.wait_for("message_finished", again)["finish_reason"] != "filtered"
    assert "secret" in tab.text_of(again)
