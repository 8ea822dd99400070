"""A queue that is full refuses with a time; those that wait hear their place."""

from collections.abc import Callable

import eventlet
import pytest
from sqlalchemy import func, select

from echo.extensions import db
from echo.generation import EngineConfig
from echo.models import Message, User
from tests.conftest import PATIENCE, Tab


@pytest.fixture
def engine_config() -> EngineConfig:
    return EngineConfig(
        model="scripted", slots=1, max_queue=3, max_queue_per_owner=2, restart_pause_seconds=0.01
    )


@pytest.fixture
def busy(tab: Tab) -> list[str]:
    """One reply runs and two wait, each in its own conversation."""
    replies = []
    for number in range(3):
        asked = tab.ask("send_message", {"client_id": f"c{number}", "text": "slow please"})
        replies.append(asked["reply"]["id"])
        if number == 0:
            tab.wait_for("receive_message", replies[0])
    return replies


def count_messages() -> int:
    return int(db.session.scalar(select(func.count()).select_from(Message)) or 0)


def test_own_queue_full_is_busy_with_a_time_and_stores_nothing(tab: Tab, busy: list[str]) -> None:
    before = count_messages()
    error = tab.ask("send_message", {"client_id": "c9", "text": "slow too"})["error"]
    assert error["code"] == "busy"
    assert error["retry_after"] >= 1
    assert count_messages() == before


def test_engines_queue_full_is_busy_for_everybody(
    tab: Tab,
    busy: list[str],
    make_user: Callable[..., User],
    open_tab: Callable[[User], Tab],
) -> None:
    bob = open_tab(make_user("bob"))
    assert bob.ask("send_message", {"client_id": "b1", "text": "slow"})["ok"]
    error = bob.ask("send_message", {"client_id": "b2", "text": "slow"})["error"]
    assert error["code"] == "busy"
    assert "people" in error["text"]


def test_after_busy_the_same_client_id_can_be_sent_again(tab: Tab, busy: list[str]) -> None:
    payload = {"client_id": "c9", "text": "quick"}
    assert tab.ask("send_message", payload)["error"]["code"] == "busy"
    for reply in busy:
        tab.ask("stop_message", {"message_id": reply})
    for reply in busy:
        tab.wait_for("message_finished", reply)
    again = tab.ask("send_message", payload)
    assert again["ok"]
    assert tab.wait_for("message_finished", again["reply"]["id"])["status"] == "complete"


def test_places_in_the_queue_are_told_and_move_up(tab: Tab, busy: list[str]) -> None:
    assert tab.wait_for("message_queued", busy[1])["position"] == 1
    last = tab.wait_for("message_queued", busy[2])
    assert last["position"] == 2
    assert last["eta_seconds"] >= 0
    tab.ask("stop_message", {"message_id": busy[1]})
    with eventlet.Timeout(PATIENCE):
        while tab.named("message_queued", busy[2])[-1]["position"] != 1:
            eventlet.sleep(0.01)
    tab.ask("stop_message", {"message_id": busy[0]})
    tab.wait_for("receive_message", busy[2])
    assert not tab.named("message_queued", busy[0])


def test_waiting_reply_that_is_stopped_ends_empty(tab: Tab, busy: list[str]) -> None:
    tab.ask("stop_message", {"message_id": busy[2]})
    end = tab.wait_for("message_finished", busy[2])
    assert (end["status"], end["seq"]) == ("stopped", 0)
    assert tab.text_of(busy[2]) == ""


def test_opening_shows_the_place_of_a_waiting_reply(tab: Tab, busy: list[str]) -> None:
    row = db.session.get_one(Message, busy[2])
    opened = tab.ask("open_conversation", {"conversation_id": row.conversation_id})
    assert opened["live"] == [
        {"message_id": busy[2], "seq": 0, "text": "", "status": "queued", "position": 2}
    ]
    assert opened["conversation"]["live"] is True
