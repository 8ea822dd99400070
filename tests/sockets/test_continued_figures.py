"""What a continued reply has taken: everything since it was first asked, however often it was cut."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from echo.extensions import db
from echo.generation import Script, ScriptedReply, Timing
from echo.models import Message, User
from echo.services.turns import Turns, interrupt_orphans
from echo.services.turns.figures import Figures
from tests.conftest import Tab


@pytest.fixture
def script() -> Script:
    return Script(replies=(ScriptedReply(match="slow", text="word " * 400, delay_ms=15),))


@pytest.fixture
def tab(open_tab: Callable[[User], Tab], make_user: Callable[..., User]) -> Tab:
    return open_tab(make_user("ada"))


def begun(tab: Tab) -> str:
    reply: str = tab.ask("send_message", {"text": "slow"})["reply"]["id"]
    tab.wait_for("receive_message", reply)
    return reply


def stopped(tab: Tab, reply: str, times: int = 1) -> dict[str, Any]:
    tab.ask("stop_message", {"message_id": reply})
    tab.wait_for("message_finished", reply, times)
    return tab.named("message_finished", reply)[-1]


def continued(tab: Tab, reply: str) -> dict[str, Any]:
    heard = len(tab.named("receive_message", reply))
    assert tab.ask("continue_message", {"message_id": reply})["ok"]
    tab.wait_for("receive_message", reply, heard + 1)
    return stopped(tab, reply, 2)


def row_of(reply: str) -> Message:
    return db.session.get_one(Message, reply, populate_existing=True)


def test_times_and_tokens_of_both_parts_are_told_together(tab: Tab) -> None:
    reply = begun(tab)
    first = stopped(tab, reply)
    second = continued(tab, reply)
    assert second["tokens"]["completion"] > first["tokens"]["completion"]
    assert second["timing"]["total_ms"] > first["timing"]["total_ms"]
    assert second["timing"]["first_token_ms"] == first["timing"]["first_token_ms"]


def test_text_that_a_killed_process_had_saved_has_its_figures(tab: Tab) -> None:
    reply = begun(tab)
    time.sleep(0.1)
    turns = Turns.here()
    turns.flush()
    saved = row_of(reply)
    assert saved.completion_tokens
    assert saved.first_token_ms is not None
    assert saved.total_ms
    assert saved.total_ms >= 100
    stopped(tab, reply)


def test_reply_of_a_killed_process_goes_on_from_its_figures(tab: Tab) -> None:
    reply = begun(tab)
    Turns.here().flush()
    stopped(tab, reply)
    row = row_of(reply)
    row.status, row.total_ms, row.completion_tokens = "streaming", 5000, 40  # as it was left behind
    db.session.commit()
    assert interrupt_orphans() == 1
    ended = continued(tab, reply)
    assert ended["timing"]["total_ms"] > 5000
    assert ended["tokens"]["completion"] > 40


def test_what_nobody_knows_is_not_made_up() -> None:
    more = Figures(7, None, None, None).plus(3, Timing(5.0, 6.0, 100.0))
    assert more == Figures(10, None, None, None)


def test_reply_that_had_no_word_has_its_first_one_late() -> None:
    failed = Figures().plus(0, Timing(10.0, None, 500.0))
    assert failed.plus(2, Timing(1.0, 30.0, 90.0)) == Figures(2, 11, 530, 590)
