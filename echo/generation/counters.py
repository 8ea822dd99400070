"""Figures about the engine that are cheap enough to read each second. It does not know what runs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

EngineState = Literal["loading", "ready", "restarting", "failed", "stopped"]


@dataclass(frozen=True)
class EngineHealth:
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
    generated_tokens: int
    prompt_tokens: int
    cached_tokens: int
    finished: int
    failed: int
    cancelled: int
    cache_slots_used: int
    cache_slots: int


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
        self.generated_tokens = 0
        self.prompt_tokens = 0
        self.cached_tokens = 0
        self.finished = 0
        self.failed = 0
        self.cancelled = 0
        self.rate = RateMeter()
