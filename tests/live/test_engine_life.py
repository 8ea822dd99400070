"""On the real server: an engine that crashes, dies or hangs is told, logged and started again."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.live.server import PATIENCE, LiveServer, Person, wait_until
from tests.waiting import SOON

WAYS = ("raise", "die", "hang")
SCRIPT = {
    "replies": [
        *({"match": how, "text": "one two three", "delay_ms": 5, "first_delay_ms": 5,
           "crash_after": 2, "crash_times": 1, "crash_how": how, "hang_seconds": 8} for how in WAYS),
        {"match": "stuck", "text": "one two", "delay_ms": 5, "crash_after": 1, "crash_how": "hang"},
        {"match": "slow", "text": "word " * 2000, "delay_ms": 20},
    ],
    "default": {"text": "A brief answer.", "delay_ms": 1, "first_delay_ms": 1},
}  # fmt: skip
LINES = {
    "raise": ["A step of scripted failed"],
    "die": ["The engine is replaced", "The engine has started again"],
    "hang": ["The engine hangs", "It hangs at", "The engine is replaced", "has started again"],
}


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("engine")
    (folder / "life.json").write_text(json.dumps(SCRIPT))
    server = LiveServer(folder, ECHO_SCRIPT=str(folder / "life.json"), ECHO_STEP_SECONDS="1")
    yield server
    server.kill()


@pytest.fixture
def ada(server: LiveServer) -> Person:
    return server.start().member("ada")


def test_everybody_is_told_and_the_engine_starts_again(server: LiveServer, ada: Person) -> None:
    tab = ada.tab()
    for number, how in enumerate(WAYS, start=1):
        watching, broken = tab.send("slow"), tab.send(how)
        for asked in (watching, broken):
            end = tab.wait_for("message_finished", asked["reply"]["id"])
            assert end["status"] == "failed", (how, end)
            assert end["error"]["code"] == "engine_failed"
        wait_until(server.is_ready, "the engine is ready again", PATIENCE)
        ready = requests.get(f"{server.url}/readyz", timeout=PATIENCE).json()
        assert (ready["engine"], ready["restarts"]) == ("ok", number)
        brief = tab.send("brief")
        assert tab.wait_for("message_finished", brief["reply"]["id"])["status"] == "complete"
        assert tab.ask("continue_message", {"message_id": broken["reply"]["id"]})["ok"]
        tab.wait_for("message_finished", broken["reply"]["id"], count=2)
        assert tab.text_of(broken["reply"]["id"]).endswith("one two three")
        log = server.log.read_text()
        assert [line for line in LINES[how] if line not in log] == [], how
    tab.close()


def test_an_engine_that_hangs_does_not_keep_the_server_from_its_end(
    server: LiveServer, ada: Person
) -> None:
    """Ten seconds from the signal, whatever the engine does."""
    server.stop()
    server.environment["ECHO_STEP_SECONDS"] = "600"
    server.start()
    tab = ada.tab()
    asked = tab.send("stuck")
    tab.wait_for("receive_message", asked["reply"]["id"])
    began = time.monotonic()
    assert server.stop(signal.SIGTERM) == 0
    assert time.monotonic() - began < 10 + SOON / 2
    log = server.log.read_text()
    assert "stopping" in log
    assert "interrupted=1" in log
    tab.gone.wait(PATIENCE)
    server.start()
    tab = ada.tab()
    stored = tab.stored(asked["conversation_id"])[1]
    assert (stored["status"], stored["text"]) == ("interrupted", "one")
    tab.close()


def test_an_engine_that_starts_again_leaves_nothing_open(server: LiveServer, ada: Person) -> None:
    """Each loading of a scripted model left a poll behind, by a sleep that was green in a native thread."""

    def opened() -> int:
        assert server.process
        return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))

    tab = ada.tab()
    brief = tab.send("brief")
    tab.wait_for("message_finished", brief["reply"]["id"])
    before = opened()
    for how in ("raise", "die"):
        asked = tab.send(how)
        tab.wait_for("message_finished", asked["reply"]["id"])
        wait_until(server.is_ready, "the engine is ready again", PATIENCE)
    wait_until(lambda: opened() <= before, f"no more than {before} files are open")
    tab.close()
