"""A text as people see it: without case, invisible characters and runs of white space. Knows no rules.

Each character of it knows its place in the text as it was written, so that what is found can be shown.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_left
from functools import lru_cache
from typing import Final

from echo.text import BLANK, MARKS_TOGETHER, combines, folded

_PARTS: Final = re.compile(r"(\s+)|[!-~]+|.", re.DOTALL)
_MANY: Final = 4096


class Seen:
    """`folded` is looked through; `starts` and `ends` are its characters' places in what was written."""

    def __init__(self, text: str) -> None:
        self.starts = array("I")
        self.ends = array("I")
        self._parts: list[str] = []  # the last one ends with the last sign
        self._sign = ""  # as it was written, without what nobody sees
        for part in _PARTS.finditer(text):
            self._read(part)
        self.folded = "".join(self._parts)

    def at(self, place: int) -> int:
        """Return the first character that begins at this place of the text, or after it."""
        return bisect_left(self.starts, place)

    def _read(self, part: re.Match[str]) -> None:
        start, end = part.span()
        said = part.group()
        if part.group(1):
            self._add(" ", start, end)
        elif said.isascii() and said.isprintable():
            self._parts.append(said.lower())
            self.starts.extend(range(start, end))
            self.ends.extend(range(start + 1, end + 1))
            self._sign = said[-1]
        elif BLANK.fullmatch(said):  # before marks: some of what nobody sees is among them
            return
        elif combines(said) and self._parts:
            self._join(said, end)
        else:
            self._add(said, start, end)

    def _add(self, said: str, start: int, end: int) -> None:
        found = _folded(said)
        self._parts.append(found)
        self.starts.extend([start] * len(found))
        self.ends.extend([end] * len(found))
        self._sign = said

    def _join(self, mark: str, end: int) -> None:
        """Fold the last sign anew, with one more mark on it; no language has as many as are left out."""
        if len(self._sign) > MARKS_TOGETHER:
            return
        start, chars = self.starts[-1], 0
        while self.starts and self.starts[-1] == start:
            self.starts.pop()
            self.ends.pop()
            chars += 1
        self._parts[-1] = self._parts[-1][:-chars]
        self._add(self._sign + mark, start, end)


@lru_cache(_MANY)
def _folded(sign: str) -> str:
    return folded(unicodedata.normalize("NFKC", sign))


def as_seen(text: str) -> str:
    """Return how a text is looked through."""
    return Seen(text).folded.strip()
