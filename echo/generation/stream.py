"""One reply on its way from the engine's thread to a reader. It does not know who reads it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from .request import FinishReason
from .tool_form import ToolForm


@dataclass(frozen=True)
class Usage:
    prompt: int | None = 0  # None: computed elsewhere, by a server that does not tell
    cached: int | None = 0  # of the prompt; None as well
    completion: int = 0  # its pieces at least, where that server does not tell


@dataclass(frozen=True)
class Timing:
    queue_ms: float = 0.0
    first_token_ms: float | None = None  # since the request was accepted
    total_ms: float = 0.0


@dataclass(frozen=True)
class QueuePlace:
    position: int  # 1 = next
    eta_seconds: float


@dataclass(frozen=True)
class TokenLogprob:
    """How likely the model found a token: natural logarithms, before temperature and filters."""

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...]  # the likeliest tokens, descending


@dataclass(frozen=True)
class TextPiece:
    text: str
    tokens: int
    logprobs: tuple[TokenLogprob, ...] = ()  # of its tokens, where they were asked for


@dataclass(frozen=True)
class Finished:
    reason: FinishReason
    usage: Usage
    timing: Timing
    stop: str = ""  # the stop string that was met, where it was one


@dataclass(frozen=True)
class Failed:
    code: str  # engine_failed | bad_request | too_long
    text: str
    usage: Usage
    timing: Timing


StreamEvent = TextPiece | Finished | Failed
EndEvent = Finished | Failed


class TokenStream:
    """Text pieces, then exactly one Finished or Failed.

    The writer counts what it put, the reader counts what it took: no lock is shared while text flows.
    """

    def __init__(
        self,
        request_id: str,
        limit: int = 4096,
        on_cancel: Callable[[], None] | None = None,
        on_room: Callable[[], None] | None = None,
    ) -> None:
        self.request_id = request_id
        self.accepted_at = time.monotonic()  # the times that the end tells count from here
        self.place: QueuePlace | None = None
        self.tool_form: ToolForm | None = (
            None  # of calls, where functions are offered; before any piece
        )
        self.announced = False  # in the engine's list of streams with news
        self.paused = False
        self._events: deque[StreamEvent] = deque()
        self._limit = limit
        self._on_cancel = on_cancel
        self._on_room = on_room
        self._put_tokens = 0
        self._taken_tokens = 0
        self._ended = False
        self._end_lock = threading.Lock()
        self._cancelled = False

    # reader's side -------------------------------------------------------------------------

    def take(self) -> list[StreamEvent]:
        """Everything that came since the last call; neighbouring pieces are joined."""
        taken: list[StreamEvent] = []
        texts: list[str] = []
        tokens = 0
        logprobs: list[TokenLogprob] = []
        while self._events:
            event = self._events.popleft()
            if isinstance(event, TextPiece):
                texts.append(event.text)
                tokens += event.tokens
                logprobs += event.logprobs
            else:
                taken.append(event)
        if texts:
            taken.insert(0, TextPiece("".join(texts), tokens, tuple(logprobs)))
            self._taken_tokens += tokens
        if self.paused and self._on_room is not None:
            self._on_room()
        return taken

    @property
    def done(self) -> bool:
        """The end has been written (it may still wait to be taken)."""
        return self._ended

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    def cancel(self) -> None:
        """Mark it; the engine stops the row between two steps and writes the end."""
        if self._cancelled or self._ended:
            return
        self._cancelled = True
        if self._on_cancel is not None:
            self._on_cancel()

    # writer's side -------------------------------------------------------------------------

    @property
    def full(self) -> bool:
        return self._put_tokens - self._taken_tokens >= self._limit

    def put(self, text: str, tokens: int, logprobs: tuple[TokenLogprob, ...] = ()) -> None:
        if not self._ended:
            self._put_tokens += tokens
            self._events.append(TextPiece(text, tokens, logprobs))

    def end(self, event: EndEvent) -> bool:
        """Write the end; only the first end counts, whichever thread brings it."""
        with self._end_lock:
            if self._ended:
                return False
            self._ended = True
        self.place = None
        self._events.append(event)
        return True
