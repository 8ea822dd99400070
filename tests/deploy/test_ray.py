"""Echo's engine on a real Ray cluster of two nodes: answers, refusals, hanging up, a killed replica.

Skipped where Ray is not installed, which needs a virtual environment of its own (deploy/ray/README.md).
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from echo.generation import Finished
from tests.remote.conftest import asking, make_engine, quick_and_green, read

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = Path(os.environ.get("ECHO_RAY_PYTHON") or Path.home() / ".cache/echo/ray/bin/python")
PATIENCE = 120.0
SLOTS = 4
"""Of a replica: tests/deploy/ray_cluster.py."""
LONG = {
    # an answer that this schema lets end only after thousands of tokens
    "messages": [{"role": "user", "content": "Count."}],
    "response_format": {
        "type": "json_schema",
        "json_schema": {
            "name": "numbers",
            "schema": {"type": "array", "items": {"type": "integer"}, "minItems": 5000},
        },
    },
    "temperature": 0,
}
__all__ = ["make_engine", "quick_and_green"]  # fixtures that stand elsewhere
pytestmark = [
    pytest.mark.skipif(
        not PYTHON.exists(),
        reason=f"Ray is not installed: there is no {PYTHON} (deploy/ray/README.md)",
    ),
    pytest.mark.server,
]


class RayCluster:
    """The process that holds the cluster."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [str(PYTHON), str(ROOT / "tests" / "deploy" / "ray_cluster.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        self.started = self._hear()
        self.url: str = self.started["url"]

    def ask(self, word: str) -> list[int]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        return list(self._hear()["pids"])

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("SAID "):
                return dict(json.loads(line.removeprefix("SAID ")))
        raise AssertionError("the cluster has ended")

    def stop(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("quit\n")
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    cluster = RayCluster()
    yield cluster
    cluster.stop()


def ask(cluster: RayCluster, **body: Any) -> requests.Response:
    url = f"{cluster.url}/v1/chat/completions"
    return requests.post(url, json=body, timeout=PATIENCE, stream=bool(body.get("stream")))


class Reader(threading.Thread):
    """Reads a stream to whatever end it has."""

    def __init__(self, cluster: RayCluster, tokens: int) -> None:
        super().__init__(daemon=True)
        self.text = ""
        self.ended = False
        self.begun = threading.Event()
        self._ask = lambda: ask(cluster, **LONG, stream=True, max_tokens=tokens)
        self.start()

    def run(self) -> None:
        try:
            for line in self._ask().iter_lines():
                self._take(line.decode().removeprefix("data: "))
        except requests.RequestException:
            pass
        finally:
            self.begun.set()

    def _take(self, data: str) -> None:
        if data == "[DONE]":
            self.ended = True
        elif data.startswith("{") and (choices := json.loads(data).get("choices")):
            self.text += choices[0]["delta"].get("content") or ""
            self.begun.set()


def test_models_and_an_answer_whole_and_streamed(cluster: RayCluster) -> None:
    assert cluster.started["nodes"] == 2
    listed = requests.get(f"{cluster.url}/v1/models", timeout=PATIENCE).json()
    assert [one["id"] for one in listed["data"]] == ["echo-mini"]
    question = {"messages": [{"role": "user", "content": "Hello!"}], "temperature": 0}
    whole = ask(cluster, **question).json()
    assert whole["choices"][0]["finish_reason"] == "stop"
    assert whole["usage"]["completion_tokens"] > 1
    lines = ask(cluster, **question, stream=True).text.split("\n\n")
    assert lines[-2:] == ["data: [DONE]", ""]
    deltas = [json.loads(line.removeprefix("data: "))["choices"][0]["delta"] for line in lines[:-2]]
    text = "".join(delta.get("content", "") for delta in deltas)
    assert text == whole["choices"][0]["message"]["content"] != ""


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"messages": []}, 400),
        ({"messages": [{"role": "user", "content": "Hi"}], "temperature": 99}, 400),
        ({"messages": [{"role": "user", "content": "Hi"}], "model": "gpt-4"}, 404),
        ({"messages": [{"role": "user", "content": "word " * 20_000}]}, 400),
    ],
)
def test_wrong_requests(cluster: RayCluster, body: dict[str, Any], status: int) -> None:
    answer = ask(cluster, **body)
    assert (answer.status_code, "message" in answer.json()["error"]) == (status, True)


def test_too_many_are_refused_and_the_others_are_answered(cluster: RayCluster) -> None:
    found: list[int] = []
    body = {**LONG, "max_tokens": 30}
    askers = [
        threading.Thread(target=lambda: found.append(ask(cluster, **body).status_code))
        for _ in range(60)
    ]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(PATIENCE)
    assert set(found) <= {200, 429, 503}
    assert found.count(200) >= 8
    assert found.count(200) < 60


def test_one_who_hangs_up_frees_the_engine(cluster: RayCluster) -> None:
    for _ in range(20):  # more than both engines have places
        answer = ask(cluster, **LONG, stream=True, max_tokens=3000)
        assert next(answer.iter_lines()).startswith(b"data:")
        answer.close()
    began = time.monotonic()
    assert (
        ask(cluster, messages=[{"role": "user", "content": "Hi"}], max_tokens=4).status_code == 200
    )
    assert time.monotonic() - began < 10


def test_echo_asks_it_and_a_killed_replica_ends_its_own_answers_alone(
    cluster: RayCluster, make_engine: Any
) -> None:
    before = cluster.ask("pids")
    assert len(before) == 2
    alone = Reader(cluster, 250)
    alone.join(PATIENCE)
    assert alone.ended
    readers = [Reader(cluster, 250) for _ in range(12)]
    deadline = time.monotonic() + PATIENCE
    while sum(reader.begun.is_set() and reader.is_alive() for reader in readers) <= SLOTS:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    cluster.ask("kill")  # more are being written than one replica writes at once: some on either
    for reader in readers:
        reader.join(PATIENCE)
    assert {reader.ended for reader in readers} == {True, False}
    assert all(alone.text.startswith(reader.text) for reader in readers)
    assert all(reader.text == alone.text for reader in readers if reader.ended)
    deadline = time.monotonic() + PATIENCE
    while len(now := cluster.ask("pids")) < 2 or set(now) == set(before):
        assert time.monotonic() < deadline, now
        time.sleep(0.5)
    engine = make_engine(cluster, first_seconds=60, pause_seconds=60)
    text, end = read(engine.submit(asking("Hello!", temperature=0.0)))
    assert isinstance(end, Finished), end
    assert text
    assert end.usage.prompt
