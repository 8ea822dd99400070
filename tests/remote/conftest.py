"""Fixtures: hostile servers in native threads, and an engine that asks them over green sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import eventlet.green.socket
import pytest

from echo.generation import (
    ChatMessage,
    Failed,
    Finished,
    GenerationRequest,
    SamplingParams,
    TextPiece,
    TokenStream,
)
from echo.remote import RemoteConfig, RemoteEngine
from tests.remote.hostile_server import HostileServer
from tests.waiting import until

KEY = "sk-very-secret-key"


@pytest.fixture(autouse=True)
def quick_and_green(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process is not patched: urllib3 gets green sockets here; rests are short."""
    monkeypatch.setattr("urllib3.util.connection.socket", eventlet.green.socket)
    monkeypatch.setattr("echo.remote.failures.REST_SECONDS", 0.02)
    monkeypatch.setattr("echo.remote.server.AGAIN_SECONDS", 0.05)
    monkeypatch.setattr("echo.remote.servers.TICK_SECONDS", 0.02)


@pytest.fixture(scope="module")
def server() -> Iterator[HostileServer]:
    server = HostileServer()
    yield server
    server.stop()


@pytest.fixture
def make_engine() -> Iterator[Callable[..., RemoteEngine]]:
    """Make a started engine over some servers."""
    made: list[RemoteEngine] = []

    def make(*servers: HostileServer, **changes: Any) -> RemoteEngine:
        values = {"key": KEY, "first_seconds": 0.5, "pause_seconds": 0.3, **changes}
        addresses = tuple(server.url for server in servers)
        engine = RemoteEngine(RemoteConfig(addresses, **values), lambda: None)
        engine.start()
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.stop(0)


@pytest.fixture
def engine(server: HostileServer, make_engine: Callable[..., RemoteEngine]) -> RemoteEngine:
    server.go_on.clear()
    server.hung_up.clear()
    server.written = 0
    return make_engine(server)


def asking(question: str, *before: str, **sampling: Any) -> GenerationRequest:
    """A request of one question, after `before`: question, answer, question …"""
    turns = [ChatMessage(("user", "assistant")[n % 2], text) for n, text in enumerate(before)]
    messages = (ChatMessage("system", "Be kind."), *turns, ChatMessage("user", question))
    return GenerationRequest(messages, SamplingParams(**sampling), owner="1", request_id="r")


def answer(engine: RemoteEngine, question: str, **sampling: Any) -> tuple[str, Finished | Failed]:
    return read(engine.submit(asking(question, **sampling)))


def read(stream: TokenStream) -> tuple[str, Finished | Failed]:
    """Read a stream to its end."""
    text = ""
    ends: list[Finished | Failed] = []

    def ended() -> bool:
        nonlocal text
        for event in stream.take():
            if isinstance(event, TextPiece):
                text += event.text
            else:
                ends.append(event)
        return bool(ends)

    until(ended, "the stream ends")
    return text, ends[0]
