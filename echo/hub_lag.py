"""How late green threads are woken: what everybody waits when one of them keeps the hub to itself.

A thread of its own sleeps for a tenth of a second, again and again, and notes by how much it overslept. It
does not know what kept the hub.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Final

from flask import Flask

from echo import hub

EACH_SECONDS: Final = 0.1
KEPT_SECONDS: Final = 15.0
"""No look of every five to fifteen seconds misses the worst moment before it."""


class HubLag:
    """The lags of the last seconds; `run` is to be spawned by the serving process."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()  # when, and how late, in seconds

    @classmethod
    def of(cls, app: Flask) -> HubLag:
        """Return an application's measure."""
        lag: HubLag = app.extensions["hub_lag"]
        return lag

    def run(self) -> None:
        """Measure, for ever."""
        while True:
            began = time.monotonic()
            hub.sleep(EACH_SECONDS)
            now = time.monotonic()
            self.note(now, max(0.0, now - began - EACH_SECONDS))

    def note(self, now: float, seconds: float) -> None:
        """Keep one measurement and forget those that are too old."""
        self._seen.append((now, seconds))
        while self._seen[0][0] < now - KEPT_SECONDS:
            self._seen.popleft()

    def worst(self) -> float:
        """Return the longest lag of the last `KEPT_SECONDS`, in seconds; 0 where nothing measures."""
        return max((late for _, late in self._seen), default=0.0)
