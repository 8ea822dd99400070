"""Server-sent events out of bytes as they come: half lines wait for their rest. Knows no protocol above.

As the HTML standard has them, of which only `data` matters here: lines end with CR, LF or both, comments and
other fields are passed over, an empty line ends an event.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

MOST_BYTES: Final = 1_000_000
"""Of one event."""
LINE_END: Final = re.compile(rb"\r\n|\n|\r(?!\Z)")
"""A CR at the end of what has come may be the first half of CR LF."""


class EventTooLong(Exception):
    """An event that never ends."""


class ServerEvents:
    """Takes bytes, gives the data of whole events as bytes: half a character is in no event."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the data of each event that `chunk` completes; raises EventTooLong."""
        self._rest.append(chunk)
        for line in self._lines(chunk):
            if not line and self._data:
                yield self._taken()
            elif line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
        if self._size > MOST_BYTES:
            raise EventTooLong

    def end(self) -> Iterator[bytes]:
        """Yield what the last, unended lines hold: some servers leave out the last empty line."""
        yield from self.feed(b"\n\n")

    def _lines(self, chunk: bytes) -> list[bytes]:
        """Take the lines that `chunk` completes; a long line is not searched again with each of its parts."""
        self._size += len(chunk)
        before = self._rest[-2][-1:] if len(self._rest) > 1 else b""
        if b"\n" not in chunk and b"\r" not in chunk and before != b"\r":
            return []
        *lines, rest = LINE_END.split(b"".join(self._rest))
        self._rest = [rest] if rest else []
        return lines

    def _taken(self) -> bytes:
        data = b"\n".join(self._data)
        self._data, self._size = [], sum(map(len, self._rest))
        return data
