"""An Echo elsewhere: its events however they are cut, and conversations that are too long for its model."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pytest
from requests import Response

from echo.cli.terminal import elsewhere
from echo.cli.terminal.elsewhere import Elsewhere
from echo.generation import ChatMessage, Failed, Finished, StreamEvent, TextPiece
from tests.remote.hostile_server import TEXT, HostileServer
from tests.waiting import until


@pytest.fixture(scope="module")
def server() -> Iterator[HostileServer]:
    server = HostileServer()
    yield server
    server.stop()


def asked(server: HostileServer, *words: str) -> list[StreamEvent]:
    """Say this in turn, the model's words among them, and return what comes."""
    roles = ("user", "assistant")
    history = [ChatMessage(roles[n % 2], text) for n, text in enumerate(words)]
    reply = Elsewhere(server.url, "key", None, {}).ask(history)
    events: list[StreamEvent] = []

    def ended() -> bool:
        events.extend(reply.take())
        return bool(events) and isinstance(events[-1], Finished | Failed)

    until(ended, "the answer's end")
    return events


def test_an_event_of_several_lines() -> None:
    response = Response()
    response.raw = BytesIO(b': x\r\ndata: {"a":\r\ndata: 1}\r\n\r\ndata: [DONE]\r\n\r\n')
    assert list(elsewhere._chunks(response)) == [{"a": 1}]


def test_each_byte_by_itself(server: HostileServer) -> None:
    *pieces, end = asked(server, "bytewise")
    assert "".join(one.text for one in pieces if isinstance(one, TextPiece)) == TEXT
    assert isinstance(end, Finished)


def test_an_event_that_never_ends(server: HostileServer) -> None:
    (end,) = asked(server, "endless line")
    assert isinstance(end, Failed)
    assert "never ends" in end.text


def test_a_conversation_that_is_too_long_goes_again_without_its_oldest_half(
    server: HostileServer,
) -> None:
    before = len(server.bodies)
    *_, end = asked(server, "one", "1", "two", "2", "three", "3", "short")
    assert isinstance(end, Finished)
    assert [[one["content"] for one in body["messages"]] for body in server.bodies[before:]] == [
        ["one", "1", "two", "2", "three", "3", "short"],
        ["three", "3", "short"],
    ]
