"""Which model answers: the conversation's choice, who may use it, and what every tab is told."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import event, select

from echo.extensions import db
from echo.generation import Script, ScriptedReply
from echo.models import Message, RoleName, User
from echo.services.serving import Models
from echo.sockets import model_news
from tests.conftest import Tab, superior
from tests.waiting import until


@pytest.fixture
def script() -> Script:
    return Script(
        replies=(ScriptedReply(match="slow", text="word " * 200, delay_ms=15),),
        default=ScriptedReply(text="{model} answers.", delay_ms=0, first_delay_ms=0),
        models=("small", "large", "secret", "bad"),
        broken=("bad",),
    )


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user("ada")


@pytest.fixture
def tab(open_tab: Callable[[User], Tab], ada: User) -> Tab:
    return open_tab(ada)


def ask(tab: Tab, text: str = "Hi", **changes: object) -> dict[str, object]:
    answer = tab.ask("send_message", {"text": text, **changes})
    assert answer["ok"], answer
    tab.wait_for("message_finished", answer["reply"]["id"])
    return dict(answer["reply"], conversation_id=answer["conversation_id"])


def test_the_conversation_keeps_its_model_and_the_answer_says_who_wrote_it(tab: Tab) -> None:
    first = ask(tab, settings={"model": "large"})
    assert (first["model"], tab.text_of(str(first["id"]))) == ("large", "large answers.")
    again = ask(tab, conversation_id=first["conversation_id"])
    assert again["model"] == "large"
    other = ask(tab)
    assert other["model"] == "small"


def test_another_model_may_answer_once(tab: Tab) -> None:
    first = ask(tab)
    answer = tab.ask("regenerate_message", {"message_id": first["id"], "model": "large"})
    assert answer["ok"], answer
    tab.wait_for("message_finished", answer["reply"]["id"])
    assert answer["reply"]["model"] == "large"
    assert len(answer["reply"]["siblings"]) == 2
    assert ask(tab, conversation_id=first["conversation_id"])["model"] == "small"


@pytest.mark.parametrize("name", ["gone", "x" * 65, "", 7, ["small"]])
def test_a_model_that_is_not_here_is_refused_and_nothing_is_stored(
    app: Flask, tab: Tab, name: object
) -> None:
    answer = tab.ask("send_message", {"text": "Hi", "settings": {"model": name}})
    assert not answer["ok"]
    assert (answer["error"]["code"], answer["error"]["field"]) == ("bad_payload", "model")
    assert db.session.scalars(select(Message)).all() == []


def test_a_model_is_for_some_roles_only(
    tab: Tab, open_tab: Callable[[User], Tab], make_user: Callable[..., User]
) -> None:
    Models.here().settle(superior(), "secret", {"least_role": "admin"})
    answer = tab.ask("send_message", {"text": "Hi", "settings": {"model": "secret"}})
    assert answer["error"]["code"] == "forbidden"
    assert "secret" not in {view.name for view in Models.here().for_role(RoleName.USER)}
    boss = open_tab(make_user("boss", role=RoleName.ADMIN))
    assert ask(boss, settings={"model": "secret"})["model"] == "secret"


def test_who_may_not_use_the_default_gets_another(tab: Tab) -> None:
    Models.here().settle(superior(), "small", {"least_role": "admin"})
    assert ask(tab)["model"] == "large"


def test_two_conversations_are_answered_by_two_models_at_once(
    tab: Tab, open_tab: Callable[[User], Tab], ada: User
) -> None:
    other = open_tab(ada)
    slow = tab.ask("send_message", {"text": "slow", "settings": {"model": "small"}})
    tab.wait_for("receive_message", slow["reply"]["id"])
    quick = ask(other, settings={"model": "large"})
    assert quick["model"] == "large"
    assert not any(p["message_id"] == slow["reply"]["id"] for p in tab.named("message_finished"))
    tab.ask("stop_message", {"message_id": slow["reply"]["id"]})
    tab.wait_for("message_finished", slow["reply"]["id"])


def test_a_model_that_cannot_be_loaded_fails_its_own_answer_in_words(tab: Tab) -> None:
    answer = tab.ask("send_message", {"text": "Hi", "settings": {"model": "bad"}})
    assert answer["ok"], answer
    end = tab.wait_for("message_finished", answer["reply"]["id"])
    assert end["status"] == "failed"
    assert "broken" in end["error"]["text"]
    assert ask(tab)["model"] == "small"


def last_told(tab: Tab, names: list[str]) -> list[dict[str, object]]:
    """What the tab heard last, once these models are in it."""
    heard = tab.named("models_changed")
    told: list[dict[str, object]] = heard[-1]["models"] if heard else []
    return told if [model["name"] for model in told] == names else []


def test_every_tab_is_told_what_models_do(
    tab: Tab, open_tab: Callable[[User], Tab], make_user: Callable[..., User]
) -> None:
    Models.here().settle(superior(), "secret", {"least_role": "admin"})
    boss = open_tab(make_user("boss", role=RoleName.ADMIN))
    Models.here().load(superior(), "large")
    for watcher, names in (
        (tab, ["small", "large", "bad"]),
        (boss, ["small", "large", "secret", "bad"]),
    ):
        told = until(lambda w=watcher, n=names: last_told(w, n), f"{names} are told")
        assert [model["is_default"] for model in told].count(True) == 1


def test_a_window_is_told_what_there_is_as_it_connects_and_nobody_else_is(
    tab: Tab, open_tab: Callable[[User], Tab], make_user: Callable[..., User]
) -> None:
    until(lambda: tab.named("models_changed"), "the first window is told")
    Models.here().settle(superior(), "secret", {"least_role": "admin"})
    names = ["small", "large", "bad"]
    until(lambda: last_told(tab, names), "a change is told")
    before = len(tab.named("models_changed"))
    boss = open_tab(make_user("boss", role=RoleName.ADMIN))
    until(lambda: last_told(boss, ["small", "large", "secret", "bad"]), "the second one is told")
    assert len(tab.named("models_changed")) == before


def test_what_models_do_is_looked_up_once_for_everybody(app: Flask) -> None:
    """It is told four times a second while a model loads: never by role, and never by model."""
    asked: list[str] = []

    def note(*statement: object) -> None:
        asked.append(str(statement[2]))

    event.listen(db.engine, "before_cursor_execute", note)
    payloads = model_news._payloads()
    event.remove(db.engine, "before_cursor_execute", note)
    assert {len(told["models"]) for told in payloads.values()} == {4}
    assert sum("model_settings" in one for one in asked) <= 2
    assert len(asked) <= 3


def test_a_continued_answer_is_continued_by_who_began_it(tab: Tab) -> None:
    slow = tab.ask("send_message", {"text": "slow", "settings": {"model": "large"}})
    reply = slow["reply"]["id"]
    tab.wait_for("receive_message", reply)
    tab.ask("stop_message", {"message_id": reply})
    tab.wait_for("message_finished", reply)
    ask(tab, conversation_id=slow["conversation_id"], settings={"model": "small"})
    answer = tab.ask("continue_message", {"message_id": reply})
    assert answer["reply"]["model"] == "large"
    tab.ask("stop_message", {"message_id": reply})
