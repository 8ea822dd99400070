"""What other threads hand to the engine's thread and get from it. It does not know what is computed."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

from .sequence import Sequence
from .stream import EndEvent, Failed, TokenStream

log = logging.getLogger(__name__)


class Inbox:
    """Bounded counts under one short lock; everything else are deques and flags, which need none."""

    def __init__(self, wake: Callable[[], None], ready: deque[TokenStream] | None = None) -> None:
        self.arrived: deque[Sequence] = deque()
        self.wishes: deque[Callable[[], None]] = deque()  # to be done by the engine's thread
        self.news = threading.Event()
        self.stopping = False
        self.has_cancels = False
        self._ready: deque[TokenStream] = deque() if ready is None else ready
        self._wake = wake
        self._lock = threading.Lock()
        self._queued = 0
        self._by_owner: dict[str, int] = {}
        self._open: dict[int, Sequence] = {}  # every request whose stream has no end yet
        self._models_changed = False

    def successor(self) -> Inbox:
        """Return an empty one for another thread; the same reader hears of the streams of both."""
        return Inbox(self._wake, self._ready)

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
        with self._lock:
            self._open[sequence.number] = sequence
        self.arrived.append(sequence)
        self.news.set()

    def wish(self, act: Callable[[], None]) -> None:
        """Let the engine's thread do this between two steps."""
        self.wishes.append(act)
        self.news.set()

    def close(self, sequence: Sequence, event: EndEvent) -> None:
        """Write the end of a stream, from whichever thread; only the first one counts."""
        with self._lock:
            self._open.pop(sequence.number, None)
        if sequence.stream.end(event):
            self.announce(sequence.stream)
            _note_end(sequence, event)

    def still_open(self) -> list[Sequence]:
        """Requests whose streams have no end yet; callable from any thread."""
        with self._lock:
            return list(self._open.values())

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

    def note_models(self) -> None:
        """A model's state has changed: the reader is told with the next wake-up."""
        self._models_changed = True

    def take_models_changed(self) -> bool:
        changed, self._models_changed = self._models_changed, False
        return changed

    def wake_reader(self) -> None:
        """Once per step, however many streams have news; a broken reader must not stop the engine."""
        if not self._ready and not self._models_changed:
            return
        try:
            self._wake()
        except Exception:
            log.exception("The wake callback failed")


def _note_end(sequence: Sequence, event: EndEvent) -> None:
    """One line for each request, with the number of whoever asked."""
    request = sequence.request
    if isinstance(event, Failed):
        level, how = logging.WARNING, event.code
    else:
        level, how = logging.INFO, event.reason
    said = "Request %s ended after %d tokens: %s"
    log.log(level, said, request.request_id, sequence.completion, how, extra=request.trace)
