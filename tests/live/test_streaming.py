"""Many at once on the real server, with an engine that logs on its native thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import requests

from tests.live.server import PATIENCE, SCRIPT, LiveServer, LiveTab, Person

CLIENTS = 24
ANSWER = SCRIPT["default"]["text"]
Tabs = Callable[[Person], LiveTab]


def test_24_clients_stream_at_once_and_the_server_answers_meanwhile(
    server: LiveServer, ada: Person, tabs: Tabs
) -> None:
    """This test stays for ever: under a full monkey patch none of the 24 finished (decision 1)."""
    opened = [tabs(ada) for _ in range(CLIENTS)]
    replies: list[str] = []
    for tab in opened:  # a person may have eight waiting: with 32 places, none waits here
        replies.append(tab.send("Hi")["reply"]["id"])
    waits, done = [], threading.Event()

    def look() -> None:
        while not done.is_set():
            began = time.monotonic()
            assert requests.get(f"{server.url}/healthz", timeout=PATIENCE).status_code == 200
            waits.append(time.monotonic() - began)
            done.wait(0.02)

    looker = threading.Thread(target=look)
    looker.start()
    for tab, reply in zip(opened, replies, strict=True):
        end = tab.wait_for("message_finished", reply)
        assert end["status"] == "complete"
        assert tab.text_of(reply) == ANSWER
    done.set()
    looker.join()
    assert len(waits) > 5
    assert sorted(waits)[len(waits) // 2] < 3.0  # a hub that stands still needs longer
    assert "token 59 of request" in server.log.read_text()  # the engine did log


def test_two_tabs_send_at_once_and_nothing_is_lost_or_doubled(ada: Person, tabs: Tabs) -> None:
    one, two = tabs(ada), tabs(ada)
    begun = one.send("brief")
    chat = {"conversation_id": begun["conversation_id"]}
    two.ask("open_conversation", chat)
    answers: list[dict] = []
    threads = [
        threading.Thread(target=lambda tab=tab: answers.append(tab.send("brief", **chat)))
        for tab in (one, two)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for tab in (one, two):
        for answer in answers:
            tab.wait_for("message_finished", answer["reply"]["id"])
            assert tab.text_of(answer["reply"]["id"]) == "A brief answer."
    shown = one.stored(begun["conversation_id"])
    ids = [message["id"] for message in shown]
    assert len(ids) == len(set(ids))
    for answer in answers:  # each is in the tree, on the branch or beside it
        siblings = {each for message in shown for each in message["siblings"]}
        assert answer["message"]["id"] in siblings


def test_same_client_id_at_once_from_two_tabs_is_one_message(ada: Person, tabs: Tabs) -> None:
    one, two = tabs(ada), tabs(ada)
    answers: list[dict] = []
    threads = [
        threading.Thread(target=lambda tab=tab: answers.append(tab.send("brief", client_id="twin")))
        for tab in (one, two)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    again = one.send("brief", client_id="twin")
    assert len({answer["message"]["id"] for answer in [*answers, again]}) == 1
    assert len({answer["reply"]["id"] for answer in [*answers, again]}) == 1
    assert len(one.stored(again["conversation_id"])) == 2


def test_cut_wires_and_resume_give_the_whole_text(ada: Person, tabs: Tabs) -> None:
    tab = tabs(ada)
    asked = tab.send("Hi")
    reply, text, seq = asked["reply"]["id"], "", 0
    for cut_after in (1, 2, 4):
        tab.wait_for("receive_message", reply, count=cut_after)
        tab.cut()
        for piece in tab.named("receive_message", reply):
            if piece["seq"] == seq + 1:
                text, seq = text + piece["text"], piece["seq"]
        tab = tabs(ada)
        rest = tab.ask("resume", {"message_id": reply, "after_seq": seq})
        text, seq = text + rest["text"], rest["seq"]
    while rest["status"] in ("queued", "streaming"):
        end = tab.wait_for("message_finished", reply)
        rest = tab.ask("resume", {"message_id": reply, "after_seq": seq})
        text, seq = text + rest["text"], rest["seq"]
        assert end["seq"] == seq
    assert text == ANSWER
    stored = tab.stored(asked["conversation_id"])[1]
    assert (stored["text"], stored["seq"], stored["status"]) == (text, seq, "complete")


def test_leaving_does_not_end_the_turn(ada: Person, tabs: Tabs) -> None:
    tab = tabs(ada)
    asked = tab.send("Hi")
    tab.cut()
    other = tabs(ada)
    other.ask("open_conversation", {"conversation_id": asked["conversation_id"]})
    assert other.wait_for("message_finished", asked["reply"]["id"])["status"] == "complete"
    assert other.stored(asked["conversation_id"])[1]["text"] == ANSWER
