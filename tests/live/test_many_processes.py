"""Two processes serve one Echo: what one writes the other shows, stops and revokes; either may die."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.databases import PostgresServer, RedisServer
from tests.live.server import PATIENCE, LiveServer, LiveTab, Person

Tabs = Callable[[Person], LiveTab]
NOTICED_WITHIN = 15.0


class Pair:
    """Two servers of one Echo, on a database and a Redis of their own."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.redis = RedisServer(folder)
        self.redis.start()
        shared = {
            "DATABASE_URL": database_url,
            "REDIS_URL": self.redis.url,
            "ECHO_INSTANCE": str(folder / "first" / "instance"),
        }
        for name in ("first", "second"):
            (folder / name).mkdir()
        self.first = LiveServer(folder / "first", **shared).start()
        self.second = LiveServer(folder / "second", **shared).start()

    def close(self) -> None:
        self.first.kill()
        self.second.kill()
        self.redis.stop()

    def twice(self, name: str) -> tuple[Person, Person]:
        """Return one new person, signed in, as a browser that reaches the first and the second server."""
        here = self.first.member(name)
        there = Person(self.second, name)
        there.http.cookies = here.http.cookies
        return here, there


@pytest.fixture(scope="module")
def pair(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    pair = Pair(tmp_path_factory.mktemp("pair"), postgres.new_database())
    yield pair
    pair.close()


@pytest.mark.server
def test_a_reply_is_seen_and_stopped_from_the_other_process(pair: Pair, tabs: Tabs) -> None:
    ada, elsewhere = pair.twice("ada")
    asking, watching = tabs(ada), tabs(elsewhere)
    asked = asking.send("slow")
    reply, chat = asked["reply"]["id"], {"conversation_id": asked["conversation_id"]}
    asking.wait_for("receive_message", reply, count=5)

    opened = watching.ask("open_conversation", chat)
    assert opened["conversation"]["live"]
    (live,) = opened["live"]
    assert live["message_id"] == reply
    watching.wait_for("receive_message", reply, count=5)
    assert watching.named("receive_message", reply)[0]["seq"] <= live["seq"] + 1
    assert watching.ask("stop_message", {"message_id": reply})["ok"]

    ends = [tab.wait_for("message_finished", reply) for tab in (asking, watching)]
    assert ends[0] == ends[1]
    assert ends[0]["status"] == "stopped"
    stored = watching.stored(asked["conversation_id"])[-1]["text"]
    assert (
        live["text"]
        + "".join(
            piece["text"]
            for piece in watching.named("receive_message", reply)
            if piece["seq"] > live["seq"]
        )
        == stored
        == asking.text_of(reply)
    )
    assert not watching.ask("open_conversation", chat)["live"]


@pytest.mark.server
def test_every_piece_is_answered_by_the_other_process(pair: Pair, tabs: Tabs) -> None:
    bob, elsewhere = pair.twice("bob")
    asking, resuming = tabs(bob), tabs(elsewhere)
    reply = asking.send("slow")["reply"]["id"]
    asking.wait_for("receive_message", reply, count=20)
    for after in (0, 1, 7, 19):
        answer = resuming.ask("resume", {"message_id": reply, "after_seq": after})
        asking.wait_for("receive_message", reply, count=answer["seq"])
        pieces = {one["seq"]: one["text"] for one in asking.named("receive_message", reply)}
        expected = "".join(pieces[seq] for seq in range(after + 1, answer["seq"] + 1))
        assert answer["text"] == expected
        assert answer["seq"] >= 20
    resuming.ask("stop_message", {"message_id": reply})
    asking.wait_for("message_finished", reply)


@pytest.mark.server
def test_a_stopped_reply_goes_on_in_the_other_process(pair: Pair, tabs: Tabs) -> None:
    eve, elsewhere = pair.twice("eve")
    asking, other = tabs(eve), tabs(elsewhere)
    asked = asking.send("slow")
    reply = asked["reply"]["id"]
    asking.wait_for("receive_message", reply, count=5)
    asking.ask("stop_message", {"message_id": reply})
    end = asking.wait_for("message_finished", reply)
    assert other.ask("continue_message", {"message_id": reply})["ok"]
    asking.wait_for("receive_message", reply, count=end["seq"] + 5)
    assert asking.ask("continue_message", {"message_id": reply})["error"]["code"] == "conflict"
    assert asking.ask("stop_message", {"message_id": reply})["ok"]
    end = asking.wait_for("message_finished", reply, count=2)
    assert end["seq"] == len(asking.named("receive_message", reply))
    assert asking.stored(asked["conversation_id"])[-1]["text"] == asking.text_of(reply)


@pytest.mark.server
def test_a_question_under_a_reply_of_the_other_process_waits_for_it(pair: Pair, tabs: Tabs) -> None:
    dan, elsewhere = pair.twice("dan")
    asking, other = tabs(dan), tabs(elsewhere)
    asked = asking.send("slow")
    first = asked["reply"]["id"]
    asking.wait_for("receive_message", first, count=5)
    second = other.send("brief", conversation_id=asked["conversation_id"])["reply"]["id"]
    time.sleep(1.0)
    assert not other.named("receive_message", second)
    other.ask("stop_message", {"message_id": first})
    assert other.wait_for("message_finished", second)["status"] == "complete"


@pytest.mark.server
def test_who_signs_out_elsewhere_is_out_in_both(pair: Pair, tabs: Tabs) -> None:
    _, elsewhere = pair.twice("fay")
    tab = tabs(elsewhere)
    tab.send("slow")
    again = pair.first.person("fay").sign_in()
    again.http.headers["X-CSRFToken"] = again.csrf
    answer = again.post("/profile/devices/revoke-others")
    assert answer.ok, answer.text
    tab.wait_for("session_ended")
    assert tab.gone.wait(10)


@pytest.mark.server
def test_a_program_that_leaves_stops_only_what_no_tab_of_any_process_watches(
    pair: Pair, tabs: Tabs
) -> None:
    gus, elsewhere = pair.twice("gus")
    watching = tabs(elsewhere)
    begun = watching.send("brief")
    watching.wait_for("message_finished", begun["reply"]["id"])
    chat = {"conversation_id": begun["conversation_id"]}
    headers = {"Accept": "text/event-stream", "X-CSRFToken": gus.csrf}
    for watched, end in ((True, "streaming"), (False, "stopped")):
        watching.heard.clear()
        url, body = f"{pair.first.url}/chat", {"prompt": "slow", **chat}
        with gus.http.post(url, json=body, headers=headers, stream=True, timeout=PATIENCE) as told:
            lines = told.iter_lines()  # one that nobody holds closes the connection
            next(lines)
            reply = watching.wait_for("message_started")["reply"]["id"]
            watching.wait_for("receive_message", reply, count=3)
            if not watched:
                watching.ask("close_conversation", chat)
        time.sleep(2.0)
        assert watching.stored(begun["conversation_id"])[-1]["status"] == end
        if watched:
            watching.ask("stop_message", {"message_id": reply})
            watching.wait_for("message_finished", reply)


@pytest.mark.server
def test_administrators_see_both_processes(pair: Pair, tabs: Tabs) -> None:
    ivy, elsewhere = pair.twice("ivy")
    here, there = tabs(ivy), tabs(elsewhere)
    written = [tab.send("slow")["reply"]["id"] for tab in (here, there)]
    for tab, reply in zip((here, there), written, strict=True):
        tab.wait_for("receive_message", reply, count=5)
    root = pair.first.member("root", role="admin")
    watching = tabs(root)
    watching.ask("watch_stats", {})
    stats = watching.wait_for("live_stats", count=2)
    assert stats["processes"] == 2
    assert stats["connected"] >= 3
    assert stats["generating"] >= 2  # other tests' may still be written
    (model,) = stats["models"]
    assert model["running"] == stats["generating"]
    assert model["tokens_per_second"] > 0
    for tab, reply in zip((here, there), written, strict=True):
        tab.ask("stop_message", {"message_id": reply})
    assert 'data-stat="processes"' in root.http.get(f"{pair.first.url}/admin/").text
    assert "2 processes serve this Echo." in root.http.get(f"{pair.first.url}/admin/health/").text


@pytest.mark.server
def test_words_go_on_while_redis_is_away_and_are_all_there_afterwards(
    pair: Pair, tabs: Tabs
) -> None:
    joe, elsewhere = pair.twice("joe")
    asking, other = tabs(joe), tabs(elsewhere)
    asked = asking.send("slow")
    reply, chat = asked["reply"]["id"], {"conversation_id": asked["conversation_id"]}
    asking.wait_for("receive_message", reply, count=5)
    pair.redis.stop()
    try:
        before = len(asking.named("receive_message", reply))
        time.sleep(4.0)
        said = len(asking.named("receive_message", reply)) - before
    finally:
        pair.redis.start()
    assert said > 40  # of about 110, on a machine that does nothing else
    time.sleep(4.0)  # the heartbeats have found it
    opened = other.ask("open_conversation", chat)
    (live,) = opened["live"]
    other.wait_for("receive_message", reply, count=3)
    other.ask("stop_message", {"message_id": reply})
    end = asking.wait_for("message_finished", reply)
    stored = other.stored(asked["conversation_id"])[-1]
    assert stored["text"] == asking.text_of(reply)
    assert stored["text"].startswith(live["text"])
    assert end["seq"] == len(asking.named("receive_message", reply))


@pytest.mark.server
def test_a_process_that_stood_still_does_not_write_over_what_others_have_ended(
    pair: Pair, tabs: Tabs
) -> None:
    hal, elsewhere = pair.twice("hal")
    asking, other = tabs(hal), tabs(elsewhere)
    asked = asking.send("slow")
    reply = asked["reply"]["id"]
    other.ask("open_conversation", {"conversation_id": asked["conversation_id"]})
    other.wait_for("receive_message", reply, count=5)
    assert pair.first.process
    pair.first.process.send_signal(signal.SIGSTOP)
    try:
        end = other.wait_for("message_finished", reply)
    finally:
        pair.first.process.send_signal(signal.SIGCONT)
    assert end["status"] == "interrupted"
    stored = other.stored(asked["conversation_id"])[-1]
    time.sleep(4.0)  # two heartbeats: it has heard what became of its reply
    assert other.stored(asked["conversation_id"])[-1] == stored
    assert asking.stored(asked["conversation_id"])[-1] == stored
    assert len(other.named("receive_message", reply)) <= end["seq"]


@pytest.mark.server
def test_what_a_killed_process_wrote_is_interrupted_whole_and_goes_on_elsewhere(
    pair: Pair, tabs: Tabs
) -> None:
    ida, elsewhere = pair.twice("ida")
    watching = tabs(elsewhere)
    asking = LiveTab(ida)
    asked = asking.send("slow")
    reply = asked["reply"]["id"]
    watching.ask("open_conversation", {"conversation_id": asked["conversation_id"]})
    watching.wait_for("receive_message", reply, count=10)
    pair.first.kill()
    died = time.monotonic()
    try:
        end = watching.wait_for("message_finished", reply)
        assert time.monotonic() - died < NOTICED_WITHIN
        assert end["status"] == "interrupted"
        seen = watching.named("receive_message", reply)[-1]["seq"]
        assert end["seq"] >= seen
        assert watching.ask("continue_message", {"message_id": reply})["ok"]
        watching.wait_for(
            "receive_message", reply, count=len(watching.named("receive_message", reply)) + 5
        )
        watching.ask("stop_message", {"message_id": reply})
        watching.wait_for("message_finished", reply, count=2)
    finally:
        pair.first.start()
