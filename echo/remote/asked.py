"""One request on its way through servers elsewhere, and the line in which it waits. Knows no servers."""

from __future__ import annotations

from dataclasses import dataclass, field

from echo import hub
from echo.generation import GenerationRequest, QueueFull, QueuePlace, TokenStream, WaitingLine

FIRST_GUESS_SECONDS = 5.0  # how long an answer takes, until one has been seen
LATELY = 0.1


@dataclass(eq=False)
class Asked:
    """A request with its stream; `task` writes it once it has left the line."""

    request: GenerationRequest
    stream: TokenStream
    room: hub.Latch = field(default_factory=hub.Latch)
    """Its reader has taken something."""
    task: hub.Task | None = None
    runs: bool = False
    """The task has begun: from now on it ends the stream, however it ends itself."""


class Queue:
    """Requests that wait for a place, a line for each model, bounded for all and for each owner."""

    def __init__(self, most: int, most_per_owner: int) -> None:
        self._most = most
        self._most_per_owner = most_per_owner
        self._lines: dict[str, WaitingLine[Asked]] = {}
        self._mean_seconds = FIRST_GUESS_SECONDS

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def waiting(self, model: str) -> int:
        return len(self._lines[model]) if model in self._lines else 0

    def enter(self, asked: Asked, capacity: int) -> None:
        """Let a request wait; raises QueueFull."""
        owner, model = asked.request.owner, asked.request.model
        bound = "engine" if len(self) >= self._most else ""
        bound = bound or ("owner" if self._waiting_of(owner) >= self._most_per_owner else "")
        if bound:
            raise QueueFull(max(1.0, self._wait(self.waiting(model), capacity)), bound)
        self._lines.setdefault(model, WaitingLine()).add(asked)

    def next(self, model: str) -> Asked | None:
        """Take the next request for a model out of its line."""
        line = self._lines.get(model)
        asked = line.pop() if line is not None else None
        if asked is not None:
            asked.stream.place = None
        return asked

    def leave(self, asked: Asked) -> bool:
        """Take this one out; False where it does not wait."""
        line = self._lines.get(asked.request.model)
        if line is None or not line.remove(asked):
            return False
        asked.stream.place = None
        return True

    def everyone(self) -> list[Asked]:
        return [asked for line in self._lines.values() for asked in line.in_order()]

    def models(self) -> list[str]:
        """Return the models that somebody waits for."""
        return [model for model, line in self._lines.items() if len(line)]

    def learn(self, seconds: float) -> None:
        """Note how long an answer took."""
        self._mean_seconds += LATELY * (seconds - self._mean_seconds)

    def tell_places(self, model: str, capacity: int) -> None:
        """Tell each waiter its place, and about how long it will take."""
        line = self._lines.get(model)
        for ahead, asked in enumerate(line.in_order() if line is not None else ()):
            asked.stream.place = QueuePlace(ahead + 1, round(self._wait(ahead, capacity), 1))

    def _wait(self, ahead: int, capacity: int) -> float:
        return self._mean_seconds * (ahead + 1) / max(1, capacity)

    def _waiting_of(self, owner: str) -> int:
        return sum(line.of_owner(owner) for line in self._lines.values())
