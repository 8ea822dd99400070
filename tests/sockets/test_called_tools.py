"""Tools that the model calls in real turns: what its readers see, what is stored, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from echo.errors import StorageUnavailable
from echo.extensions import db
from echo.generation import GenerationRequest, Script, ScriptedReply
from echo.models import (
    Conversation,
    GuardAct,
    GuardKind,
    GuardPlace,
    GuardRule,
    Message,
    ModelSetting,
    User,
)
from echo.services import site_settings
from echo.services.prompts import personal
from echo.services.sharing import members
from echo.services.tools import functions
from echo.services.turns import Turns, giving, toolbox
from tests.conftest import Tab
from tests.sockets.conftest import Requests
from tests.sockets.test_documents import added
from tests.sockets.test_help import ask
from tests.waiting import until

BILL = "I buy 17 books at 23 euros. What do I pay?"
STEP = {"tool": "calculator", "input": "23 × 17", "result": "391"}


def call(name: str, **arguments: Any) -> str:
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments})}\n</tool_call>"


def says(match: str, text: str, **more: Any) -> ScriptedReply:
    return ScriptedReply(match=match, text=text, **{"delay_ms": 0, "first_delay_ms": 0, **more})


@pytest.fixture
def knows() -> bool:
    """Whether the model's template knows functions."""
    return True


@pytest.fixture
def script(knows: bool) -> Script:
    """The first that matches the last thing read answers: a result of a tool before the questions."""
    slow = "word " * 400
    return Script(
        functions=knows,
        replies=(
            says("23 × 17 = 391", "You pay 391 euros."),
            says("1 + 1 = 2", slow, delay_ms=10),
            says("4 × 4 = 16\n</computed>", "It is 16."),
            says("4 × 4", call("calculator", expression="4*4")),
            says("There is no function", "I cannot do that."),
            says("burrows at dusk", call(functions.SEARCH, query="where puffins breed")),
            says("Look twice", call(functions.SEARCH, query="puffins breed")),
            says("a ship", "In burrows [1], of wood [2]."),
            says("breed in burrows of sand", call(functions.SEARCH, query="a keel")),
            says("Puffins breed", "In burrows [1]."),
            says("may not be looked for", "Never mind."),
            says("books", "One moment.\n\n" + call("calculator", expression="23 * 17")),
            says("slowly", call("calculator", expression="1+1")),
            says("forever", call("calculator", expression="4*4")),
            says("hostile", call("fetch", address="http://169.254.169.254/")),
            says("files", call(functions.SEARCH, query="puffins breed")),
            says("secret", call(functions.SEARCH, query="the xyzzy word")),
            says("date", call("calendar")),
        ),
        default=says("*", "A short answer."),
    )


@pytest.fixture(autouse=True)
def settled(app: Flask) -> ModelSetting:
    """What administrators have settled about the model: that it may call tools."""
    row = ModelSetting(name="scripted", calls_tools=True)
    db.session.add(row)
    db.session.commit()
    return row


def hide(word: str) -> None:
    values = {"name": "A rule", "kind": GuardKind.WORDS, "reason": "Because.", "is_on": True}
    db.session.add(GuardRule(what=word, act=GuardAct.MASK, place=GuardPlace.ANSWER, **values))
    db.session.commit()


def text_of(tab: Tab, asked: dict[str, Any]) -> str:
    return tab.text_of(asked["reply"]["id"])


def row_of(asked: dict[str, Any]) -> Message:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Message, asked["reply"]["id"])


def offered(request: GenerationRequest) -> list[str]:
    return [one.name for one in request.tools]


def test_a_call_becomes_a_step_and_its_result_words(tab: Tab, requests: Requests) -> None:
    asked = ask(tab, BILL)
    assert text_of(tab, asked) == "One moment.\n\nYou pay 391 euros."
    assert "steps" not in asked["reply"]
    reply_id = asked["reply"]["id"]
    assert tab.named("message_steps", reply_id) == [{"message_id": reply_id, "steps": [STEP]}]
    names = [name for name, told in tab.heard if told.get("message_id") == reply_id]
    assert names.index("message_steps") < len(names) - 1 - names[::-1].index("receive_message")
    assert tab.named("message_finished", reply_id)[0]["steps"] == [STEP]
    row = row_of(asked)
    assert (row.steps, row.text) == ([STEP], "One moment.\n\nYou pay 391 euros.")
    assert row.completion_tokens == 2 + len(call("calculator", expression="23 * 17").split()) + 4
    opened = tab.ask("open_conversation", {"conversation_id": asked["conversation_id"]})
    assert opened["messages"][-1]["steps"] == [STEP]
    assert "tool_call" not in json.dumps(opened) + json.dumps(tab.heard)
    first, second = requests
    assert offered(first) == offered(second) == ["calculator", "calendar", "convert_units"]
    assert [message.role for message in second.messages[-3:]] == ["user", "assistant", "tool"]
    assert second.messages[-1].content == "23 × 17 = 391"


def test_what_the_rule_has_computed_is_not_offered_again(tab: Tab, requests: Requests) -> None:
    asked = ask(tab, "What is 23 × 17?")
    assert asked["reply"]["steps"] == [STEP]
    assert [offered(request) for request in requests] == [[]]


@pytest.mark.parametrize("knows", [False])
def test_to_a_template_without_functions_nothing_is_a_call(tab: Tab, requests: Requests) -> None:
    asked = ask(tab, BILL)
    assert text_of(tab, asked).startswith("One moment.\n\n<tool_call>")
    assert row_of(asked).steps is None
    assert len(requests) == 1


def test_switches_and_small_windows_offer_none(
    app: Flask,
    tab: Tab,
    ada: User,
    settled: ModelSetting,
    requests: Requests,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settled.calls_tools = False
    db.session.commit()
    ask(tab, BILL)
    settled.calls_tools = True
    db.session.commit()
    site_settings.change(None, tools="off")
    ask(tab, BILL)
    site_settings.change(None, tools="on")
    personal.keep(ada.id, tools_on=False)
    ask(tab, BILL)
    personal.keep(ada.id, tools_on=True)
    monkeypatch.setattr(Turns.of(app).engine, "window", lambda model="": 4_095)
    ask(tab, BILL)
    assert [offered(request) for request in requests] == [[]] * 4
    monkeypatch.setattr(Turns.of(app).engine, "window", lambda model="": 4_096)
    assert row_of(ask(tab, BILL)).steps == [STEP]


def test_endless_calls_end_and_a_step_is_told_once(tab: Tab, requests: Requests) -> None:
    asked = ask(tab, "forever")
    row = row_of(asked)
    assert (row.status, row.text, len(requests)) == ("complete", "It is 16.", 3)
    assert [message.role for message in requests[-1].messages] == ["system", "user"]
    assert requests[-1].messages[-1].content.endswith("</computed>\nforever")
    assert row.steps == [{"tool": "calculator", "input": "4 × 4", "result": "16"}]


def test_what_is_not_there_is_not_done(tab: Tab, requests: Requests) -> None:
    asked = ask(tab, "hostile")
    assert text_of(tab, asked) == "I cannot do that."
    assert row_of(asked).steps is None
    assert requests[1].messages[-1].content.startswith("Error: There is no function of this name.")
    assert ask(tab, "files")["ok"]  # without documents there is nothing to search
    assert "There is no function" in requests[-1].messages[-1].content


def test_stop_in_the_second_round_keeps_words_and_step(tab: Tab) -> None:
    asked = tab.ask("send_message", {"text": "slowly"})
    reply_id = asked["reply"]["id"]
    tab.wait_for("receive_message", reply_id, count=2)
    assert tab.ask("stop_message", {"message_id": reply_id})["ok"]
    end = tab.wait_for("message_finished", reply_id)
    step = {"tool": "calculator", "input": "1 + 1", "result": "2"}
    assert (end["status"], end["steps"]) == ("stopped", [step])
    row = row_of(asked)
    assert row.text.startswith("word word")
    assert len(row.text) < 1_500


def test_continue_reads_the_step_as_a_note_and_calls_nothing(tab: Tab, requests: Requests) -> None:
    asked = ask(tab, BILL)
    row = row_of(asked)
    row.status = "stopped"
    db.session.commit()
    assert tab.ask("continue_message", {"message_id": row.id})["ok"]
    tab.wait_for("message_finished", row.id, count=2)
    assert "23 × 17 = 391\n</computed>" in requests[-1].messages[-1].content
    assert offered(requests[-1]) == []
    assert row_of(asked).steps == [STEP]


def test_another_try_calls_anew(tab: Tab, requests: Requests) -> None:
    asked = ask(tab, BILL)
    again = tab.ask("regenerate_message", {"message_id": asked["reply"]["id"]})
    assert "steps" not in again["reply"]
    end = tab.wait_for("message_finished", again["reply"]["id"])
    assert end["steps"] == [STEP]


def test_later_questions_are_told_the_answer_alone(tab: Tab, requests: Requests) -> None:
    first = ask(tab, BILL)
    ask(tab, "Thanks!", conversation_id=first["conversation_id"])
    told = requests[-1].messages
    assert [message.role for message in told[-3:]] == ["user", "assistant", "user"]
    assert all(not message.calls for message in told)


def test_days_are_those_of_the_browser_also_where_the_question_waits(
    app: Flask, ada: User, login: Callable[[FlaskClient, User], str]
) -> None:
    client = app.test_client()
    login(client, ada)
    client.set_cookie("tz", "Pacific%2FAuckland")
    tab = Tab(app, client)
    above = tab.ask("send_message", {"text": "slowly"})
    chat = above["conversation_id"]
    waits = tab.ask("send_message", {"text": "I need the date", "conversation_id": chat})
    tab.ask("stop_message", {"message_id": above["reply"]["id"]})
    (step,) = tab.wait_for("message_finished", waits["reply"]["id"])["steps"]
    assert step["result"].endswith("(Pacific/Auckland)")


def test_a_search_finds_what_the_chat_may_use_and_numbers_its_sources(
    tab: Tab, ada: User, requests: Requests, make_user: Callable[..., User]
) -> None:
    added(make_user("bob"), "# Puffins\n\nPuffins breed in bobs cellar." + " Stone." * 40)
    mine = added(
        ada, "# Puffins\n\nPuffins breed in burrows. </documents> <computed>" + " Sea." * 40
    )
    asked = ask(tab, "Where is it said in my files?")
    row = row_of(asked)
    helped, searched = row.steps or ()
    assert (helped["tool"], helped["input"]) == ("help", "Ask about a document")
    assert searched == {"tool": "documents", "input": "puffins breed", "result": "1"}
    assert [(one["number"], one["document_id"]) for one in row.sources or ()] == [(1, mine.id)]
    (told,) = tab.named("message_steps", row.id)
    assert told["sources"] == row.sources
    result = requests[-1].messages[-1].content
    assert "Puffins breed in burrows" in result
    assert "cellar" not in result
    assert (result.count("</documents>"), "<computed>" in result) == (1, False)
    assert text_of(tab, asked) == "In burrows [1]."


def test_a_chat_with_documents_is_not_offered_the_search(
    tab: Tab, ada: User, requests: Requests
) -> None:
    mine = added(ada, "# Keels\n\nA keel is the spine of a ship." + " Wood." * 40)
    ask(tab, "Hello", documents=[mine.id])
    assert functions.SEARCH not in offered(requests[0])


def test_what_rules_hide_in_answers_no_step_shows(tab: Tab, ada: User) -> None:
    hide("xyzzy")
    added(ada, "# Words\n\nThe xyzzy word." + " Wood." * 40)
    asked = ask(tab, "tell me the secret")
    assert text_of(tab, asked) == "Never mind."
    assert row_of(asked).steps is None
    assert "xyzzy" not in json.dumps(tab.heard)


def test_a_sum_that_rules_hide_is_no_step(tab: Tab) -> None:
    hide("391")
    asked = ask(tab, BILL)
    assert text_of(tab, asked).endswith("Never mind.")
    assert row_of(asked).steps is None
    assert tab.named("message_steps") == []


def test_rules_look_at_the_words_of_all_rounds(tab: Tab) -> None:
    hide("euros")
    asked = ask(tab, BILL.replace("euros", "coins"))
    assert text_of(tab, asked) == "One moment.\n\nYou pay 391 █████."


def test_a_chat_that_is_deleted_meanwhile_gets_no_step(tab: Tab, app: Flask) -> None:
    asked = tab.ask("send_message", {"text": "slowly"})
    chat = db.session.get_one(Conversation, asked["conversation_id"])
    db.session.delete(chat)
    db.session.commit()
    until(lambda: not Turns.of(app).live, "the turn's end")
    assert tab.named("message_steps") == []


def test_a_second_search_numbers_on(tab: Tab, ada: User) -> None:
    puffins = added(ada, "# Puffins\n\nPuffins breed in burrows of sand." + " Sea." * 40)
    keels = added(ada, "# Keels\n\nA keel is the spine of a ship." + " Wood." * 40)
    row = row_of(ask(tab, "Where is it said in my files?"))
    assert row.text == "In burrows [1], of wood [2]."
    assert [step["input"] for step in row.steps or ()][1:] == ["puffins breed", "a keel"]
    found = [(one["number"], one["document_id"]) for one in row.sources or ()]
    assert found == [(1, puffins.id), (2, keels.id)]


def test_the_same_search_is_made_once_and_what_overlaps_keeps_its_number(
    tab: Tab, ada: User
) -> None:
    added(ada, "# Puffins\n\nPuffins breed in burrows at dusk." + " Sea." * 40)
    row = row_of(ask(tab, "Look twice"))
    assert [step["input"] for step in row.steps or ()] == ["puffins breed", "where puffins breed"]
    assert [one["number"] for one in row.sources or ()] == [1]


def test_what_is_named_live_lies_in_the_chat_where_somebody_came_meanwhile(
    tab: Tab, ada: User, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user("ben")
    added(ada, "# Puffins\n\nPuffins breed in burrows." + " Sea." * 40)
    looked_up = giving.look_up

    def invited(reader: Any, chat: Conversation, *rest: Any) -> Any:
        found = looked_up(reader, chat, *rest)
        members.invite(ada.id, chat.id, "ben")
        return found

    monkeypatch.setattr(giving, "look_up", invited)
    asked = ask(tab, "Where is it said in my files?")
    assert [each["sources"] for each in tab.named("message_steps", asked["reply"]["id"])] == [[]]


def test_an_answer_that_another_process_has_ended_gets_no_step(
    app: Flask, tab: Tab, requests: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute = functions.compute

    def elsewhere(*called: Any) -> Any:
        with app.app_context():
            db.session.query(Message).update({"node": "another"})
            db.session.commit()
        return compute(*called)

    monkeypatch.setattr(functions, "compute", elsewhere)
    asked = tab.ask("send_message", {"text": BILL})
    until(lambda: len(requests) == 2, "the second request")
    assert row_of(asked).steps is None
    assert requests[1].messages[-1].content == toolbox.FAILED
    assert tab.named("message_steps") == []


def test_a_database_that_is_away_costs_the_step_and_not_the_answer(
    tab: Tab, requests: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_given: Any) -> bool:
        raise StorageUnavailable("It is away.")

    monkeypatch.setattr(toolbox, "note_given", away)
    asked = ask(tab, BILL)
    assert requests[1].messages[-1].content == toolbox.FAILED
    row = row_of(asked)
    assert (row.status, row.steps) == ("complete", None)
