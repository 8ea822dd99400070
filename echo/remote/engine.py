"""The engine's interface over servers elsewhere. Owned by the hub's thread; knows no people and no rows."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import structlog

from echo import hub
from echo.generation import (
    DEFAULT_CONTEXT_CAP,
    EngineCounters,
    EngineHealth,
    EngineUnavailable,
    Failed,
    Finished,
    FinishReason,
    GenerationRequest,
    InvalidRequest,
    MessageTooLong,
    ModelBusy,
    ModelStatus,
    SamplingParams,
    Timing,
    TokenStream,
    Usage,
    check_schemas,
)
from echo.remote import bodies, failures
from echo.remote.answering import Answering
from echo.remote.answers import TOOL_FORM
from echo.remote.asked import Asked, Queue
from echo.remote.config import RemoteConfig
from echo.remote.figures import Figures
from echo.remote.servers import NAMELESS, Servers

log = structlog.get_logger()

LOST: Final = Failed(
    "engine_failed", "The answer was lost. Please retry.", Usage(None, None), Timing()
)
STOPPED: Final = "The engine was stopped."
CHARS_PER_TOKEN: Final = 16
"""A text with more of them for each token of the window cannot fit; else the server judges."""


class RemoteEngine:
    """Asks servers elsewhere; each answer is written by a green thread of its own."""

    def __init__(self, config: RemoteConfig, wake: Callable[[], None]) -> None:
        self._config = config
        self._wake = wake
        self._ready: deque[TokenStream] = deque()
        self._queue = Queue(config.max_queue, config.max_queue_per_owner)
        self._running: dict[Asked, Answering] = {}
        self._figures = Figures()
        self._changed = False
        self._over = False
        self._servers = Servers(config, self._changes)

    # life ----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Look at the servers, now and from time to time; waits a moment for what they say."""
        self._servers.start()

    def stop(self, timeout: float) -> None:
        """End every stream."""
        self._over = True
        self._servers.stop()
        for asked in [*self._queue.everyone(), *self._running]:
            asked.stream.cancel()

    # models --------------------------------------------------------------------------------------

    @property
    def names(self) -> tuple[str, ...]:
        """The models on offer, the default first."""
        return self._servers.names

    def load(self, name: str) -> None:
        """Look at once whether its servers are there."""
        self._servers.look()

    def unload(self, name: str) -> None:
        raise ModelBusy(f"{name} is computed elsewhere: its memory is that of its server.")

    def models(self) -> list[ModelStatus]:
        return [self._status(name) for name in self.names]

    def models_changed(self) -> bool:
        changed, self._changed = self._changed, False
        return changed

    def _status(self, name: str) -> ModelStatus:
        told = self._servers.status(name)
        running = sum(asked.request.model == name for asked in self._running)
        return self._figures.added_to(
            replace(told, running=running, waiting=self._queue.waiting(name))
        )

    # asking --------------------------------------------------------------------------------------

    def prepare(self, request: GenerationRequest) -> None:
        check_schemas(request)

    def submit(self, request: GenerationRequest) -> TokenStream:
        """Queue a request; never waits. Raises QueueFull, EngineUnavailable or InvalidRequest."""
        request = replace(request, model=request.model or self.names[0])
        if request.model not in self.names:
            raise InvalidRequest("model", f"there is no model {request.model!r} here.")
        if self._over or request.model == NAMELESS:
            raise EngineUnavailable(STOPPED if self._over else failures.AWAY)
        if request.optional_tools:  # whether the model calls them no server tells
            request = replace(request, tools=())
        check_schemas(request)
        stream = TokenStream(
            request.request_id,
            limit=self._config.stream_buffer_tokens,
            on_cancel=lambda: self._cancel(asked),
            on_room=lambda: asked.room.notify(),
        )
        stream.tool_form = TOOL_FORM if request.tools else None
        asked = Asked(request, stream)
        self._queue.enter(asked, self._capacity(request.model))
        self._dispatch()
        return stream

    def check(self, text: str, system_prompt: str, max_new_tokens: int, model: str = "") -> None:
        """Raise MessageTooLong where this can never fit; what may fit, the server judges."""
        window = self._servers.window(model or self.names[0])
        if window is None:
            return
        limit = window - min(max_new_tokens, window // 2)
        letters = len(text) + len(system_prompt)
        if letters > limit * CHARS_PER_TOKEN:
            raise MessageTooLong(letters // bodies.BYTES_PER_TOKEN, limit)

    def tokenize(self, text: str, model: str = "") -> list[int]:
        """Refuse: the protocol has no words for it."""
        raise InvalidRequest("text", "this model's server elsewhere does not tell its tokens.")

    def drain_ready(self) -> list[TokenStream]:
        ready = list(self._ready)
        self._ready.clear()
        for stream in ready:
            stream.announced = False
        return ready

    def defaults(self, model: str = "") -> SamplingParams:
        """What is usual: no server tells what a model's authors recommend."""
        return SamplingParams()

    def window(self, model: str = "") -> int:
        return self._servers.window(model or self.names[0]) or DEFAULT_CONTEXT_CAP

    # looking -------------------------------------------------------------------------------------

    def health(self) -> EngineHealth:
        """Of the default model's servers."""
        return self._servers.health()

    def counters(self) -> EngineCounters:
        return EngineCounters(len(self._queue), len(self._running), self._figures.rate)

    # what runs -----------------------------------------------------------------------------------

    def _running_of(self, model: str) -> int:
        return sum(asked.request.model == model for asked in self._running)

    def _capacity(self, model: str) -> int:
        """Return how many answers may be written at once: by the servers that are not resting."""
        servers = self._servers.of(model)
        return self._config.slots * max(1, sum(not server.rest for server in servers))

    def _dispatch(self) -> None:
        """Begin what there is room for."""
        for model in self._queue.models():
            capacity = self._capacity(model)
            while self._running_of(model) < capacity and (asked := self._queue.next(model)):
                self._running[asked] = self._answering(asked)
                asked.task = hub.Task(self._answer, asked)
            self._queue.tell_places(model, capacity)

    def _answering(self, asked: Asked) -> Answering:
        return Answering(
            asked,
            self._servers.of(asked.request.model),
            lambda without: self._servers.choose(asked.request, without),
            self._config,
            lambda: self._piece(asked),
        )

    def _answer(self, asked: Asked) -> None:
        """In a green thread: write an answer, to an end of whatever kind."""
        asked.runs = True
        answering = self._running[asked]
        end: Finished | Failed = LOST
        try:
            if not asked.stream.cancelled:
                end = answering.run()
        except Exception:
            log.exception("an answer failed", reply=asked.request.request_id, **asked.request.trace)
        finally:
            if asked.stream.cancelled:
                end = answering.cancelled()
            self._ended(asked, end)

    def _ended(self, asked: Asked, end: Finished | Failed) -> None:
        del self._running[asked]
        if isinstance(end, Finished) and end.reason is not FinishReason.CANCELLED:
            self._queue.learn(max(0.0, end.timing.total_ms - end.timing.queue_ms) / 1000)
        self._end(asked, end)
        self._dispatch()

    def _end(self, asked: Asked, end: Finished | Failed) -> None:
        self._figures.ended(asked.request.model, end)
        if self._over and isinstance(end, Finished) and end.reason is FinishReason.CANCELLED:
            end = Failed("engine_failed", STOPPED, end.usage, end.timing)
        if asked.stream.end(end):
            self._news(asked.stream)

    def _cancel(self, asked: Asked) -> None:
        """Close the request of an answer that is being written; whatever waits ends at once."""
        if self._queue.leave(asked):
            self._end(asked, Finished(FinishReason.CANCELLED, Usage(None, None), Timing()))
            self._dispatch()  # those behind have come nearer
        elif asked.runs and asked.task is not None:
            asked.task.end()

    # telling -------------------------------------------------------------------------------------

    def _piece(self, asked: Asked) -> None:
        self._figures.piece(asked.request.model)
        self._news(asked.stream)

    def _news(self, stream: TokenStream) -> None:
        if not stream.announced:
            stream.announced = True
            self._ready.append(stream)
        self._wake()

    def _changes(self) -> None:
        """A server came, went or lists other models: who waits may have room, and readers are told."""
        self._changed = True
        self._wake()
        self._dispatch()
