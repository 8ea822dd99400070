"""Bodies that never end, sent by a visitor as fast as they are read: nobody notices, and no memory goes."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
import requests

from tests.live.server import LiveServer
from tests.security.attacks.wires import OPENED
from tests.waiting import SOON

BLOCK = b"A" * 1_000_000
MOST = 100
"""Blocks that are sent at most."""
SECONDS = 0.7
ENDLESS = {
    "a chunk's size": (b"", BLOCK),
    "a chunk's extension": (b"1;", BLOCK),
    "what follows a chunk": (b"1\r\na", BLOCK),
    "a trailer": (b"0\r\n", BLOCK),
    "trailers": (b"0\r\n", b"a: b\r\n" * 100_000),
    "small chunks": (b"", b"1\r\na\r\n" * 100_000),
}


def opened(server: LiveServer, length: str, path: str = "/login") -> socket.socket:
    wire = socket.create_connection(("127.0.0.1", server.port), timeout=0.5)
    OPENED.append(wire)
    kind = "Content-Type: application/x-www-form-urlencoded"
    head = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{server.port}", kind, length, "", ""]
    wire.sendall("\r\n".join(head).encode())
    return wire


def sent(wire: socket.socket, block: bytes) -> Iterator[None]:
    """Send for a while, or until nobody reads any more."""
    with suppress(OSError):
        for _ in range(MOST):
            wire.sendall(block)
            yield


def memory(server: LiveServer) -> int:
    assert server.process is not None
    with open(f"/proc/{server.process.pid}/statm") as file:
        return int(file.read().split()[1]) * 4_096


@pytest.mark.server
@pytest.mark.parametrize("what", ENDLESS)
@pytest.mark.parametrize("path", ["/login", "/healthz"], ids=["read", "dropped"])
def test_a_body_without_end_holds_nobody_up(what: str, path: str, server: LiveServer) -> None:
    begin, block = ENDLESS[what]
    before = memory(server)
    wire = opened(server, "Transfer-Encoding: chunked", path)
    wire.sendall(begin)
    began, slowest = time.monotonic(), 0.0
    for number, _ in enumerate(sent(wire, block)):
        if number % 10 == 1:
            asked = time.monotonic()
            assert requests.get(f"{server.url}/healthz", timeout=SOON).status_code == 200
            slowest = max(slowest, time.monotonic() - asked)
        if time.monotonic() - began > SECONDS:
            break
    assert requests.get(f"{server.url}/healthz", timeout=SOON).status_code == 200
    assert memory(server) - before < 30_000_000
    assert slowest < 0.5


@pytest.mark.server
def test_what_is_dropped_has_an_end(server: LiveServer) -> None:
    wire = opened(server, "Content-Length: 10000000000", "/healthz")
    wire.settimeout(SOON)
    count = sum(1 for _ in sent(wire, BLOCK))
    assert count < MOST


@pytest.mark.server
def test_a_connection_goes_on_after_a_body_that_nobody_read(server: LiveServer) -> None:
    wire = opened(server, "Transfer-Encoding: chunked", "/healthz")
    wire.sendall(b"5;a=b\r\nhello\r\n0\r\nTrailer: x\r\n\r\n")
    wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    wire.settimeout(SOON)
    answer = b"".join(iter(lambda: wire.recv(65_536), b""))
    assert answer.count(b"HTTP/1.1 ") == 2
    assert b"HTTP/1.1 200 OK" in answer


@pytest.mark.server
@pytest.mark.parametrize(
    "body",
    [b"0\r\n" + b"a: b\r\n" * 100, b"1;" + b"A" * 4_094 + b"0\r\n\r\n"],
    ids=["trailers", "a long line"],
)
def test_what_follows_a_body_that_is_none_is_no_request(body: bytes, server: LiveServer) -> None:
    """Read by the application itself; what stands behind it must not be answered."""
    wire = opened(server, "Transfer-Encoding: chunked")
    with suppress(OSError):
        wire.sendall(body + b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    wire.settimeout(SOON)
    answer = b""
    with suppress(OSError):
        while part := wire.recv(65_536):
            answer += part
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"HTTP/1.1 200" not in answer
