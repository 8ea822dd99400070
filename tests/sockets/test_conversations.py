"""Around the turn: paging, branches, ratings, rooms, deletion while words still come."""

from collections.abc import Callable

import eventlet
import pytest
from flask import Flask

from echo.extensions import db
from echo.limits import CHARS_PER_PAGE, MESSAGES_PER_PAGE
from echo.models import Conversation, Message, MessageRating, User
from echo.services import site_settings
from echo.services.chats import conversations
from tests.conftest import PATIENCE, Tab
from tests.long_chats import long_chat

COUNT = 120


@pytest.fixture
def long_conversation(ada: User) -> str:
    """A conversation of 120 messages in one line."""
    row = Conversation(user_id=ada.id, title="Long")
    db.session.add(row)
    db.session.flush()
    parent = None
    for number in range(COUNT):
        message = Message(
            conversation_id=row.id,
            user_id=ada.id,
            parent_id=parent,
            ordinal=number + 1,
            role="assistant" if number % 2 else "user",
            text=f"message {number}",
        )
        db.session.add(message)
        db.session.flush()
        parent = message.id
    row.head_id = parent
    db.session.commit()
    return row.id


@pytest.fixture
def asked(tab: Tab) -> dict:
    answer = tab.ask("send_message", {"client_id": "c1", "text": "Hi"})
    tab.wait_for("message_finished", answer["reply"]["id"])
    return answer


def test_120_messages_come_in_pages_without_gap_or_repeat(tab: Tab, long_conversation: str) -> None:
    texts: list[str] = []
    payload, pages, more = {"conversation_id": long_conversation}, 0, True
    while more:
        opened = tab.ask("open_conversation", payload)
        assert len(opened["messages"]) <= MESSAGES_PER_PAGE
        texts = [m["text"] for m in opened["messages"]] + texts
        payload = {**payload, "before": opened["messages"][0]["id"]}
        pages, more = pages + 1, opened["more"]
    assert texts == [f"message {number}" for number in range(COUNT)]
    assert pages == 3


def test_long_messages_come_fewer_at_a_time(tab: Tab, ada: User) -> None:
    """50 of them were an answer of 57 MB."""
    numbers: list[int] = []
    payload, more = {"conversation_id": long_chat(ada.id, 7).id}, True
    while more:
        opened = tab.ask("open_conversation", payload)
        texts = [message["text"] for message in opened["messages"]]
        assert sum(map(len, texts[1:])) < CHARS_PER_PAGE
        numbers = [int(text.split()[0]) for text in texts] + numbers
        payload = {**payload, "before": opened["messages"][0]["id"]}
        more = opened["more"]
    assert numbers == list(range(7))


def test_one_that_is_longer_than_a_page_comes_all_the_same(tab: Tab, ada: User) -> None:
    chat = long_chat(ada.id, 2, "x" * 2 * CHARS_PER_PAGE)
    opened = tab.ask("open_conversation", {"conversation_id": chat.id})
    assert [message["id"] for message in opened["messages"]] == [chat.head_id]
    assert opened["more"]


def test_nothing_comes_before_the_first_message(tab: Tab, asked: dict) -> None:
    payload = {"conversation_id": asked["conversation_id"], "before": asked["message"]["id"]}
    opened = tab.ask("open_conversation", payload)
    assert opened["messages"] == []
    assert opened["more"] is False


def test_before_takes_messages_of_the_same_conversation_only(
    tab: Tab, asked: dict, long_conversation: str
) -> None:
    payload = {"conversation_id": long_conversation, "before": asked["reply"]["id"]}
    answer = tab.ask("open_conversation", payload)
    assert answer["ok"] is False
    assert answer["error"]["code"] == "not_found"


def rating_of(tab: Tab, asked: dict) -> tuple | None:
    db.session.expire_all()
    reply = tab.ask("open_conversation", _in(asked))["messages"][1]
    if "rating" not in reply:
        return None
    return reply["rating"], reply["rating_reasons"], reply["rating_comment"]


def test_rating_is_set_changed_and_taken_back(tab: Tab, asked: dict) -> None:
    reply = asked["reply"]["id"]
    down = {"message_id": reply, "rating": -1, "reasons": ["inaccurate", "inaccurate", "unsafe"]}
    assert tab.ask("rate_message", {**down, "comment": "No.\0"}) == {"ok": True}
    assert rating_of(tab, asked) == (-1, ["inaccurate", "unsafe"], "No.\ufffd")
    assert tab.ask("rate_message", {"message_id": reply, "rating": 1})["ok"]
    assert rating_of(tab, asked) == (1, [], "")
    for _ in range(2):
        assert tab.ask("rate_message", {"message_id": reply, "rating": 0})["ok"]
        assert rating_of(tab, asked) is None
    assert db.session.get(MessageRating, reply) is None


def test_branch_is_selected_down_to_its_newest_leaf(tab: Tab, asked: dict) -> None:
    second = tab.ask("send_message", {"client_id": "c2", "text": "More", **_in(asked)})
    tab.wait_for("message_finished", second["reply"]["id"])
    other = tab.ask("regenerate_message", {"message_id": asked["reply"]["id"]})
    tab.wait_for("message_finished", other["reply"]["id"])
    assert _shown(tab, asked) == [asked["message"]["id"], other["reply"]["id"]]
    chosen = tab.ask("select_branch", {"message_id": asked["reply"]["id"]})
    assert chosen["head_id"] == second["reply"]["id"]
    assert _shown(tab, asked) == [
        asked["message"]["id"],
        asked["reply"]["id"],
        second["message"]["id"],
        second["reply"]["id"],
    ]
    assert tab.named("conversation_changed")


def _in(asked: dict) -> dict[str, str]:
    return {"conversation_id": asked["conversation_id"]}


def _shown(tab: Tab, asked: dict) -> list[str]:
    opened = tab.ask("open_conversation", _in(asked))
    return [message["id"] for message in opened["messages"]]


def test_deleting_mid_stream_stops_the_engine_and_tells_every_tab(
    app: Flask, tab: Tab, ada: User, open_tab: Callable[[User], Tab]
) -> None:
    asked = tab.ask("send_message", {"client_id": "c1", "text": "slow please"})
    other = open_tab(ada)
    tab.wait_for("receive_message", asked["reply"]["id"], count=2)
    conversations.remove(ada.id, asked["conversation_id"])
    for each in (tab, other):
        removed = each.wait_for("conversation_removed")
        assert removed == {**_in(asked), "restorable": True}
    engine = app.extensions["turns"].engine
    with eventlet.Timeout(PATIENCE):
        while engine.counters().running or app.extensions["turns"].live:
            eventlet.sleep(0.005)
    refused = tab.ask("open_conversation", _in(asked))
    assert refused["error"]["code"] == "not_found"
    conversations.restore(ada.id, asked["conversation_id"])
    db.session.expire_all()
    opened = tab.ask("open_conversation", _in(asked))
    assert opened["messages"][1]["status"] == "stopped"
    assert opened["messages"][1]["text"]


def test_closed_conversation_is_not_heard_any_more(tab: Tab) -> None:
    asked = tab.ask("send_message", {"client_id": "c1", "text": "slow please"})
    reply = asked["reply"]["id"]
    tab.wait_for("receive_message", reply)
    assert tab.ask("close_conversation", _in(asked)) == {"ok": True}
    heard = len(tab.named("receive_message", reply))
    tab.ask("stop_message", {"message_id": reply})
    tab.wait_for("conversation_changed", count=2)
    assert len(tab.named("receive_message", reply)) == heard
    assert not tab.named("message_finished", reply)


def test_settings_travel_with_the_question(tab: Tab) -> None:
    asked = tab.ask("send_message", {"text": "Hi", "settings": {"temperature": 0, "top_k": 5.0}})
    tab.wait_for("message_finished", asked["reply"]["id"])
    again = {"text": "Hi", "settings": {"top_k": None, "system_prompt": "Be brief."}, **_in(asked)}
    tab.wait_for("message_finished", tab.ask("send_message", again)["reply"]["id"])
    opened = tab.ask("open_conversation", _in(asked))
    assert opened["conversation"]["settings"] == {"temperature": 0.0, "system_prompt": "Be brief."}


def test_same_client_id_of_another_user_is_another_message(
    tab: Tab, asked: dict, make_user: Callable[..., User], open_tab: Callable[[User], Tab]
) -> None:
    other = open_tab(make_user("bob")).ask("send_message", {"client_id": "c1", "text": "Hi"})
    assert other["message"]["id"] != asked["message"]["id"]


def test_message_started_reaches_the_tabs_that_watch(
    tab: Tab, asked: dict, ada: User, open_tab: Callable[[User], Tab]
) -> None:
    watching, elsewhere = open_tab(ada), open_tab(ada)
    watching.ask("open_conversation", _in(asked))
    second = tab.ask("send_message", {"client_id": "c2", "text": "More", **_in(asked)})
    started = watching.wait_for("message_started")
    assert started["message"] == second["message"]
    assert started["reply"]["id"] == second["reply"]["id"]
    watching.wait_for("message_finished", second["reply"]["id"])
    elsewhere.wait_for("conversation_changed")
    assert not elsewhere.named("message_started")
    assert not elsewhere.named("receive_message")


def test_every_window_is_told_of_another_notice(
    tab: Tab, open_tab: Callable[[User], Tab], make_user: Callable[..., User]
) -> None:
    other = open_tab(make_user("bob"))
    site_settings.change(None, banner="Closed at noon.")
    site_settings.change(None, top_k=3, banner="Closed at noon.")
    site_settings.reset(None, "banner")
    for each in (tab, other):
        told = each.named("banner_changed")
        assert [one["text"] for one in told] == ["Closed at noon.", ""]
        assert told[0]["mark"] != told[1]["mark"]
