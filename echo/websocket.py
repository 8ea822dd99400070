"""WebSocket connections that can neither hold the hub nor fill memory: eventlet's, with bounds.

eventlet unmasks byte by byte, joins as many fragments as come and reads on without a pause. Here masks come
off at once, what is beyond a limit is dropped as it comes, and every piece is paid for out of a budget. It
does not know what is said: that is the gate's, which it is given.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from contextlib import suppress
from socket import SHUT_RDWR
from typing import Any, Final

from eventlet.websocket import (
    BadRequest,
    FailedConnectionError,
    RFC6455WebSocket,
    WebSocketWSGI,
)

from echo.limits import SOCKET_POST_BYTES

DROPPED_AT_MOST: Final = SOCKET_POST_BYTES  # bytes of one message that are read only to be answered
HEAD_CHARS: Final = 64
BINARY: Final = 2  # the kind of a frame
NO_BINARY, NOT_TEXT, REFUSED, TOO_BIG = 1003, 1007, 1008, 1009  # why a connection is ended

Pay = Callable[[int], None]
"""Wait until the budget has so many bytes; others get their turn in any case."""


class Overlong(str):
    """The beginning of a message that was longer than is taken; the rest is gone."""


class BoundedMessage(RFC6455WebSocket.Message):
    """The frames of one message, of which no more than `most` bytes are kept."""

    def __init__(self, most: int, pay: Pay, opcode: int, **how: Any) -> None:
        super().__init__(opcode, most, how.get("decoder"), how.get("decompressor"))
        self._most, self._pay, self._size = most, pay, 0
        if opcode == BINARY:
            raise FailedConnectionError(NO_BINARY, "No binary data is taken here.")

    def push(self, data: bytes, final: bool = False) -> None:
        self.finished = final
        self._pay(len(data))
        room = max(self._most - self._size, 0)
        self._size += len(data)
        if self._size > DROPPED_AT_MOST:
            raise FailedConnectionError(TOO_BIG, "This message is far too large.")
        if room:
            self.data.append(data[:room])

    def getvalue(self) -> Any:
        raw, overlong = b"".join(self.data), self._size > self._most
        try:
            if self.decompressor and not self.opcode & 8:
                if overlong:  # what is left cannot be unpacked, and nothing after it either
                    raise FailedConnectionError(TOO_BIG, "This message is too large.")
                raw, overlong = self._unpacked(raw)
            if overlong:
                return Overlong(raw[:HEAD_CHARS].decode("utf-8", "replace"))
            return raw.decode() if self.decoder else raw
        except (UnicodeDecodeError, zlib.error) as failure:
            raise FailedConnectionError(NOT_TEXT, "This is no text.") from failure

    def _unpacked(self, packed: bytes) -> tuple[bytes, bool]:
        """Return what was packed, and whether there was more; the rest is unpacked only to be dropped."""
        found = self.decompressor.decompress(packed + b"\x00\x00\xff\xff", self._most)
        dropped, overlong = 0, False
        while rest := self.decompressor.unconsumed_tail:
            piece = len(self.decompressor.decompress(rest, self._most))
            self._pay(piece)
            dropped, overlong = dropped + piece, overlong or piece > 0
            if dropped > DROPPED_AT_MOST:
                raise FailedConnectionError(TOO_BIG, "This message is far too large.")
        return found, overlong


class BoundedWebSocket(RFC6455WebSocket):
    """One connection; `gate` is asked of each message, and returns what is let through."""

    def bound(self, most: int, pay: Pay, gate: Callable[[BoundedWebSocket, Any], Any]) -> None:
        """Set the bounds. `gate` returns None for a message that it has answered itself."""
        self.max_frame_length = DROPPED_AT_MOST
        self._gate = gate
        self.Message = lambda opcode, _most, **how: BoundedMessage(most, pay, opcode, **how)

    @staticmethod
    def _apply_mask(data: bytes, mask: Any, length: int | None = None, offset: int = 0) -> bytes:
        """Take the mask off all at once: as one long number."""
        size = len(data) if length is None else length
        turned = bytes(mask[(offset + at) % 4] for at in range(4))
        key = (turned * (size // 4 + 1))[:size]
        return (int.from_bytes(data[:size]) ^ int.from_bytes(key)).to_bytes(size)

    def wait(self) -> Any:
        """Return the next message that the gate lets through; None when the connection has ended."""
        while (said := super().wait()) is not None:
            if (passed := self._gate(self, said)) is not None:
                return passed
        return None

    def refuse(self, why: str) -> None:
        """End the connection with a word; nothing more is read of it."""
        self.iterator = iter(())
        self.close(close_data=(REFUSED, why))

    def cut(self) -> None:
        """End the connection of whoever does not read, at once: neither would a farewell be read."""
        with suppress(OSError):  # it is gone already
            self.socket.shutdown(SHUT_RDWR)


class BoundedWebSockets(WebSocketWSGI):
    """The WSGI application that turns a request into a connection, by the present protocol alone."""

    def __init__(self, handler: Any, bound: Callable[[BoundedWebSocket], None]) -> None:
        super().__init__(handler)
        self._bound = bound
        self.support_legacy_versions = False  # their frames have no length that could be refused

    def _handle_hybi_request(self, environ: dict[str, Any]) -> BoundedWebSocket:
        try:
            found = super()._handle_hybi_request(environ)
        except ValueError as failure:  # an extension's number that is none
            raise BadRequest from failure
        connection = BoundedWebSocket(
            found.socket,
            environ,
            found.version,
            protocol=found.protocol,
            extensions=found.extensions,
        )
        self._bound(connection)
        return connection
