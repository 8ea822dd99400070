"""Titles by the model: after the first answer of a new chat, behind every question, never over a name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import eventlet
import pytest
from flask import Flask

from echo.extensions import db
from echo.generation import EngineConfig, Script, ScriptedReply
from echo.models import ApiCall, Conversation, GuardAct, GuardKind, GuardPlace, GuardRule, User
from echo.services import site_settings
from echo.services.chats import conversations, generated_titles
from echo.services.people import deletion
from echo.services.prompts import personal
from echo.services.turns import Turns, quotas, titles
from tests.conftest import Tab
from tests.sockets.conftest import SLOW_TEXT, Requests
from tests.waiting import until

TITLE = "Colours of the sky"
QUESTION = "Why is the sky blue?"
ASKED = generated_titles.ASK[:30]


@pytest.fixture
def pause_ms() -> int:
    """Between two words of a title: so slowly that something may happen meanwhile."""
    return 30


@pytest.fixture
def script(pause_ms: int) -> Script:
    """The last question decides."""
    return Script(
        replies=(
            ScriptedReply(match=ASKED, text=f'"{TITLE}."', delay_ms=pause_ms, first_delay_ms=60),
            ScriptedReply(match="slow", text=SLOW_TEXT, delay_ms=15, first_delay_ms=5),
            ScriptedReply(match="unhurried", text="one two three four five six", delay_ms=20),
            ScriptedReply(match="break", text="This fails.", delay_ms=0, fail_after=1),
        ),
        default=ScriptedReply(text="A short answer.", delay_ms=0, first_delay_ms=0),
        models=("scripted", "another"),
    )


@pytest.fixture(autouse=True)
def switched_on(app: Flask) -> None:
    site_settings.change(None, titles="on")


def ask(tab: Tab, text: str = QUESTION, **more: Any) -> dict[str, Any]:
    answer = tab.ask("send_message", {"text": text, **more})
    assert answer["ok"], answer
    tab.wait_for("message_finished", answer["reply"]["id"])
    return answer


def titling() -> titles.Titles:
    return Turns.here().titles


def settle() -> None:
    """Wait until no title is wanted or written."""
    eventlet.sleep(0.02)  # what has ended just now is looked at
    until(lambda: not titling()._running, "titles are settled")


def title_of(conversation_id: str) -> str:
    db.session.expire_all()
    return db.session.get_one(Conversation, conversation_id).title


def titled(tab: Tab, text: str = QUESTION, **more: Any) -> tuple[str, str]:
    """Ask, let the titles settle, and return the chat's id and its title."""
    conversation_id = ask(tab, text, **more)["conversation_id"]
    settle()
    return conversation_id, title_of(conversation_id)


def title_calls() -> list[ApiCall]:
    db.session.expire_all()
    return list(db.session.query(ApiCall).filter_by(route=quotas.TITLES))


def test_every_tab_hears_the_title_that_the_model_gave(
    tab: Tab, ada: User, open_tab: Callable[[User], Tab], requests: Requests
) -> None:
    other = open_tab(ada)
    conversation_id, title = titled(tab)
    assert title == TITLE
    for each in (tab, other):
        told = [one["conversation"]["title"] for one in each.named("conversation_changed")]
        assert (told[0], told[-1]) == (QUESTION, TITLE)
    answer, asked = requests
    assert asked.messages[: len(answer.messages)] == answer.messages  # so that the cache has it
    assert [one.role for one in asked.messages[len(answer.messages) :]] == ["assistant", "user"]
    assert asked.messages[-1].content == generated_titles.asking(QUESTION)
    assert (asked.sampling.temperature, asked.sampling.stop) == (0.0, ("\n",))
    assert asked.sampling.max_new_tokens <= 24
    assert (asked.conversation, asked.model) == (conversation_id, "scripted")


def test_no_title_holds_what_is_hidden_in_answers(tab: Tab, requests: Requests) -> None:
    hides = {"kind": GuardKind.WORDS, "act": GuardAct.MASK, "place": GuardPlace.ANSWER}
    db.session.add(GuardRule(name="Hides", what="short, sky", reason="", is_on=True, **hides))
    db.session.commit()
    _chat, title = titled(tab)
    assert len(requests) == 2
    assert not any("short" in one.content for one in requests[1].messages)
    assert "█" not in title
    assert title != TITLE, "it says what is hidden in answers"


def test_it_goes_on_from_what_was_computed_too(tab: Tab, requests: Requests) -> None:
    titled(tab, "What is 23 * 17?")
    answer, asked = requests
    assert "391" in answer.messages[-1].content
    assert asked.messages[: len(answer.messages)] == answer.messages


def test_it_is_asked_once_and_costs_no_allowance(tab: Tab, ada: User, requests: Requests) -> None:
    before = quotas.status(ada.id)
    conversation_id, _ = titled(tab)
    ask(tab, "And at night?", conversation_id=conversation_id)
    settle()
    assert [ASKED in one.messages[-1].content for one in requests] == [
        False, True, False,
    ]  # fmt: skip
    (call,) = title_calls()
    assert (call.status, call.completion_tokens > 0) == ("complete", True)
    after = quotas.status(ada.id)
    assert after.messages.used == before.messages.used + 2
    told = sum(
        payload["tokens"]["prompt"] + payload["tokens"]["completion"]
        for payload in tab.named("message_finished")
    )
    assert after.tokens.used == before.tokens.used + told


def test_the_model_that_answered_is_asked(tab: Tab, requests: Requests) -> None:
    assert titled(tab, settings={"model": "another"})[1] == TITLE
    assert requests[-1].model == "another"


@pytest.mark.parametrize("name", ["Mine", QUESTION])
def test_a_person_who_renames_before_or_meanwhile_wins(tab: Tab, ada: User, name: str) -> None:
    early = tab.ask("send_message", {"text": "unhurried"})
    tab.wait_for("receive_message", early["reply"]["id"])
    conversations.rename(ada.id, early["conversation_id"], name)
    tab.wait_for("message_finished", early["reply"]["id"])
    settle()
    assert (title_of(early["conversation_id"]), title_calls()) == (name, [])
    meanwhile = ask(tab)["conversation_id"]
    until(lambda: titling()._written, "a title is being written")
    conversations.rename(ada.id, meanwhile, name)
    settle()
    assert title_of(meanwhile) == name
    assert [call.status for call in title_calls()] == ["complete"]


def started(tab: Tab) -> str:
    """Begin an answer that goes on for a moment."""
    answer = tab.ask("send_message", {"text": "slow"})
    tab.wait_for("receive_message", answer["reply"]["id"])
    return str(answer["conversation_id"])


@pytest.mark.parametrize("name", ["Mine", QUESTION, TITLE])
def test_a_person_renames_what_the_model_has_named(tab: Tab, ada: User, name: str) -> None:
    """Also back to what it was, from a page that has not heard of the new title."""
    conversation_id = ask(tab)["conversation_id"]
    stale = conversations.own(ada.id, conversation_id)
    assert stale.title == QUESTION
    with db.engine.begin() as link:  # another process was faster
        link.exec_driver_sql(
            f"UPDATE conversations SET title = '{TITLE}', title_from_question = false"
        )
    conversations.rename(ada.id, conversation_id, name)
    settle()
    assert title_of(conversation_id) == name
    assert not conversations.give_title(conversation_id, "Another")


@pytest.mark.parametrize("gone", ["deleted", "erased with the account"])
def test_a_chat_that_goes_takes_its_title_along(tab: Tab, ada: User, gone: str) -> None:
    conversation_id = ask(tab)["conversation_id"]
    until(lambda: titling()._written, "a title is being written")
    if gone == "deleted":
        conversations.remove(ada.id, conversation_id)
    else:
        deletion.delete_account(ada)
    settle()
    if gone == "deleted":
        assert title_of(conversation_id) == QUESTION
        assert [call.status for call in title_calls()] == ["stopped"]
        conversations.restore(ada.id, conversation_id)
        assert title_of(conversation_id) == QUESTION


class TestRealQuestionsComeFirst:
    """With one place at the model."""

    @pytest.fixture
    def pause_ms(self) -> int:
        return 150

    @pytest.fixture
    def engine_config(self) -> EngineConfig:
        return EngineConfig(model="scripted", slots=1, restart_pause_seconds=0.01)

    def test_a_question_that_waits_ends_the_title(
        self, tab: Tab, open_tab: Callable[[User], Tab], make_user: Callable[..., User]
    ) -> None:
        bobs = open_tab(make_user("bob"))
        conversation_id = ask(tab)["conversation_id"]
        until(lambda: titling()._written and titling()._written[1].pieces, "it is being written")
        asked = bobs.ask("send_message", {"text": "slow"})
        bobs.wait_for("receive_message", asked["reply"]["id"])
        until(lambda: [call.status for call in title_calls()] == ["stopped"], "it is stopped")
        assert title_of(conversation_id) == QUESTION
        bobs.ask("stop_message", {"message_id": asked["reply"]["id"]})

    def test_none_is_asked_for_while_the_model_is_busy(
        self, tab: Tab, requests: Requests, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(titles, "PATIENCE_SECONDS", 0.3)
        first = tab.ask("send_message", {"text": QUESTION})
        second = tab.ask("send_message", {"text": "slow"})  # is in its place at once
        tab.wait_for("message_finished", first["reply"]["id"])
        settle()
        tab.ask("stop_message", {"message_id": second["reply"]["id"]})
        tab.wait_for("message_finished", second["reply"]["id"])
        settle()
        assert not title_calls()
        assert title_of(first["conversation_id"]) == QUESTION

    def test_it_waits_for_a_moment_without_questions(self, tab: Tab) -> None:
        first = tab.ask("send_message", {"text": QUESTION})
        second = tab.ask("send_message", {"text": "slow"})
        tab.wait_for("receive_message", second["reply"]["id"])
        assert not title_calls()
        tab.ask("stop_message", {"message_id": second["reply"]["id"]})
        settle()
        assert title_of(first["conversation_id"]) == TITLE


def test_many_at_once_are_asked_one_after_the_other(tab: Tab, requests: Requests) -> None:
    calls = Turns.here().calls
    most = 0
    asked = [tab.ask("send_message", {"text": f"Question {number}"}) for number in range(8)]
    for one in asked:
        tab.wait_for("message_finished", one["reply"]["id"])
    until(lambda: titling()._running, "titles are looked at")
    while titling()._running:
        most = max(most, sum(call.route == quotas.TITLES for call in calls.live.values()))
        eventlet.sleep(0.01)
    assert most == 1
    assert {title_of(one["conversation_id"]) for one in asked} == {TITLE}
    assert len(title_calls()) == 8


@pytest.mark.parametrize(
    "why", ["the site", "the person", "a window that is too small", "distress", "a failure"]
)
def test_no_model_is_asked_where(
    why: str, tab: Tab, ada: User, requests: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = QUESTION
    if why == "the site":
        site_settings.change(None, titles="off")
    elif why == "the person":
        personal.keep(ada.id, titles_on=False)
    elif why == "a window that is too small":
        monkeypatch.setattr(Turns.here().engine, "window", lambda _model="": 1024)
    elif why == "distress":
        text = "I want to kill myself"
    else:
        text = "break this"
    assert titled(tab, text)[1] == text
    assert not any(ASKED in one.messages[-1].content for one in requests)


def test_an_answer_that_was_stopped_is_not_the_first_that_ended_well(tab: Tab) -> None:
    conversation_id = started(tab)
    reply_id = tab.named("message_started")[0]["reply"]["id"]
    tab.ask("stop_message", {"message_id": reply_id})
    tab.wait_for("message_finished", reply_id)
    settle()
    assert (title_of(conversation_id), title_calls()) == ("slow", [])
    ask(tab, QUESTION, conversation_id=conversation_id)
    settle()
    assert title_of(conversation_id) == TITLE


def test_a_model_that_raises_leaves_the_title_and_the_next_one_works(
    tab: Tab, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Turns.here().engine
    submit = engine.submit

    def broken(request: Any) -> Any:
        if ASKED in request.messages[-1].content:
            raise RuntimeError("the model has fallen over")
        return submit(request)

    monkeypatch.setattr(engine, "submit", broken)
    assert titled(tab)[1] == QUESTION
    monkeypatch.setattr(engine, "submit", submit)
    assert titled(tab)[1] == TITLE


def test_the_end_of_the_server_ends_titles(tab: Tab) -> None:
    conversation_id = ask(tab)["conversation_id"]
    until(lambda: titling()._written, "a title is being written")
    titling().stop()
    settle()
    assert (title_of(conversation_id), [call.status for call in title_calls()]) == (
        QUESTION, ["stopped"],
    )  # fmt: skip
    assert titled(tab)[1] == QUESTION  # nor does a new one begin


def test_a_chat_that_was_made_empty_and_named_keeps_its_name(tab: Tab, ada: User) -> None:
    named = conversations.create(ada.id, "New chat", {})
    bare = conversations.create(ada.id, None, {})
    assert titled(tab, conversation_id=named.id)[1] == "New chat"
    assert titled(tab, conversation_id=bare.id)[1] == TITLE


@pytest.mark.parametrize(
    ("said", "title"),
    [
        (f'  "{TITLE}" ', TITLE),
        (f"**Title:** *{TITLE}*.", TITLE),
        (f"# {TITLE}…", TITLE),
        (f"Titel: „{TITLE}“", TITLE),
        (f"标题：「{TITLE}」", TITLE),
        (f"Sure! Here is a title for this chat: “{TITLE}”", TITLE),
        (f'"{TITLE}', TITLE),
        ("Is the sky blue?", "Is the sky blue?"),
        ("`snake_case` in Python", "snake_case in Python"),
        ("“Hamlet” and “Macbeth”", "“Hamlet” and “Macbeth”"),
        ("C++ & <b>HTML</b> basics", "C++ & <b>HTML</b> basics"),
        ("क्षेत्र की गणना", "क्षेत्र की गणना"),
        ("\u202eevil\u202c title\u0007", "evil title"),
        ("", None),
        (" \n\n ", None),
        ("...", None),
        ("---", None),
        ("Title:", None),
        ("<think>", None),
        ("word " * 12, None),
        ("x" * 70, None),
        ("why is the sky BLUE", None),
        ("Why is the sky blue? A question", None),
    ],
)
def test_what_a_model_says_is_cleaned_or_refused(said: str, title: str | None) -> None:
    assert generated_titles.cleaned(said, QUESTION) == title


def test_a_title_of_any_text_ends_and_fits() -> None:
    for said in ('"' * 300, "*" * 300, "Title: " * 40, "“‘`" * 100, "# " * 100):
        found = generated_titles.cleaned(said, QUESTION)
        assert found is None or len(found) <= 60
