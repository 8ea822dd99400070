"""Who stops reading is cut off by what waits for them, in packets and in characters; then nothing waits."""

from __future__ import annotations

from collections.abc import Iterator

import eventlet
import pytest
from engineio.packet import MESSAGE
from engineio.socket import Socket
from flask import Flask

from echo.extensions import socketio
from echo.sockets.slow_readers import CHARS_BEHIND, PACKETS_BEHIND
from tests.conftest import PATIENCE

SID = "reader"


@pytest.fixture
def reader(app: Flask) -> Iterator[Socket]:
    """A connection that reads nothing."""
    eio = socketio.server.eio
    eio.sockets[SID] = connection = Socket(eio, SID)
    yield connection
    eio.sockets.pop(SID, None)


def send(data: str, times: int = 1) -> None:
    for _ in range(times):
        socketio.server.eio.send(SID, data)
    eventlet.sleep(0)


def is_ended(reader: Socket) -> bool:
    with eventlet.Timeout(PATIENCE, False):
        while not reader.closed:
            eventlet.sleep(0.005)
    return bool(reader.closed)


@pytest.mark.parametrize(
    ("data", "times"), [("x" * 1_000_000, CHARS_BEHIND // 1_000_000), ("x", PACKETS_BEHIND)]
)
def test_who_is_too_far_behind_is_cut_off_and_nothing_is_kept(
    data: str, times: int, reader: Socket
) -> None:
    send(data, times)
    assert not reader.closed
    send(data)
    assert is_ended(reader)
    assert [packet for packet in list(reader.queue.queue) if packet] == []


def test_one_long_packet_is_no_fault_of_its_reader(reader: Socket) -> None:
    send("x" * 2 * CHARS_BEHIND)
    assert not reader.closed
    assert len(reader.poll()) == 1
    send("x", 10)
    assert not reader.closed


def test_nothing_waits_for_who_has_gone(reader: Socket) -> None:
    send("x" * 1_000_000, 3)
    reader.close(wait=False, abort=True, reason=socketio.server.reason.TRANSPORT_CLOSE)
    assert [packet for packet in list(reader.queue.queue) if packet] == []


def test_the_servers_own_last_words_are_still_read(reader: Socket) -> None:
    send("goodbye")
    reader.close(wait=False)
    assert [each.data for each in reader.poll() if each.packet_type == MESSAGE] == ["goodbye"]
