"""The door to the engine for all other threads. It does not know who asks, and never waits."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable
from concurrent.futures import Future

from .config import DEFAULT_CONTEXT_CAP, EngineConfig
from .counters import EngineCounters, EngineHealth
from .engine_loop import EngineLoop
from .engine_thread import STOPPED, EngineThread
from .errors import EngineUnavailable, MessageTooLong, QueueFull
from .inbox import Inbox
from .model_swap import ModelSwap
from .request import FinishReason, GenerationRequest, SamplingParams, Sequence
from .runner import ModelRunner
from .scripted_runner import Script, ScriptedRunner
from .stream import Finished, QueuePlace, Timing, TokenStream, Usage

CHARS_PER_TOKEN = 16  # a text with more of them per token of room is not even counted


def _noop() -> None:
    pass


class Engine:
    def __init__(
        self,
        build_runner: Callable[[], ModelRunner],
        config: EngineConfig,
        wake: Callable[[], None] = _noop,
    ) -> None:
        self._config = config
        self._inbox = Inbox(wake)
        self._loop = EngineLoop(config, self._inbox)
        self._thread = EngineThread(build_runner, config, self._inbox, self._loop)
        self._numbers = itertools.count(1)

    @classmethod
    def local(cls, config: EngineConfig, wake: Callable[[], None] = _noop) -> Engine:
        """An engine over a model folder; torch is imported in the engine's thread."""
        return cls(lambda: _local_runner(config), config, wake)

    @classmethod
    def scripted(
        cls, script: Script, config: EngineConfig, wake: Callable[[], None] = _noop
    ) -> Engine:
        crashes: dict[str, int] = {}
        return cls(lambda: ScriptedRunner(script, config, crashes), config, wake)

    # life --------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the owner thread and return; the model is loaded there."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """End every stream; blocks for timeout at most."""
        self._thread.stop(timeout)

    def load(self, config: EngineConfig) -> Future[EngineHealth]:
        """Load another model while this one serves; the result comes when it has taken over.

        Do not wait for it in the web server's thread: ask done(). One load at a time.
        """
        self._require_alive()
        if self._thread.swap is not None:
            raise EngineUnavailable("Another model is being loaded.")
        swap = ModelSwap(lambda: _local_runner(config), self._inbox.news.set)
        self._thread.swap = swap
        swap.start()
        return swap.done

    # asking ------------------------------------------------------------------------------------

    def submit(self, request: GenerationRequest) -> TokenStream:
        """Queue a request; never blocks. Raises QueueFull or EngineUnavailable."""
        self._require_alive()
        full = self._inbox.enter(
            request.owner, self._config.max_queue, self._config.max_queue_per_owner
        )
        if full is not None:
            raise QueueFull(self._retry_after(), full)
        sequence = self._sequence(request)
        self._inbox.deliver(sequence)
        if self.health().state in ("failed", "stopped"):  # it ended while we were asking
            self._loop.abandon(self.health().error or STOPPED)
        return sequence.stream

    def check(self, text: str, system_prompt: str, max_new_tokens: int) -> None:
        """Raise MessageTooLong if this message can never fit, whatever is dropped before it."""
        runner = self._loop.runner
        if runner is None:
            context = self._config.context_length or DEFAULT_CONTEXT_CAP
            limit = context - min(max_new_tokens, context // 2)
        else:
            limit = runner.prompt_limit(max_new_tokens)
        if len(text) + len(system_prompt) > limit * CHARS_PER_TOKEN:
            raise MessageTooLong((len(text) + len(system_prompt)) // 4, limit)
        if runner is not None:
            tokens = runner.count_prompt(text, system_prompt)
            if tokens > limit:
                raise MessageTooLong(tokens, limit)

    def count_tokens(self, text: str) -> int:
        """Tokens of a text; about four characters each until the tokenizer is loaded."""
        runner = self._loop.runner
        return runner.count_tokens(text) if runner is not None else (len(text) + 3) // 4

    def drain_ready(self) -> list[TokenStream]:
        """Streams with news since the last call; take from each of them after it."""
        return self._inbox.drain_ready()

    @property
    def defaults(self) -> SamplingParams:
        """What the model's authors recommend, once it is loaded."""
        runner = self._loop.runner
        return runner.facts.defaults if runner is not None else self._config.defaults

    # looking -----------------------------------------------------------------------------------

    def health(self) -> EngineHealth:
        return self._thread.health

    def counters(self) -> EngineCounters:
        tally, runner = self._loop.tally, self._loop.runner
        return EngineCounters(
            queued=self._inbox.queued,
            running=len(self._loop.scheduler.running),
            tokens_per_second=tally.rate.per_second(),
            generated_tokens=tally.generated_tokens,
            prompt_tokens=tally.prompt_tokens,
            cached_tokens=tally.cached_tokens,
            finished=tally.finished,
            failed=tally.failed,
            cancelled=tally.cancelled,
            cache_slots_used=runner.slots_used if runner is not None else 0,
            cache_slots=self._loop.scheduler.slots,
        )

    # in the callers' threads ---------------------------------------------------------------------

    def _require_alive(self) -> None:
        health = self.health()
        if health.state == "failed":
            raise EngineUnavailable(f"The engine has failed: {health.error}")
        if self._inbox.stopping:
            raise EngineUnavailable(STOPPED)

    def _retry_after(self) -> float:
        wait = self._loop.scheduler.expected_wait(self._inbox.queued, time.monotonic())
        return max(1.0, round(wait, 1))

    def _sequence(self, request: GenerationRequest) -> Sequence:
        stream = TokenStream(
            request.request_id,
            limit=self._config.stream_buffer_tokens,
            on_cancel=self._cancel,
            on_room=self._inbox.news.set,
        )
        scheduler, ahead = self._loop.scheduler, self._inbox.queued - 1
        if self.health().state != "ready" or len(scheduler.running) + ahead >= scheduler.slots:
            wait = scheduler.expected_wait(ahead, time.monotonic())
            stream.place = QueuePlace(ahead + 1, round(wait, 1))
        return Sequence(request, stream, next(self._numbers))

    def _cancel(self, stream: TokenStream) -> None:
        self._inbox.cancel()
        if self.health().state != "ready":  # the thread is busy loading: answer for it
            stream.end(Finished(FinishReason.CANCELLED, Usage(), Timing()))
            self._inbox.announce(stream)
            self._inbox.wake_reader()


def _local_runner(config: EngineConfig) -> ModelRunner:
    # before torch: a spinning OpenMP barrier takes the core that the web server needs
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from .model_runner import build_local_runner

    return build_local_runner(config)
