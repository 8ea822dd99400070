"""The engine of this process and servers elsewhere as one engine: a model's name says which of them answers.

Where both have a model of one name, the servers' is meant. Knows neither from inside.
"""

from __future__ import annotations

from dataclasses import replace

from echo.generation import (
    Engine,
    EngineCounters,
    EngineHealth,
    GenerationRequest,
    ModelSpec,
    ModelStatus,
    SamplingParams,
    TokenStream,
)
from echo.remote.engine import RemoteEngine


class JoinedEngines:
    """`Engine` says what each of these does and raises. The models elsewhere come first."""

    def __init__(self, elsewhere: RemoteEngine, here: Engine) -> None:
        self._elsewhere = elsewhere
        self._here = here
        self._default = ""

    def start(self) -> None:
        """Begin to look after the servers; a model of this machine is loaded when somebody asks for it."""
        self._here.start(load=False)
        self._elsewhere.start()

    def stop(self, timeout: float) -> None:
        self._elsewhere.stop(timeout)
        self._here.stop(timeout)

    # models --------------------------------------------------------------------------------------

    @property
    def default_model(self) -> str:
        return self._default or self._elsewhere.names[0]

    def use_by_default(self, name: str) -> None:
        if not self._is_elsewhere(name):
            self._here.use_by_default(name)
        self._default = name

    def offer(self, spec: ModelSpec) -> None:
        self._here.offer(spec)

    def withdraw(self, name: str) -> None:
        own = [
            status.name for status in self._here.models() if name not in (status.name, status.base)
        ]
        if own and self._here.default_model == name != self.default_model:
            self._here.use_by_default(own[0])
        self._here.withdraw(name)

    def load(self, name: str) -> None:
        self._of(name).load(name)

    def unload(self, name: str) -> None:
        self._of(name).unload(name)

    def models(self) -> list[ModelStatus]:
        elsewhere = self._elsewhere.models()
        names = {status.name for status in elsewhere}
        return [*elsewhere, *(status for status in self._here.models() if status.name not in names)]

    @property
    def memory_limit(self) -> int | None:
        return self._here.memory_limit

    def models_changed(self) -> bool:
        changes = [self._elsewhere.models_changed(), self._here.models_changed()]
        return any(changes)

    # asking --------------------------------------------------------------------------------------

    def prepare(self, request: GenerationRequest) -> None:
        name = request.model or self.default_model
        self._of(name).prepare(replace(request, model=name))

    def submit(self, request: GenerationRequest) -> TokenStream:
        name = request.model or self.default_model
        return self._of(name).submit(replace(request, model=name))

    def check(self, text: str, system_prompt: str, max_new_tokens: int, model: str = "") -> None:
        name = model or self.default_model
        self._of(name).check(text, system_prompt, max_new_tokens, name)

    def tokenize(self, text: str, model: str = "") -> list[int]:
        name = model or self.default_model
        return self._of(name).tokenize(text, name)

    def drain_ready(self) -> list[TokenStream]:
        return [*self._elsewhere.drain_ready(), *self._here.drain_ready()]

    def defaults(self, model: str = "") -> SamplingParams:
        name = model or self.default_model
        return self._of(name).defaults(name)

    def window(self, model: str = "") -> int:
        name = model or self.default_model
        return self._of(name).window(name)

    # looking -------------------------------------------------------------------------------------

    def health(self) -> EngineHealth:
        """Of the engine that has the default model, but for how often the one here was started again."""
        health = self._of(self.default_model).health()
        return replace(health, restarts=self._here.health().restarts)

    def counters(self) -> EngineCounters:
        here, elsewhere = self._here.counters(), self._elsewhere.counters()
        return replace(  # what only the engine here has stays
            here,
            queued=here.queued + elsewhere.queued,
            running=here.running + elsewhere.running,
            tokens_per_second=here.tokens_per_second + elsewhere.tokens_per_second,
        )

    def _is_elsewhere(self, name: str) -> bool:
        return name in self._elsewhere.names

    def _of(self, name: str) -> RemoteEngine | Engine:
        return self._elsewhere if self._is_elsewhere(name) else self._here
