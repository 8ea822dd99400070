"""Drawn charts that are kept for a while, in a bounded number of bytes. Knows no chart and no range.

Everybody's ranges, zones, themes and sizes make keys of their own: by count alone they would fill memory.
"""

from __future__ import annotations

import pickle
import time
from collections import OrderedDict
from typing import Any, Final, NamedTuple

from flask import Flask

BYTES: Final = 32_000_000  # about five hundred pictures
SECONDS: Final = 60.0


class _Kept(NamedTuple):
    value: Any
    size: int
    until: float


class KeptCharts:
    """What was drawn, the least recently asked for going first."""

    def __init__(self, most: int = BYTES, seconds: float = SECONDS) -> None:
        self._most, self._seconds = most, seconds
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self.size = 0
        """Bytes of all values together."""

    @classmethod
    def of(cls, app: Flask) -> KeptCharts:
        """Return an application's."""
        found: KeptCharts = app.extensions["kept_charts"]
        return found

    def get(self, key: str) -> Any:
        """Return what was put, or None."""
        found = self._kept.get(key)
        if found is None:
            return None
        if found.until < time.monotonic():
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return found.value

    def put(self, key: str, value: Any) -> None:
        """Keep a value; what is larger than all the room is not kept."""
        self._drop(key)
        size = len(value) if isinstance(value, bytes) else len(pickle.dumps(value))
        if size > self._most:
            return
        self._kept[key] = _Kept(value, size, time.monotonic() + self._seconds)
        self.size += size
        while self.size > self._most:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: str) -> None:
        if (found := self._kept.pop(key, None)) is not None:
            self.size -= found.size
