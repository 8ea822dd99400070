"""Bodies whose end two readers may see at different places: what follows must never be taken for a request.

Behind a proxy that sees the other end, its answer would go to somebody else (RFC 9112, 11.2).
"""

from __future__ import annotations

import re
import socket

import pytest

from tests.live.server import LiveServer
from tests.security.attacks.wires import OPENED
from tests.waiting import SOON

BEHIND = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
UNCLEAR = {
    "both": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 4\r\nContent-Length: 0\r\n\r\nabcd",
    "the same length twice": b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
    "a list of lengths": b"Content-Length: 4, 4\r\n\r\nabcd",
    "a plus": b"Content-Length: +4\r\n\r\nabcd",
    "an underscore": b"Content-Length: 0_4\r\n\r\nabcd",
    "a minus": b"Content-Length: -4\r\n\r\nabcd",
    "foreign digits": "Content-Length: ٤\r\n\r\nabcd".encode(),
    "no length": b"Content-Length: \r\n\r\nabcd",
    "a space before the colon": b"Content-Length : 4\r\n\r\nabcd",
    "a coding with a space": b"Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "a line that is no header": b"odd\r\nContent-Length: 4\r\n\r\nabcd",
    "a line that goes on below": b"X-Odd: a\r\n Content-Length: 4\r\n\r\nabcd",
    "a length behind a bare CR": b"X-Odd: a\rContent-Length: 4\r\n\r\nabcd",
    "a coding behind a bare CR": (
        b"Content-Length: 5\r\nX-Odd: a\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "a coding behind a bare CR alone": b"X-Odd: a\r" + CHUNKED + b"0\r\n\r\n",
    "an end behind a bare CR": b"X-Odd: a\r\r\nContent-Length: 4\r\n\r\nabcd",
    "a bare CR in a form in parts": (
        b"Content-Type: multipart/form-data; boundary=b\r\nX-Odd: a\rContent-Length: 4\r\n\r\nabcd"
    ),
    "a NUL": b"X-Odd: a\0b\r\nContent-Length: 4\r\n\r\nabcd",
    "another sign that ends lines": b"X-Odd: a\x0cContent-Length: 4\r\n\r\n",
    "a CR in a name": b"X-\rOdd: a\r\nContent-Length: 4\r\n\r\nabcd",
    "two hosts": b"Host: elsewhere\r\nContent-Length: 4\r\n\r\nabcd",
    "the same host twice": b"host: localhost\r\nContent-Length: 4\r\n\r\nabcd",
    "another coding": b"Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
    "two codings": b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "none": b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "a chunk's size with 0x": CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n",
    "a chunk's size with an underscore": CHUNKED + b"0_5\r\nhello\r\n0\r\n\r\n",
    "a chunk's size with a plus": CHUNKED + b"+5\r\nhello\r\n0\r\n\r\n",
    "a chunk's size with a space before": CHUNKED + b" 5\r\nhello\r\n0\r\n\r\n",
    "a negative chunk": CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n",
    "a chunk that is longer": CHUNKED + b"5\r\nhelloyou\r\n0\r\n\r\n",
}
CLEAR = {
    "a length": b"Content-Length: 4\r\n\r\nabcd",
    "no body": b"\r\n",
    "chunks": CHUNKED + b"5\r\nhello\r\n0\r\n\r\n",
    "chunks with all that may be": (
        b"Transfer-Encoding: Chunked\r\n\r\n05;a=b\r\nhello\r\nA ;c\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n"
    ),
    "a form in parts": (
        b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 63\r\n\r\n"
        b'--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n\r\n--b--'
    ),
    "parts without a boundary": (
        b"Content-Type: multipart/form-data\r\nContent-Length: 4\r\n\r\nabcd"
    ),
    "tabs and signs of others": b"X-Odd:\ta\tb \xc3\xa4\xa0\r\nContent-Length: 4\r\n\r\nabcd",
    "lines that end without CR": b"X-Odd: a\nContent-Length: 4\r\n\r\nabcd",
    "an empty header": b"X-Empty:\r\nContent-Length: 4\r\n\r\nabcd",
}


def answers(server: LiveServer, rest: bytes, path: bytes) -> list[bytes]:
    """Send a request with another one behind it; return the first lines of the answers."""
    return heard(server, b"POST " + path + b" HTTP/1.1\r\nHost: localhost\r\n" + rest + BEHIND)


def heard(server: LiveServer, sent: bytes) -> list[bytes]:
    wire = socket.create_connection(("127.0.0.1", server.port), timeout=SOON)
    OPENED.append(wire)
    wire.sendall(sent)
    got = b""
    while data := wire.recv(65_536):
        got += data
    return re.findall(rb"HTTP/1\.\d \d{3} ", got)


@pytest.mark.server
@pytest.mark.parametrize("path", [b"/login", b"/healthz"], ids=["read", "dropped"])
@pytest.mark.parametrize("what", UNCLEAR)
def test_what_follows_an_unclear_body_is_no_request(
    what: str, path: bytes, server: LiveServer
) -> None:
    [only] = answers(server, UNCLEAR[what], path)
    assert b" 4" in only  # refused at once, or where the page was to read it


@pytest.mark.server
@pytest.mark.parametrize("path", [b"/login", b"/healthz"], ids=["read", "dropped"])
@pytest.mark.parametrize("what", CLEAR)
def test_what_follows_a_clear_body_is_answered(what: str, path: bytes, server: LiveServer) -> None:
    first, second = answers(server, CLEAR[what], path)
    assert b" 200 " in second, first


@pytest.mark.server
@pytest.mark.parametrize(
    "first",
    [b"GET /healthz\rHTTP/1.1", b"GET /healthz\0 HTTP/1.1", b"GET /healthz\x0bHTTP/1.1",
     b"GET\r/healthz HTTP/1.1"],
)  # fmt: skip
def test_a_first_line_that_two_readers_part_differently_is_refused(
    first: bytes, server: LiveServer
) -> None:
    [only] = heard(server, first + b"\r\nHost: localhost\r\n\r\n" + BEHIND)
    assert b" 400 " in only


@pytest.mark.server
@pytest.mark.parametrize(
    "host", [b"a b", b"local/host", b"local\xffhost", b"ada@localhost", b'"localhost"', b"local?host"]
)  # fmt: skip
def test_a_host_that_is_none_is_refused(host: bytes, server: LiveServer) -> None:
    [only] = heard(server, b"GET /healthz HTTP/1.1\r\nHost: " + host + b"\r\n\r\n" + BEHIND)
    assert b" 400 " in only


@pytest.mark.server
@pytest.mark.parametrize(
    "host", [b"chat_1.example:8080", b"[::1]:80", b"127.0.0.1", b"xn--bcher-kva.example"]
)
def test_a_host_is_answered(host: bytes, server: LiveServer) -> None:
    first, _ = heard(server, b"GET /healthz HTTP/1.1\r\nHost: " + host + b"\r\n\r\n" + BEHIND)
    assert b" 200 " in first
