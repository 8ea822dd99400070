"""What other threads hand to the engine's thread and get from it. It does not know what is computed."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

from .request import Sequence
from .stream import TokenStream

log = logging.getLogger(__name__)


class Inbox:
    """Bounded counts under one short lock; everything else are deques and flags, which need none."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self.arrived: deque[Sequence] = deque()
        self.news = threading.Event()
        self.stopping = False
        self.has_cancels = False
        self._ready: deque[TokenStream] = deque()
        self._wake = wake
        self._lock = threading.Lock()
        self._queued = 0
        self._by_owner: dict[str, int] = {}

    @property
    def queued(self) -> int:
        return self._queued

    def enter(self, owner: str, most: int, most_per_owner: int) -> str | None:
        """Take a place in the queue; None, or which bound ('engine', 'owner') forbids it."""
        with self._lock:
            if self._queued >= most:
                return "engine"
            if self._by_owner.get(owner, 0) >= most_per_owner:
                return "owner"
            self._queued += 1
            self._by_owner[owner] = self._by_owner.get(owner, 0) + 1
        return None

    def come_back(self, owner: str) -> None:
        """A running request waits again; the bounds are for new ones."""
        with self._lock:
            self._queued += 1
            self._by_owner[owner] = self._by_owner.get(owner, 0) + 1

    def leave(self, owner: str) -> None:
        """The request no longer waits."""
        with self._lock:
            self._queued -= 1
            left = self._by_owner[owner] - 1
            if left:
                self._by_owner[owner] = left
            else:
                del self._by_owner[owner]

    def deliver(self, sequence: Sequence) -> None:
        self.arrived.append(sequence)
        self.news.set()

    def cancel(self) -> None:
        """Some stream has been marked."""
        self.has_cancels = True
        self.news.set()

    def announce(self, stream: TokenStream) -> None:
        if not stream.announced:
            stream.announced = True
            self._ready.append(stream)

    def drain_ready(self) -> list[TokenStream]:
        """Streams with news; take from each of them after this call."""
        ready: list[TokenStream] = []
        while self._ready:
            stream = self._ready.popleft()
            stream.announced = False
            ready.append(stream)
        return ready

    def wake_reader(self) -> None:
        """Once per step, however many streams have news; a broken reader must not stop the engine."""
        if not self._ready:
            return
        try:
            self._wake()
        except Exception:
            log.exception("The wake callback failed")
