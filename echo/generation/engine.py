"""The door to the engine for all other threads. It does not know who asks, and never waits."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from .config import DEFAULT_CONTEXT_CAP, EngineConfig
from .counters import EngineCounters, EngineHealth, ModelStatus
from .engine_thread import CRASHED, STOPPED, EngineThread
from .errors import EngineUnavailable, InvalidRequest, MessageTooLong, ModelBusy, QueueFull
from .inbox import Inbox
from .model_source import ModelSource
from .model_spec import ModelSpec
from .request import FinishReason, GenerationRequest, SamplingParams
from .room import MB
from .runner import CHARS_PER_TOKEN, ModelRunner
from .schema import check_schemas
from .scripted_runner import Script, ScriptedModels
from .sequence import Sequence
from .served_model import ServedModel
from .statuses import counters_of, status_of
from .stream import Finished, QueuePlace, Timing, TokenStream, Usage
from .supervisor import Supervisor


def _noop() -> None: ...


class Engine:
    """Serves the models that are offered; each is loaded when it is first asked for."""

    def __init__(
        self,
        source: ModelSource,
        config: EngineConfig,
        wake: Callable[[], None] = _noop,
        models: Iterable[ModelSpec] = (),
    ) -> None:
        self._config = config
        first = EngineThread(source, config, Inbox(wake))
        self._supervisor = Supervisor(first, self._load_default, config)
        self._numbers = itertools.count(1)
        specs = list(models) or [ModelSpec.of_source(config.model)]
        self._thread.specs = {spec.name: spec for spec in specs}
        self._default = specs[0].name

    @classmethod
    def local(
        cls,
        config: EngineConfig,
        wake: Callable[[], None] = _noop,
        models: Iterable[ModelSpec] = (),
    ) -> Engine:
        """An engine over model folders and files; torch is imported when the first one is loaded."""
        # before torch: a spinning OpenMP barrier takes the core that the web server needs
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        from .local_models import LocalModels

        return cls(LocalModels(config), config, wake, models)

    @classmethod
    def scripted(
        cls,
        script: Script,
        config: EngineConfig,
        wake: Callable[[], None] = _noop,
        models: Iterable[ModelSpec] = (),
    ) -> Engine:
        specs = list(models) or [ModelSpec(name, name) for name in script.models]
        return cls(ScriptedModels(script, config), config, wake, specs)

    # life --------------------------------------------------------------------------------------

    def start(self, load: bool = True) -> None:
        """Start the owner thread and return; the default model is loaded at once, unless told otherwise."""
        if load:
            self._load_default(self._thread)
        self._supervisor.start()

    def stop(self, timeout: float) -> None:
        """End every stream; blocks for timeout at most."""
        self._supervisor.stop(timeout)

    # models ------------------------------------------------------------------------------------

    @property
    def default_model(self) -> str:
        return self._default

    def use_by_default(self, name: str) -> None:
        """Requests that name no model get this one."""
        self._default = self._spec(name).name

    def offer(self, spec: ModelSpec) -> None:
        """Let a model be asked for; raises InvalidRequest where its base is not offered."""
        if spec.base and spec.base not in self._thread.specs:
            raise InvalidRequest("model", f"its base {spec.base!r} is not installed.")
        self._thread.specs = {**self._thread.specs, spec.name: spec}
        self._inbox.note_models()
        self._inbox.wake_reader()

    def withdraw(self, name: str) -> None:
        """No longer offer a model: replies in the making end, its memory is freed."""
        spec = self._spec(name)
        if name == self._default:
            raise InvalidRequest("model", "the default one stays; choose another first.")
        rest = {
            key: other for key, other in self._thread.specs.items() if name not in (key, other.base)
        }
        thread = self._thread
        leaving = [other for other in thread.specs.values() if other.base == name]
        thread.specs = rest
        for one in (*leaving, spec):
            thread.inbox.wish(partial(thread.forget, one))

    def load(self, name: str) -> None:
        """Begin to load a model, if it is not in memory; `models()` tells how far it is."""
        _load(self._thread, self._spec(name))

    def unload(self, name: str) -> None:
        """Free a model's memory; raises ModelBusy while it is answering somebody."""
        spec = self._spec(name)
        served = self._served(name)
        if served is not None and served.busy:
            raise ModelBusy(f"{spec.weights} is answering somebody now.")
        thread = self._thread
        thread.inbox.wish(partial(thread.unload, spec.weights))

    def models(self) -> list[ModelStatus]:
        """Every model on offer, in the order of the offers."""
        thread = self._thread
        still_open = thread.inbox.still_open()
        return [
            status_of(spec, thread.models.get(spec.weights), still_open)
            for spec in thread.specs.values()
        ]

    @property
    def memory_limit(self) -> int | None:
        """Bytes that all models together may take, keys and values among them; None: no bound."""
        limit = self._config.memory_mb
        return None if limit is None else limit * MB

    def models_changed(self) -> bool:
        """Whether a model's state has changed since this was last asked."""
        return self._inbox.take_models_changed()

    # asking ------------------------------------------------------------------------------------

    def prepare(self, request: GenerationRequest) -> None:
        """Read the schema that a reply must fit, for a second at most: `submit` then finds it read, and so
        does the engine's thread. To be called on a native thread; raises InvalidRequest."""
        check_schemas(request)
        runner = self._runner(request.model)
        if runner is not None:
            runner.prepare(request)

    def submit(self, request: GenerationRequest) -> TokenStream:
        """Queue a request; never blocks. Raises QueueFull, EngineUnavailable or InvalidRequest."""
        request = replace(request, model=self._spec(request.model).name)
        check_schemas(request)
        thread = self._thread  # the same one to the end: another may take over meanwhile
        self._require_alive(request.model)
        full = thread.inbox.enter(
            request.owner, self._config.max_queue, self._config.max_queue_per_owner
        )
        if full is not None:
            raise QueueFull(self._retry_after(request.model), full)
        sequence = self._sequence(request, thread.inbox)
        thread.inbox.deliver(sequence)
        if thread.end is not None:  # it ended while we were asking
            thread.abandon(thread.end[1] or STOPPED)
        return sequence.stream

    def check(self, text: str, system_prompt: str, max_new_tokens: int, model: str = "") -> None:
        """Raise MessageTooLong if this message can never fit, whatever is dropped before it."""
        runner = self._runner(model)
        if runner is None:
            context = self.window(model)
            limit = context - min(max_new_tokens, context // 2)
        else:
            limit = runner.prompt_limit(max_new_tokens)
        if len(text) + len(system_prompt) > limit * CHARS_PER_TOKEN:
            raise MessageTooLong((len(text) + len(system_prompt)) // 4, limit)
        if runner is not None:
            tokens = runner.count_prompt(text, system_prompt, limit)
            if tokens > limit:
                raise MessageTooLong(tokens, limit)

    def tokenize(self, text: str, model: str = "") -> list[int]:
        """Ids of a text's tokens, on any thread; raises EngineUnavailable until the model is loaded."""
        runner = self._runner(model)
        if runner is None:
            raise EngineUnavailable(f"The model {self._spec(model).name} is not loaded.")
        return runner.tokenize(text)

    def drain_ready(self) -> list[TokenStream]:
        """Streams with news since the last call; take from each of them after it."""
        return self._inbox.drain_ready()

    def defaults(self, model: str = "") -> SamplingParams:
        """What the model's authors recommend, once it is loaded."""
        runner = self._runner(model)
        return runner.facts.defaults if runner is not None else self._config.defaults

    # looking -----------------------------------------------------------------------------------

    def window(self, model: str = "") -> int:
        """Tokens of one conversation that a model reads; what is set or usual until it is loaded."""
        runner = self._runner(model)
        if runner is not None:
            return runner.facts.context_length
        wanted = self._spec(model).context_length or self._config.context_length
        return wanted or DEFAULT_CONTEXT_CAP

    def health(self) -> EngineHealth:
        spec = self._spec("")
        return replace(self._thread.health(spec.weights), model=spec.name)

    def counters(self) -> EngineCounters:
        return counters_of(list(self._thread.models.values()), self._inbox.queued)

    # in the callers' threads ---------------------------------------------------------------------

    @property
    def _thread(self) -> EngineThread:
        return self._supervisor.thread

    @property
    def _inbox(self) -> Inbox:
        return self._thread.inbox

    def _load_default(self, thread: EngineThread) -> None:
        _load(thread, thread.specs[self._default])

    def _spec(self, name: str) -> ModelSpec:
        spec = self._thread.specs.get(name or self._default)
        if spec is None:
            raise InvalidRequest("model", f"there is no model {name!r} here.")
        return spec

    def _served(self, name: str) -> ServedModel | None:
        return self._thread.models.get(self._spec(name).weights)

    def _runner(self, name: str) -> ModelRunner | None:
        served = self._served(name)
        return served.runner if served is not None else None

    def _require_alive(self, model: str) -> None:
        if self._inbox.stopping:
            raise EngineUnavailable(STOPPED)
        if self._thread.end is not None:
            raise EngineUnavailable(CRASHED)
        served = self._served(model)
        if served is not None and served.state == "failed":
            raise EngineUnavailable(f"The model {model} cannot be used: {served.error}")

    def _retry_after(self, model: str) -> float:
        served = self._served(model)
        if served is None:
            return 1.0
        wait = served.scheduler.expected_wait(self._inbox.queued, time.monotonic())
        return max(1.0, round(wait, 1))

    def _sequence(self, request: GenerationRequest, inbox: Inbox) -> Sequence:
        stream = TokenStream(
            request.request_id,
            limit=self._config.stream_buffer_tokens,
            on_cancel=lambda: self._cancel(sequence, inbox),
            on_room=inbox.news.set,
        )
        sequence = Sequence(request, stream, next(self._numbers))
        served, ahead = self._served(request.model), inbox.queued - 1
        if served is None:
            stream.place = QueuePlace(ahead + 1, 0.0)
            return sequence
        scheduler = served.scheduler
        if served.state != "ready" or len(scheduler.running) + ahead >= scheduler.slots:
            wait = scheduler.expected_wait(ahead, time.monotonic())
            stream.place = QueuePlace(ahead + 1, round(wait, 1))
        return sequence

    def _cancel(self, sequence: Sequence, inbox: Inbox) -> None:
        inbox.cancel()
        served = self._served(sequence.request.model)
        if served is None or served.state != "ready":  # its thread may be busy loading
            inbox.close(sequence, Finished(FinishReason.CANCELLED, Usage(), Timing()))
            inbox.wake_reader()


def _load(thread: EngineThread, spec: ModelSpec) -> None:
    thread.inbox.wish(lambda: thread.load(thread.served(spec)))
