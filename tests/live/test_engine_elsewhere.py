"""One real Echo computes for another one: words, stop, figures, lists, and what is seen when it is killed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
import requests

from tests.live.programs import key_on
from tests.live.server import PATIENCE, SLOW_TEXT, LiveServer, LiveTab, Person, wait_until


@pytest.fixture(scope="module")
def computing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    server = LiveServer(tmp_path_factory.mktemp("computing")).start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def key(computing: LiveServer) -> str:
    return key_on(computing, "programmer")


@pytest.fixture(scope="module")
def asking(
    computing: LiveServer, key: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    """A second Echo, which asks the first."""
    server = LiveServer(
        tmp_path_factory.mktemp("asking"),
        ECHO_ENGINE="openai",
        ECHO_ENGINE_URL=computing.url,
        ECHO_ENGINE_KEY=key,
        ECHO_ENGINE_PAUSE_SECONDS="20",
    ).start()
    yield server
    assert key not in server.log.read_text() + server.output.read_text()
    server.kill()


@pytest.fixture(scope="module")
def bert(asking: LiveServer) -> Person:
    return asking.member("bert")


@pytest.fixture
def tab(bert: Person) -> Iterator[LiveTab]:
    tab = bert.tab()
    yield tab
    tab.close()


def test_an_answer_word_by_word_with_figures(tab: LiveTab) -> None:
    sent = tab.send("Hi")
    reply = sent["reply"]["id"]
    finished = tab.wait_for("message_finished", reply)
    assert tab.text_of(reply) == " ".join(f"piece{number}" for number in range(60))
    assert (finished["status"], finished["finish_reason"]) == ("complete", "stop")
    assert finished["tokens"]["completion"] == 60
    assert finished["tokens"]["prompt"] > 0
    assert len(tab.named("receive_message", reply)) > 5
    stored = tab.stored(sent["conversation_id"])[-1]
    assert (stored["model"], stored["text"]) == ("scripted", tab.text_of(reply))


def test_both_kinds_stand_in_one_list(asking: LiveServer) -> None:
    own = key_on(asking, "lister")
    listed = requests.get(
        f"{asking.url}/v1/models", headers={"Authorization": f"Bearer {own}"}, timeout=PATIENCE
    ).json()["data"]
    assert [(one["id"], one["state"], one["is_default"]) for one in listed] == [
        ("scripted", "ready", True),
        ("echo-mini", "installed", False),
    ]


def test_stop_reaches_the_server_that_computes(tab: LiveTab, computing: LiveServer) -> None:
    reply = tab.send("slow")["reply"]["id"]
    tab.wait_for("receive_message", reply, count=3)
    assert tab.ask("stop_message", {"message_id": reply})["ok"]
    assert tab.wait_for("message_finished", reply)["status"] == "stopped"
    wait_until(lambda: "stopped" in ends(computing), "the other Echo noted the stop")


def ends(server: LiveServer) -> list[str]:
    """What became of the calls of a server, read as another process does."""
    with closing(sqlite3.connect(server.folder / "instance" / "echo.sqlite3")) as database:
        return [row[0] for row in database.execute("SELECT status FROM api_calls ORDER BY id")]


def test_a_server_that_is_killed_in_the_middle(
    tab: LiveTab, computing: LiveServer, asking: LiveServer
) -> None:
    sent = tab.send("slow")
    reply = sent["reply"]["id"]
    tab.wait_for("receive_message", reply, count=3)
    computing.kill()
    finished = tab.wait_for("message_finished", reply)
    assert finished["status"] == "failed"
    assert "connection to the model's server broke" in finished["error"]["text"]
    kept = tab.text_of(reply)
    assert SLOW_TEXT.startswith(kept)
    assert tab.stored(sent["conversation_id"])[-1]["text"] == kept
    wait_until(
        lambda: requests.get(f"{asking.url}/readyz", timeout=PATIENCE).status_code == 503,
        "it says that it cannot answer",
    )
    computing.start()
    wait_until(asking.is_ready, "it has found its server again")
    assert tab.ask("continue_message", {"message_id": reply})["ok"]
    tab.wait_for("receive_message", reply, count=len(tab.named("receive_message", reply)) + 2)
    assert tab.ask("stop_message", {"message_id": reply})["ok"]
    tab.wait_for("message_finished", reply, count=2)
    assert SLOW_TEXT.startswith(tab.text_of(reply))
