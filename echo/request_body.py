"""Requests whose bodies can neither hold the hub nor fill memory: eventlet's reader, with bounds.

eventlet reads the lines around chunks however long they are, as many lines after the last as come, and what
nobody has asked for to its end; where a client sends without a pause it reads without one. Here lines are
short, what is left is dropped up to a bound, after which the connection ends, and others get their turn.
Where a proxy might see another end of a body than this reader does (RFC 9112, 2.2, 6 and 11.2), the request
is refused: what follows would be taken for somebody's next one. Where it might see another host (RFC 9112,
3.2), too. Knows no application.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from email.errors import (
    MultipartInvariantViolationDefect,
    NoBoundaryInMultipartDefect,
    StartBoundaryNotFoundDefect,
)
from email.message import Message
from typing import Any, Final

import eventlet
from eventlet.wsgi import HttpProtocol, Input

LINE_BYTES: Final = 4_096  # of a chunk's size with its extensions, or of one trailer
TRAILERS: Final = 100
DROPPED_BYTES: Final = (
    64_000_000  # more than anything that is taken: who sends too much reads the refusal
)
BLOCK_BYTES: Final = 65_536
TURN_BYTES: Final = 262_144  # read by one connection before others have their turn
LINE_COST: Final = 512  # bytes that could be read in the time of one line


DIGITS: Final = re.compile(r"[0-9]+")
CONTROL: Final = re.compile(rb"[^\t\x20-\x7e\x80-\xff]")
"""Python takes what follows some of them for a line of its own."""
HOST: Final = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]*")
CHUNK: Final = re.compile(rb"([0-9A-Fa-f]+)[ \t]*(;[^\r\n]*)?\r?\n")
END_OF_LINE: Final = (b"\r\n", b"\n")
OF_PARTS: Final = (
    MultipartInvariantViolationDefect,
    NoBoundaryInMultipartDefect,
    StartBoundaryNotFoundDefect,
)
"""Python looks for the parts of a form among the headers, where they never are."""
REFUSED: Final = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class BoundedProtocol(HttpProtocol):
    """eventlet's, whose requests have a bounded body that ends where every reader sees its end."""

    def parse_request(self) -> bool:
        self.rfile: Any  # eventlet gives it back afterwards
        lines = self.rfile = _Head(self.raw_requestline, self.rfile)
        if not super().parse_request():
            return False
        if lines.are_clear and _is_clear(self.headers):
            return True
        self.wfile.write(REFUSED)
        self.close_connection = True
        return False

    def get_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environ()
        body = BoundedBody(environ["eventlet.input"], self)
        environ["wsgi.input"] = environ["eventlet.input"] = body
        return environ


class _Head:
    """The lines of a request before its body, as they came: whether none has control characters."""

    def __init__(self, first: bytes, rfile: Any) -> None:
        self._rfile = rfile
        self.are_clear = _is_line(first)

    def readline(self, size: int = -1) -> bytes:
        line: bytes = self._rfile.readline(size)
        self.are_clear &= _is_line(line)
        return line


def _is_line(line: bytes) -> bool:
    return not CONTROL.search(line.removesuffix(b"\n").removesuffix(b"\r"))


def _is_clear(headers: Message) -> bool:
    """Tell whether a request's headers are whole, and say in one way whom it is for and how long it is."""
    hosts = headers.get_all("Host", [])
    if len(hosts) > 1 or not all(map(HOST.fullmatch, hosts)):
        return False
    lengths, codings = (
        headers.get_all(name, []) for name in ("Content-Length", "Transfer-Encoding")
    )
    if any(not isinstance(defect, OF_PARTS) for defect in headers.defects):
        return False  # what stands below a line that is no header was not read
    if any("\n" in value or "\r" in value for value in headers.values()):
        return False  # a value goes on below
    if codings:
        return not lengths and [coding.lower() for coding in codings] == ["chunked"]
    return not lengths or (len(lengths) == 1 and DIGITS.fullmatch(lengths[0]) is not None)


class BoundedBody(Input):
    """What follows a request's headers; raises ValueError or OSError for chunks that are none."""

    def __init__(self, found: Input, protocol: HttpProtocol) -> None:
        self.__dict__.update(vars(found))
        self.rfile = _BoundedLines(found.rfile, self._paid)
        self._protocol = protocol
        self._unpaid = 0

    def read(self, length: int | None = None) -> bytes:
        return self._taken(super().read, length)

    def readline(self, size: int | None = None) -> bytes:
        return self._taken(super().readline, size)

    def _taken(self, take: Callable[[int | None], bytes], size: int | None) -> bytes:
        """Nobody knows where the next request begins after a body that is none: the connection ends."""
        try:
            data = take(size)
        except (ValueError, OSError):
            self._protocol.close_connection = True
            raise
        self._paid(len(data))
        return data

    def discard(self, buffer_size: int = BLOCK_BYTES) -> None:
        """Read what nobody asked for, so that the next request can be read; else end the connection."""
        left = DROPPED_BYTES
        with suppress(ValueError, OSError):
            while left > 0 and (data := self.read(buffer_size)):
                left -= len(data)
        if left <= 0:
            self._protocol.close_connection = True

    def _discard_trailers(self, rfile: Any) -> None:
        for _ in range(TRAILERS):
            if rfile.short_line() in (*END_OF_LINE, b""):
                return
        raise ValueError("a body has too many trailers")

    def _paid(self, size: int) -> None:
        self._unpaid += size
        if self._unpaid >= TURN_BYTES:
            self._unpaid = 0
            eventlet.sleep(0)


class _BoundedLines:
    """A connection's bytes; lines around chunks are short, and nothing else than they should be."""

    def __init__(self, rfile: Any, paid: Any) -> None:
        self._rfile = rfile
        self._paid = paid
        self._is_in_chunk = False

    def read(self, size: int = -1) -> bytes:
        found: bytes = self._rfile.read(size)
        return found

    def readline(self, size: int | None = None) -> bytes:
        """Return a line of a chunk; without a size the one before or behind it, or raise ValueError."""
        if size is not None:
            line: bytes = self._rfile.readline(size)
            self._paid(LINE_COST)
            return line
        line = self.short_line()
        if self._is_in_chunk:
            self._is_in_chunk = False
            if line not in END_OF_LINE:
                raise ValueError("a chunk is longer than it says")
        elif found := CHUNK.fullmatch(line):
            self._is_in_chunk = int(found[1], 16) > 0
        else:
            raise ValueError("a chunk's size is none")
        return line

    def short_line(self) -> bytes:
        line: bytes = self._rfile.readline(LINE_BYTES)
        self._paid(LINE_COST)
        if len(line) == LINE_BYTES:
            raise ValueError("a line between chunks is too long")
        return line
