"""Bodies of requests that can neither hold the hub nor fill memory: eventlet's reader, with bounds.

eventlet reads the lines around chunks however long they are, as many lines after the last as come, and what
nobody has asked for to its end; where a client sends without a pause it reads without one. Here lines are
short, what is left is dropped up to a bound, after which the connection ends, and others get their turn.
Knows no application.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
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


class BoundedProtocol(HttpProtocol):
    """eventlet's, whose requests have a bounded body."""

    def get_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environ()
        body = BoundedBody(environ["eventlet.input"], self)
        environ["wsgi.input"] = environ["eventlet.input"] = body
        return environ


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
            if rfile.readline() in (b"\r\n", b"\n", b""):
                return
        raise ValueError("a body has too many trailers")

    def _paid(self, size: int) -> None:
        self._unpaid += size
        if self._unpaid >= TURN_BYTES:
            self._unpaid = 0
            eventlet.sleep(0)


class _BoundedLines:
    """A connection's bytes; a line whose length nobody bounds has a bound all the same."""

    def __init__(self, rfile: Any, paid: Any) -> None:
        self._rfile = rfile
        self._paid = paid

    def read(self, size: int = -1) -> bytes:
        found: bytes = self._rfile.read(size)
        return found

    def readline(self, size: int | None = None) -> bytes:
        line: bytes = self._rfile.readline(LINE_BYTES if size is None else size)
        self._paid(LINE_COST)
        if size is None and len(line) == LINE_BYTES:
            raise ValueError("a line between chunks is too long")
        return line
