"""Whether others are sent the pieces of a reply: only where one of them may have a window that watches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from echo import hub
from echo.cluster import Alone
from echo.extensions import db
from echo.models import Message
from echo.services.turns import LiveTurn, Turns
from echo.sockets.audience import Audience
from tests.tabs import Tab


class Others(Alone):
    """Two other processes; what they answer is a test's to say, and when."""

    is_shared = True

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[Any] = [False, False]
        self.acts: dict[str, Callable[..., object]] = {}
        self.meanwhile: Callable[[], object] = lambda: None

    def alive(self) -> set[str] | None:
        return {"here", "there", "far"}

    def on(self, name: str, act: Callable[..., object]) -> None:
        self.acts[name] = act

    def gather(self, name: str, **values: Any) -> list[Any]:
        assert (name, values) == ("is_anybody_in", {"room": "conversation:c"})
        self.meanwhile()
        return self.answers


@pytest.fixture
def others() -> Others:
    return Others()


@pytest.fixture
def audience(others: Others) -> Audience:
    app = Flask("few")
    app.extensions["cluster"] = others
    return Audience(app)


def begun(audience: Audience, name: str = "r") -> LiveTurn:
    turn = LiveTurn(name, "c", 1)
    audience.begin(turn)
    assert not audience.is_here_alone(turn), "until all have answered pieces go to all"
    hub.sleep(0)
    return turn


def opened(others: Others) -> None:
    others.acts["watching"](conversation_id="c")


def test_nobody_elsewhere_is_sent_what_nobody_there_watches(audience: Audience) -> None:
    turn = begun(audience)
    assert audience.is_here_alone(turn)
    audience.end(turn)
    assert not audience.is_here_alone(turn)


@pytest.mark.parametrize("answers", [[False, True], [False], [], [False, None]])
def test_one_that_watches_or_does_not_answer_is_sent_them(
    audience: Audience, others: Others, answers: list[Any]
) -> None:
    others.answers = answers
    assert not audience.is_here_alone(begun(audience))


def test_who_opens_the_chat_later_is_sent_them_from_then_on(
    audience: Audience, others: Others
) -> None:
    turn = begun(audience)
    opened(others)
    assert not audience.is_here_alone(turn)


def test_who_opens_it_while_others_are_asked_is_sent_those_of_every_reply(
    audience: Audience, others: Others
) -> None:
    """Two replies of one chat: the later one asks nobody out of what the first was told."""
    others.meanwhile = lambda: opened(others)
    first = begun(audience, "first")
    others.meanwhile, others.answers = lambda: None, [True, False]
    second = begun(audience, "second")
    assert not audience.is_here_alone(first)
    assert not audience.is_here_alone(second)


def test_what_could_not_be_heard_for_a_while_is_not_relied_on(
    audience: Audience, others: Others
) -> None:
    turn = begun(audience)
    others.hearing += 1  # Redis was away: somebody may have said that a window watches
    assert not audience.is_here_alone(turn)
    others.meanwhile = lambda: setattr(others, "hearing", others.hearing + 1)
    assert not audience.is_here_alone(begun(audience, "another"))


def test_an_answer_that_comes_after_the_reply_leaves_nothing(
    audience: Audience, others: Others
) -> None:
    turn = LiveTurn("r", "c", 1)
    others.meanwhile = lambda: audience.end(turn)
    audience.begin(turn)
    hub.sleep(0)
    assert (audience._asking, audience._alone) == (set(), {})


def test_window_that_left_while_its_question_was_read_misses_nothing_more(
    tab: Tab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first = Turns.ask

    def leaving(turns: Turns, *given: Any) -> Any:
        asked = first(turns, *given)
        tab.socket.disconnect()
        return asked

    monkeypatch.setattr(Turns, "ask", leaving)
    tab.ask("send_message", {"text": "brief", "client_id": "c1"})
    assert "event failed" not in caplog.text
    assert [row.role for row in db.session.query(Message)] == ["user", "assistant"]
