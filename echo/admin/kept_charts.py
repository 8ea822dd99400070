"""Drawn charts that are kept for a while, in a bounded number of bytes. Knows no chart and no range.

Everybody's ranges, zones, themes and sizes make keys of their own: by count alone they would fill memory.
"""

from __future__ import annotations

import contextlib
import pickle
import time
from collections.abc import Callable
from typing import Any, Final

from cachetools import TTLCache
from flask import Flask

BYTES: Final = 32_000_000  # about five hundred pictures
SECONDS: Final = 60.0


class KeptCharts(TTLCache[str, Any]):
    """What was drawn, the least recently asked for going first; `currsize` counts bytes."""

    def __init__(
        self,
        most: int = BYTES,
        seconds: float = SECONDS,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(most, seconds, timer, getsizeof=_size)

    @classmethod
    def of(cls, app: Flask) -> KeptCharts:
        """Return an application's."""
        found: KeptCharts = app.extensions["kept_charts"]
        return found

    def put(self, key: str, value: Any) -> None:
        """Keep a value; what is larger than all the room is not kept."""
        self.pop(key, None)
        with contextlib.suppress(ValueError):
            self[key] = value


def _size(value: Any) -> int:
    return len(value) if isinstance(value, bytes) else len(pickle.dumps(value))
