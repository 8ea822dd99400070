"""Figures about the engine that are cheap enough to read each second. It does not know what runs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from .request import SamplingParams
from .sequence import SequenceState

EngineState = Literal["loading", "ready", "restarting", "failed", "stopped"]
ModelState = Literal["installed", "loading", "ready", "restarting", "failed"]


@dataclass(frozen=True)
class EngineHealth:
    """The engine as a whole; `model`, `device` and `dtype` are those of its default model."""

    state: EngineState
    model: str
    device: str
    dtype: str
    restarts: int
    error: str | None


@dataclass(frozen=True)
class EngineCounters:
    queued: int
    running: int
    tokens_per_second: float  # over the last five seconds
    cache_tokens: int = 0  # tokens whose keys and values are held, of all models


@dataclass(frozen=True)
class ServerStatus:
    """One server elsewhere that computes for a model."""

    address: str  # host and port; never a key
    state: Literal["unknown", "ready", "resting"]  # unknown: it has not been asked yet
    load: int  # answers that it is writing for this engine
    tokens_per_second: float
    first_token_ms: float | None  # of late, from the question to the first piece
    error: str | None = None  # why it rests, or the last time


@dataclass(frozen=True)
class ModelStatus:
    """One model that the engine may serve, as people who look after it see it."""

    name: str
    base: str  # whose weights it shares; empty: its own
    state: ModelState
    doing: str = ""  # while it is loaded: what is being done
    progress: float | None = None  # 0 to 1, where it can be told
    error: str | None = None
    device: str = ""
    dtype: str = ""
    way: str = ""  # how its steps are computed, in words
    context_length: int = 0  # tokens of prompt and reply together
    weight_bytes: int = 0
    cache_bytes: int = 0  # the most that its keys and values may take
    slots: int = 0
    slots_used: int = 0
    running: int = 0
    waiting: int = 0
    tokens_per_second: float = 0.0
    generated_tokens: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    finished: int = 0
    failed: int = 0
    cancelled: int = 0
    restarts: int = 0
    defaults: SamplingParams | None = None  # what its authors recommend, once it is loaded
    servers: tuple[ServerStatus, ...] = ()  # that compute for it elsewhere; none: this machine does


class RateMeter:
    """Tokens per second over the last five seconds: ten half-second bins, written by one thread."""

    BINS = 10
    WIDTH = 0.5

    def __init__(self) -> None:
        self._counts = [0] * (self.BINS + 1)
        self._stamps = [-1] * (self.BINS + 1)

    def add(self, count: int) -> None:
        number = int(time.monotonic() / self.WIDTH)
        index = number % (self.BINS + 1)
        if self._stamps[index] != number:
            self._stamps[index], self._counts[index] = number, 0
        self._counts[index] += count

    def per_second(self) -> float:
        number = int(time.monotonic() / self.WIDTH)
        recent = range(number - self.BINS, number)  # the bin being filled is left out
        total = sum(
            count
            for stamp, count in zip(self._stamps, self._counts, strict=True)
            if stamp in recent
        )
        return total / (self.BINS * self.WIDTH)


class Tally:
    """Totals since the start; written by the engine's thread only."""

    def __init__(self) -> None:
        self.rate = RateMeter()
        self.generated_tokens = 0
        self.prompt_tokens = 0
        self.cached_tokens = 0
        self.finished = 0
        self.failed = 0
        self.cancelled = 0

    def count(self, state: SequenceState) -> None:
        """Note how one request has ended."""
        if state is SequenceState.FINISHED:
            self.finished += 1
        elif state is SequenceState.CANCELLED:
            self.cancelled += 1
        else:
            self.failed += 1
