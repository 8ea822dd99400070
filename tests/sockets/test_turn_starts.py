"""A turn is announced to every tab that watches, in whatever way it begins, before its first piece."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from echo.models import User
from tests.conftest import Tab
from tests.web.browser import Browser

Begin = Callable[[Tab, dict[str, Any]], Any]


def ask(tab: Tab, asked: dict[str, Any]) -> Any:
    fields = {"text": "More", "conversation_id": asked["conversation_id"], "client_id": "c2"}
    return tab.ask("send_message", fields)["reply"]["id"]


def edit(tab: Tab, asked: dict[str, Any]) -> Any:
    fields = {"message_id": asked["message"]["id"], "client_id": "c3", "text": "Other words"}
    return tab.ask("edit_message", fields)["reply"]["id"]


def regenerate(tab: Tab, asked: dict[str, Any]) -> Any:
    return tab.ask("regenerate_message", {"message_id": asked["reply"]["id"]})["reply"]["id"]


def go_on(tab: Tab, asked: dict[str, Any]) -> Any:
    return tab.ask("continue_message", {"message_id": asked["reply"]["id"]})["reply"]["id"]


@pytest.fixture
def asked(tab: Tab) -> dict[str, Any]:
    """A reply that was stopped, so that it can be continued."""
    asked = tab.ask("send_message", {"text": "slow please", "client_id": "c1"})
    tab.wait_for("receive_message", asked["reply"]["id"])
    tab.ask("stop_message", {"message_id": asked["reply"]["id"]})
    tab.wait_for("message_finished", asked["reply"]["id"])
    tab.listen().clear()
    return asked


@pytest.fixture
def watching(open_tab: Callable[[User], Tab], ada: User, asked: dict[str, Any]) -> Tab:
    tab = open_tab(ada)
    tab.ask("open_conversation", {"conversation_id": asked["conversation_id"]})
    return tab


def names_about(tab: Tab, reply: str) -> list[str]:
    return [
        name
        for name, payload in tab.listen()
        if payload.get("message_id") == reply or (payload.get("reply") or {}).get("id") == reply
    ]


def ends_after_one_start(tab: Tab, reply: str) -> None:
    """What a tab hears of a reply begins with its one announcement and ends with its end."""
    tab.wait_for("message_finished", reply)
    names = names_about(tab, reply)
    assert names[0] == "message_started"
    assert names.count("message_started") == 1
    assert names[-1] == "message_finished"


@pytest.mark.parametrize(
    ("begin", "brings_its_question"),
    [(ask, True), (edit, True), (regenerate, False), (go_on, False)],
)
def test_every_tab_hears_it_once_whichever_act_began_it(
    begin: Begin,
    brings_its_question: bool,
    tab: Tab,
    watching: Tab,
    asked: dict[str, Any],
) -> None:
    reply = begin(tab, asked)
    tab.ask("stop_message", {"message_id": reply})
    for window in (tab, watching):
        ends_after_one_start(window, reply)
        (started,) = window.named("message_started")
        assert started["conversation_id"] == asked["conversation_id"]
        assert (started["message"] is not None) == brings_its_question
        assert started["reply"]["status"] == "queued"


def test_what_a_program_asks_is_announced_with_its_question(
    watching: Tab, asked: dict[str, Any], app: Flask, ada: User, login: Callable[..., str]
) -> None:
    program = Browser(app, app.response_class, True)
    login(program, ada)
    body = {"prompt": "From a program", "conversation_id": asked["conversation_id"]}
    answer = program.post("/chat", json=body).get_json()
    ends_after_one_start(watching, answer["message_id"])
    (started,) = watching.named("message_started")
    assert started["message"]["text"] == "From a program"
    assert started["message"]["parent_id"] == asked["reply"]["id"]
    assert started["reply"]["parent_id"] == started["message"]["id"]


def test_new_conversation_of_a_program_appears_in_every_tab_at_once(
    tab: Tab, app: Flask, ada: User, login: Callable[..., str]
) -> None:
    program = Browser(app, app.response_class, True)
    login(program, ada)
    answer = program.post("/chat", json={"prompt": "slow one", "max_new_tokens": 5}).get_json()
    first = tab.wait_for("conversation_changed")["conversation"]
    assert (first["id"], first["live"]) == (answer["conversation_id"], True)
    assert not tab.named("message_started")  # nobody watches it


def test_same_client_id_again_is_answered_and_not_announced_again(
    tab: Tab, watching: Tab, asked: dict[str, Any]
) -> None:
    again = tab.ask("send_message", {"text": "slow please", "client_id": "c1"})
    assert again["reply"]["id"] == asked["reply"]["id"]
    reply = ask(tab, asked)
    ends_after_one_start(watching, reply)
    assert [payload["reply"]["id"] for payload in watching.named("message_started")] == [reply]
