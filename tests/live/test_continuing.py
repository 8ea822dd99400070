"""Continue from several tabs at once: one goes on, nothing is doubled, nothing writes for nobody."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from tests.live.server import SCRIPT, SLOW_TEXT, LiveServer, LiveTab, Person

Tabs = Callable[[Person], LiveTab]


@contextmanager
def locked(server: LiveServer) -> Iterator[None]:
    """Hold the database's write lock, as a backup program or a second writer does."""
    path = server.folder / "instance" / "echo.sqlite3"
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("begin immediate")
    try:
        yield
    finally:
        writer.execute("rollback")
        writer.close()


def stopped_reply(tab: LiveTab) -> dict[str, Any]:
    asked = tab.send("slow")
    reply = asked["reply"]["id"]
    tab.wait_for("receive_message", reply, count=3)
    tab.ask("stop_message", {"message_id": reply})
    tab.wait_for("message_finished", reply)
    return asked


def at_once(acts: list[Callable[[], dict[str, Any]]]) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = []
    threads = [threading.Thread(target=lambda act=act: answers.append(act())) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_continue_from_many_tabs_at_once_goes_on_once(
    server: LiveServer, ada: Person, tabs: Tabs
) -> None:
    opened = [tabs(ada) for _ in range(4)]
    asked = stopped_reply(opened[0])
    reply, chat = asked["reply"]["id"], {"conversation_id": asked["conversation_id"]}
    for tab in opened:
        tab.ask("open_conversation", chat)
    acts = [lambda tab=tab: tab.ask("continue_message", {"message_id": reply}) for tab in opened]
    answers: list[dict[str, Any]] = []
    with locked(server):  # all have looked at the row before the first can write
        waiting = threading.Thread(target=lambda: answers.extend(at_once(acts)))
        waiting.start()
        waiting.join(1.0)
    waiting.join()
    assert sorted(answer["ok"] for answer in answers) == [False, False, False, True]
    refused = [answer["error"]["code"] for answer in answers if not answer["ok"]]
    assert refused == ["conflict"] * 3
    for tab in opened:
        tab.wait_for("receive_message", reply, count=3)
    opened[1].ask("stop_message", {"message_id": reply})
    ends = [
        tab.wait_for("message_finished", reply, count=2 if tab is opened[0] else 1)
        for tab in opened
    ]
    row = opened[0].stored(asked["conversation_id"])[1]
    assert SLOW_TEXT.startswith(row["text"])
    assert {end["seq"] for end in ends} == {row["seq"]}
    assert opened[0].text_of(reply) == row["text"]  # which also looks for a gap or a doubled piece
    stats = server.member("statsreader", role="admin").tab()
    stats.ask("watch_stats", {})
    assert stats.wait_for("live_stats")["generating"] == 0
    stats.close()


def test_continue_that_is_refused_leaves_the_reply_as_it_was(own_server: LiveServer) -> None:
    script = {**SCRIPT, "replies": [{"match": "slow", "text": SLOW_TEXT, "delay_ms": 50}]}
    (own_server.folder / "script.json").write_text(json.dumps(script))
    own_server.environment["ECHO_MAX_QUEUE_PER_USER"] = "1"
    own_server.environment["ECHO_SLOTS"] = "1"
    own_server.start()
    tab = own_server.member("ada").tab()
    asked = stopped_reply(tab)
    before = tab.stored(asked["conversation_id"])[1]
    running, waiting = tab.send("slow"), tab.send("slow")
    answer = tab.ask("continue_message", {"message_id": asked["reply"]["id"]})
    assert answer["error"]["code"] == "busy", answer
    assert tab.stored(asked["conversation_id"])[1] == before
    for turn in (running, waiting):
        tab.ask("stop_message", {"message_id": turn["reply"]["id"]})
        tab.wait_for("message_finished", turn["reply"]["id"])
    assert tab.ask("continue_message", {"message_id": asked["reply"]["id"]})["ok"]
    tab.close()


def test_reply_that_is_being_written_or_complete_is_not_continued(ada: Person, tabs: Tabs) -> None:
    tab = tabs(ada)
    live = tab.send("slow")["reply"]["id"]
    error = tab.ask("continue_message", {"message_id": live})["error"]
    assert error["code"] == "conflict"
    tab.ask("stop_message", {"message_id": live})
    complete = tab.send("brief")["reply"]["id"]
    tab.wait_for("message_finished", complete)
    error = tab.ask("continue_message", {"message_id": complete})["error"]
    assert (error["code"], error["field"]) == ("bad_payload", "message_id")


def test_one_regenerated_from_two_tabs_at_once_is_two_answers(
    server: LiveServer, ada: Person, tabs: Tabs
) -> None:
    one, two = tabs(ada), tabs(ada)
    asked = one.send("brief")
    one.wait_for("message_finished", asked["reply"]["id"])
    two.ask(
        "open_conversation", {"conversation_id": asked["conversation_id"]}
    )  # or one may be done first
    acts = [
        lambda tab=tab: tab.ask("regenerate_message", {"message_id": asked["reply"]["id"]})
        for tab in (one, two)
    ]
    answers = at_once(acts)
    new = {answer["reply"]["id"] for answer in answers}
    assert len(new) == 2
    for reply in new:
        for tab in (one, two):
            assert tab.wait_for("message_finished", reply)["status"] == "complete"


def test_edit_sent_twice_at_once_is_one_question(
    server: LiveServer, ada: Person, tabs: Tabs
) -> None:
    one, two = tabs(ada), tabs(ada)
    asked = one.send("brief")
    one.wait_for("message_finished", asked["reply"]["id"])
    fields = {"message_id": asked["message"]["id"], "client_id": "twice", "text": "brief again"}
    answers: list[dict[str, Any]] = []
    acts = [lambda tab=tab: tab.ask("edit_message", fields) for tab in (one, two)]
    with locked(server):
        waiting = threading.Thread(target=lambda: answers.extend(at_once(acts)))
        waiting.start()
        waiting.join(1.0)
    waiting.join()
    assert len({answer["reply"]["id"] for answer in answers}) == 1
    reply = answers[0]["reply"]["id"]
    assert one.wait_for("message_finished", reply)["status"] == "complete"
    assert one.text_of(reply) == "A brief answer."


def test_reply_that_ends_while_the_database_is_locked_for_long_is_saved_after(
    server: LiveServer, ada: Person, tabs: Tabs
) -> None:
    tab = tabs(ada)
    asked = tab.send("Hi")
    reply = asked["reply"]["id"]
    tab.wait_for("receive_message", reply, count=3)
    with locked(server):
        time.sleep(12.0)  # longer than one transaction is patient
        assert not tab.named("message_finished", reply)
    end = tab.wait_for("message_finished", reply)
    assert end["status"] == "complete"
    row = tab.stored(asked["conversation_id"])[1]
    assert (row["status"], row["text"]) == ("complete", SCRIPT["default"]["text"])
    assert tab.text_of(reply) == row["text"]


def test_housekeeping_ends_what_nobody_writes(server: LiveServer, ada: Person, tabs: Tabs) -> None:
    tab = tabs(ada)
    asked = tab.send("brief")
    reply = asked["reply"]["id"]
    tab.wait_for("message_finished", reply)
    with (
        closing(sqlite3.connect(server.folder / "instance" / "echo.sqlite3")) as database,
        database,
    ):
        database.execute("UPDATE messages SET status = 'queued' WHERE id = ?", (reply,))
    assert tab.wait_for("message_finished", reply, count=2)["status"] == "interrupted"
    assert tab.stored(asked["conversation_id"])[1]["status"] == "interrupted"
