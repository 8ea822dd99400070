"""One question's way: acknowledged, streamed piece by piece, finished, and the same after a reload."""

from collections.abc import Callable

import pytest

from echo.generation import Script, ScriptedReply
from echo.models import User
from tests.conftest import Tab

ANSWER = "Hello there, this is a scripted answer."


@pytest.fixture
def script() -> Script:
    slow = "one two three four five six seven eight nine ten " * 20
    return Script(
        replies=(
            ScriptedReply(match="slow", text=slow, delay_ms=15),
            ScriptedReply(match="break", text="This will break soon.", fail_after=2),
            ScriptedReply(match="crash", text="This will crash all.", crash_after=1),
        ),
        default=ScriptedReply(text=ANSWER, delay_ms=2),
    )


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user("ada")


@pytest.fixture
def tab(open_tab: Callable[[User], Tab], ada: User) -> Tab:
    return open_tab(ada)


def test_answer_streams_and_reload_shows_the_same(tab: Tab) -> None:
    answer = tab.ask("send_message", {"client_id": "c1", "text": "Hi"})
    assert answer["ok"], answer
    reply = answer["reply"]["id"]
    end = tab.wait_for("message_finished", reply)
    pieces = tab.named("receive_message", reply)
    assert [p["seq"] for p in pieces] == list(range(1, len(pieces) + 1))
    assert end["status"] == "complete"
    assert end["seq"] == len(pieces)
    assert tab.text_of(reply) == ANSWER
    opened = tab.ask("open_conversation", {"conversation_id": answer["conversation_id"]})
    assert [m["text"] for m in opened["messages"]] == ["Hi", ANSWER]
    assert opened["live"] == []
    assert opened["messages"][1]["tokens"]["completion"] > 0


def test_same_client_id_makes_nothing_new(tab: Tab) -> None:
    first = tab.ask("send_message", {"client_id": "c1", "text": "Hi"})
    again = tab.ask("send_message", {"client_id": "c1", "text": "Hi"})
    assert again["message"]["id"] == first["message"]["id"]
    assert again["reply"]["id"] == first["reply"]["id"]


def test_bare_string_goes_to_the_newest_conversation(tab: Tab) -> None:
    first = tab.ask("send_message", "Hi")
    tab.wait_for("message_finished", first["reply"]["id"])
    second = tab.ask("send_message", "And again")
    assert second["conversation_id"] == first["conversation_id"]


def test_stop_keeps_the_text_so_far(tab: Tab) -> None:
    answer = tab.ask("send_message", {"client_id": "c1", "text": "slow please"})
    reply = answer["reply"]["id"]
    tab.wait_for("receive_message", reply, count=3)
    assert tab.ask("stop_message", {"message_id": reply})["ok"]
    end = tab.wait_for("message_finished", reply)
    assert end["status"] == "stopped"
    opened = tab.ask("open_conversation", {"conversation_id": answer["conversation_id"]})
    stored = opened["messages"][1]
    assert stored["status"] == "stopped"
    assert stored["text"] == tab.text_of(reply) != ""
    assert stored["seq"] == end["seq"]


def test_stopped_answer_goes_on_where_it_stopped(tab: Tab) -> None:
    reply = tab.ask("send_message", {"client_id": "c1", "text": "slow please"})["reply"]["id"]
    tab.wait_for("receive_message", reply, count=3)
    tab.ask("stop_message", {"message_id": reply})
    before = tab.wait_for("message_finished", reply)
    assert tab.ask("continue_message", {"message_id": reply})["ok"]
    tab.wait_for("receive_message", reply, count=before["seq"] + 2)
    seqs = [p["seq"] for p in tab.named("receive_message", reply)]
    assert seqs == list(range(1, len(seqs) + 1))
    tab.ask("stop_message", {"message_id": reply})
    tab.wait_for("message_finished", reply, count=2)
    assert ("one two three four five six seven eight nine ten " * 20).startswith(tab.text_of(reply))


def test_resume_returns_what_came_after(tab: Tab) -> None:
    reply = tab.ask("send_message", {"client_id": "c1", "text": "slow please"})["reply"]["id"]
    tab.wait_for("receive_message", reply, count=4)
    live = tab.ask("resume", {"message_id": reply, "after_seq": 2})
    pieces = tab.named("receive_message", reply)
    assert live["text"] == "".join(p["text"] for p in pieces[2 : live["seq"]])
    tab.ask("stop_message", {"message_id": reply})
    tab.wait_for("message_finished", reply)
    after = tab.ask("resume", {"message_id": reply, "after_seq": 3})
    assert after["text"] == "".join(p["text"] for p in tab.named("receive_message", reply)[3:])
    assert after["status"] == "stopped"
    beyond = tab.ask("resume", {"message_id": reply, "after_seq": 10**6})
    assert beyond["reset"]
    assert beyond["text"] == tab.text_of(reply)


def test_regenerate_and_edit_make_siblings(tab: Tab) -> None:
    first = tab.ask("send_message", {"client_id": "c1", "text": "Hi"})
    tab.wait_for("message_finished", first["reply"]["id"])
    second = tab.ask("regenerate_message", {"message_id": first["reply"]["id"]})
    tab.wait_for("message_finished", second["reply"]["id"])
    assert second["reply"]["siblings"] == [first["reply"]["id"], second["reply"]["id"]]
    edited = tab.ask(
        "edit_message", {"message_id": first["message"]["id"], "client_id": "c2", "text": "Hello"}
    )
    tab.wait_for("message_finished", edited["reply"]["id"])
    assert edited["message"]["siblings"] == [first["message"]["id"], edited["message"]["id"]]
    assert tab.ask("select_branch", {"message_id": first["message"]["id"]})["ok"]
    opened = tab.ask("open_conversation", {"conversation_id": first["conversation_id"]})
    assert [m["id"] for m in opened["messages"]] == [first["message"]["id"], second["reply"]["id"]]


def test_two_tabs_hear_the_same_and_keep_the_order(
    tab: Tab, ada: User, open_tab: Callable[[User], Tab]
) -> None:
    first = tab.ask("send_message", {"client_id": "c1", "text": "slow please"})
    other = open_tab(ada)
    other.ask("open_conversation", {"conversation_id": first["conversation_id"]})
    second = other.ask(
        "send_message",
        {"client_id": "c2", "text": "Hi", "conversation_id": first["conversation_id"]},
    )
    assert second["message"]["parent_id"] == first["reply"]["id"]
    tab.wait_for("receive_message", first["reply"]["id"], count=2)
    tab.ask("stop_message", {"message_id": first["reply"]["id"]})
    for each in (tab, other):
        each.wait_for("message_finished", second["reply"]["id"])
        assert each.text_of(second["reply"]["id"]) == ANSWER


def test_failing_answer_fails_alone(tab: Tab) -> None:
    slow = tab.ask("send_message", {"client_id": "c1", "text": "slow please"})["reply"]["id"]
    bad = tab.ask("send_message", {"client_id": "c2", "text": "break now"})["reply"]["id"]
    end = tab.wait_for("message_finished", bad)
    assert end["status"] == "failed"
    assert end["error"]["text"]
    before = len(tab.named("receive_message", slow))
    tab.wait_for("receive_message", slow, count=before + 2)
    tab.ask("stop_message", {"message_id": slow})
    assert tab.wait_for("message_finished", slow)["status"] == "stopped"


def test_engine_that_dies_tells_all_and_comes_back(tab: Tab) -> None:
    crash = tab.ask("send_message", {"client_id": "c1", "text": "crash now"})["reply"]["id"]
    assert tab.wait_for("message_finished", crash)["error"]["code"] == "engine_failed"
    again = tab.ask("send_message", {"client_id": "c2", "text": "Hi"})["reply"]["id"]
    assert tab.wait_for("message_finished", again)["status"] == "complete"


def test_strangers_find_nothing(tab: Tab, make_user: Callable[..., User], open_tab) -> None:
    answer = tab.ask("send_message", {"client_id": "c1", "text": "Hi"})
    stranger = open_tab(make_user("eve"))
    for name, payload in (
        ("open_conversation", {"conversation_id": answer["conversation_id"]}),
        ("resume", {"message_id": answer["reply"]["id"], "after_seq": 0}),
        ("stop_message", {"message_id": answer["reply"]["id"]}),
        ("regenerate_message", {"message_id": answer["reply"]["id"]}),
        ("continue_message", {"message_id": answer["reply"]["id"]}),
        ("select_branch", {"message_id": answer["reply"]["id"]}),
        ("rate_message", {"message_id": answer["reply"]["id"], "rating": 1}),
        (
            "edit_message",
            {"message_id": answer["message"]["id"], "client_id": "c9", "text": "Mine now"},
        ),
        (
            "send_message",
            {"client_id": "c8", "text": "Hi", "conversation_id": answer["conversation_id"]},
        ),
    ):
        refused = stranger.ask(name, payload)
        assert not refused["ok"], name
        assert refused["error"]["code"] == "not_found", name
