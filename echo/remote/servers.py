"""The servers elsewhere: which of them serve a model, whom to ask next, and how they all do.

The least busy one is asked; of several, the one that has read the conversation before, else they take turns.
Knows no answers.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from echo import hub
from echo.generation import EngineHealth, EngineState, GenerationRequest, ModelState, ModelStatus
from echo.remote.config import RemoteConfig
from echo.remote.server import LOOK_SECONDS, Server

TICK_SECONDS: Final = 0.5
REMEMBERED: Final = 10_000
"""Conversations whose last server is known."""
NAMELESS: Final = "elsewhere"
"""What is offered until a server has told which models it has."""
NOT_THERE: Final = (
    "No server can be used: {}. Look at ECHO_ENGINE_URL, ECHO_ENGINE_KEY and the servers."
)


class Servers:
    """Owned by the hub's thread; `changed` is called when what is on offer, or its state, has changed."""

    def __init__(self, config: RemoteConfig, changed: Callable[[], None]) -> None:
        self._config = config
        self._changed = changed
        self._all = [Server(address, config) for address in config.addresses]
        self._asked: OrderedDict[str, Server] = OrderedDict()
        self._watch: hub.Task | None = None
        self._told: object = None
        self._turn = 0

    def start(self) -> None:
        """Look at all of them, at most for a moment; then from time to time."""
        looks = hub.Signal()
        for server in self._all:
            hub.spawn(self._look, server, looks)
        while any(server.models is None and not server.away for server in self._all):
            if not looks.wait(LOOK_SECONDS + 1):
                break
        self._tell()
        self._watch = hub.Task(self._look_after)

    def stop(self) -> None:
        if self._watch is not None:
            self._watch.end()

    def look(self) -> None:
        """Look at all of them now."""
        for server in self._all:
            hub.spawn(self._look, server)

    # ── what is on offer ────────────────────────────────────────────────────────────────────

    @property
    def names(self) -> tuple[str, ...]:
        """The models that may be asked for, the default first."""
        if self._config.models:
            return self._config.models
        listed = [name for server in self._all for name in server.models or ()]
        return tuple(dict.fromkeys(listed)) or (NAMELESS,)

    def of(self, model: str) -> list[Server]:
        """Return the servers that may be asked for a model: where none lists it, all of them."""
        return [server for server in self._all if server.serves(model)] or self._all

    def window(self, model: str) -> int | None:
        """Return the tokens that a model reads: the smallest window that a server tells, or what is set."""
        told = [window for server in self.of(model) if (window := (server.models or {}).get(model))]
        return min(told, default=self._config.context_length)

    def choose(self, request: GenerationRequest, without: set[Server]) -> Server | None:
        """Return the server to ask for this: the least busy of those that do not rest."""
        able = [
            server for server in self.of(request.model) if server not in without and not server.rest
        ]
        if not able:
            return None
        before = self._asked.get(request.conversation or "")
        server = min(able, key=lambda one: (one.load, one is not before, one.asked))
        self._turn += 1
        server.asked = self._turn
        if request.conversation:
            self._asked[request.conversation] = server
            self._asked.move_to_end(request.conversation)
            if len(self._asked) > REMEMBERED:
                self._asked.popitem(last=False)
        return server

    # ── how they do ─────────────────────────────────────────────────────────────────────────

    def health(self) -> EngineHealth:
        """Return the health of the default model."""
        status = self.status(self.names[0])
        state: EngineState = "loading" if status.state == "installed" else status.state
        return EngineHealth(state, status.name, "elsewhere", "none", 0, status.error)

    def status(self, model: str) -> ModelStatus:
        servers = self.of(model)
        state: ModelState = "ready" if any(server.is_there for server in servers) else "loading"
        if all(server.away for server in servers) or model == NAMELESS:
            state = "failed"
        return ModelStatus(
            model,
            "",
            state,
            error=_reasons(servers) if state == "failed" else None,
            context_length=self.window(model) or 0,
            slots=self._config.slots * len(servers),
            slots_used=sum(server.load for server in servers),
            servers=tuple(server.status() for server in servers),
        )

    def _look_after(self) -> None:
        while True:
            hub.sleep(TICK_SECONDS)
            for server in self._all:
                if server.is_due:
                    hub.spawn(self._look, server)
            self._tell()

    def _look(self, server: Server, looks: hub.Signal | None = None) -> None:
        server.look()
        self._tell()
        if looks is not None:
            looks.notify()

    def _tell(self) -> None:
        states = [(server.state, server.is_there) for server in self._all]
        if (told := (self.names, states)) != self._told:
            self._told = told
            self._changed()


def _reasons(servers: list[Server]) -> str:
    """Return why none of them can be used, for administrators."""
    told = [f"{server.address}: {server.error or 'it lists no models'}" for server in servers]
    return NOT_THERE.format("; ".join(told))
