"""Raw connections, frame by frame, as attackers make them; and what they cost everybody else."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

from tests.live.server import PATIENCE, LiveServer, Person

OPENED: list[socket.socket] = []
"""Closed after each test, however it ends."""
TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9


def upgrade(server: LiveServer, *headers: str, version: str = "13") -> socket.socket:
    """Return a socket that has become a websocket of Engine.IO's, and nothing more."""
    wire = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    OPENED.append(wire)
    lines = [
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        f"Sec-WebSocket-Version: {version}",
        *headers,
    ]
    wire.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += wire.recv(1)
    assert b" 101 " in answer, answer
    return wire


def frame(data: bytes, kind: int = TEXT, final: bool = True, first: int = 0) -> bytes:
    """Return one masked frame."""
    size = len(data)
    head = bytes([(0x80 if final else 0) | first | kind])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65_536:
        head += bytes([0x80 | 126]) + struct.pack("!H", size)
    else:
        head += bytes([0x80 | 127]) + struct.pack("!Q", size)
    return head + b"\0\0\0\0" + data  # a mask of nothing: the server must take it off all the same


def ended_in(wire: socket.socket, seconds: float) -> float | None:
    """Return after how many seconds the server ended the connection; None when it did not."""
    began = time.monotonic()
    wire.settimeout(0.2)
    while time.monotonic() - began < seconds:
        with suppress(TimeoutError):
            try:
                if not wire.recv(65_536):
                    return time.monotonic() - began
            except ConnectionError:
                return time.monotonic() - began
    return None


@contextmanager
def slowest_answer(server: LiveServer) -> Iterator[list[float]]:
    """Ask `/healthz` all the time meanwhile; the list grows by the seconds of each answer."""
    taken: list[float] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            began = time.monotonic()
            assert requests.get(server.url + "/healthz", timeout=PATIENCE).status_code == 200
            taken.append(time.monotonic() - began)

    asker = threading.Thread(target=ask)
    asker.start()
    try:
        yield taken
    finally:
        over.set()
        asker.join()


def processor_seconds(server: LiveServer) -> float:
    """Return what the server's process has used so far: the machine's other work is not in it."""
    assert server.process is not None
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(server: LiveServer) -> float:
    """Return the server's resident memory."""
    assert server.process is not None
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def joined(person: Person) -> socket.socket:
    """Return a raw websocket of somebody who is signed in, joined to the namespace."""
    wire = upgrade(person.server, f"Cookie: {person.cookie}")
    wire.sendall(frame(b"40"))
    answer = b""
    while b'40{"sid"' not in answer:
        answer += wire.recv(4096)
    return wire
