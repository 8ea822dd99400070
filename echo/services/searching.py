"""Looking through rows for words: within a budget, and without holding the hub. Knows no table.

Texts are compared here and not by the database. SQLite folds the case of ASCII alone and PostgreSQL what its
locale knows, neither meets composed with decomposed letters, and both would hold the hub for as long as a
query takes. Folded copies of the texts in columns of their own would double what is stored and be written
with every piece of an answer, for a search that no index serves all the same: it finds the inside of words.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import literal, tuple_

from echo import hub
from echo.extensions import db
from echo.services.storage import first_rows
from echo.text import boundary, folded

SLICE_SECONDS: Final = 0.01
SLICE_ROWS: Final = 200  # read at once, fewer where their texts are long
CHUNK: Final = 256


class Budget:
    """How many rows one search reads at most, and how long it takes; `is_cut` says that it was not enough."""

    def __init__(self, rows: int, seconds: float) -> None:
        self.read = 0
        self.is_cut = False
        self._most = rows
        self._deadline = time.monotonic() + seconds
        self._began = time.monotonic()

    def _is_spent(self) -> bool:
        return self.read >= self._most or time.monotonic() > self._deadline

    def rows(self, query: Any, keys: int = 1) -> Iterator[Any]:
        """Yield the query's rows, the last first in the order of its first `keys` columns: together unique.

        They are read some at a time. The caller waits for nothing else meanwhile: it holds a connection.
        """
        columns = list(query.selected_columns)[:keys]
        following = query = query.order_by(*(column.desc() for column in columns))
        while not self._is_spent():
            found, more = first_rows(
                following, min(SLICE_ROWS, self._most - self.read), key=keys - 1
            )
            for row in found:
                if self._is_spent():  # by others that were read meanwhile, or by the time it took
                    break
                self.read += 1
                yield row
                self._breathe()
            else:
                if not more:
                    return
                following = query.where(_before(columns, found[-1]))
        self.is_cut = True

    def _breathe(self) -> None:
        """Let others have their turn after some milliseconds of work."""
        if time.monotonic() - self._began > SLICE_SECONDS:
            db.session.commit()  # nothing was written; the connection goes back while others work
            hub.sleep()
            self._began = time.monotonic()


def _before(columns: list[Any], row: Any) -> Any:
    bound = [literal(row[at], type_=column.type) for at, column in enumerate(columns)]
    if len(columns) == 1:
        return columns[0] < bound[0]
    return tuple_(*columns) < tuple_(*bound)


def place(text: str, words: str) -> tuple[int, int] | None:
    """Return where in a text the words (folded) stand, from and to; None where they do not."""
    at = folded(text).find(words)
    if at < 0:
        return None
    if text.isascii():
        return at, at + len(words)
    return _origin(text, at, is_end=False), _origin(text, at + len(words), is_end=True)


def _origin(text: str, wanted: int, *, is_end: bool) -> int:
    """Return the place in a text for one in its folded form; for one inside of a sign, the sign's edge."""
    start = done = 0
    while start < len(text):
        end = _next_boundary(text, start)
        length = len(folded(text[start:end]))
        if done + length > wanted or (is_end and done + length == wanted):
            return _within(text, start, end, wanted - done, is_end)
        start, done = end, done + length
    return len(text)


def _next_boundary(text: str, start: int) -> int:
    end = boundary(text, min(start + CHUNK, len(text)))
    return end if end > start else min(start + CHUNK, len(text))


def _within(text: str, start: int, end: int, wanted: int, is_end: bool) -> int:
    edges = [at for at in range(start, end) if boundary(text, at) == at] + [end]
    for left, right in pairwise(edges):
        wanted -= len(folded(text[left:right]))
        if wanted < 0 or (is_end and wanted == 0):
            return right if is_end else left
    return end
