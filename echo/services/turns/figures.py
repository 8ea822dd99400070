"""What the writing of a reply has taken so far, over all its continuations. Knows no rows and no engine."""

from __future__ import annotations

from dataclasses import dataclass

from echo.generation import Timing


@dataclass(frozen=True)
class Figures:
    """Times in milliseconds; None where it is not known: a reply that a killed process was writing."""

    completion_tokens: int = 0
    queue_ms: int | None = 0
    first_token_ms: int | None = None
    total_ms: int | None = 0

    def plus(self, completion: int, timing: Timing) -> Figures:
        """Return the figures once so many tokens more were written in that time."""
        first = self.first_token_ms
        if first is None:
            first = _sum(self.total_ms, timing.first_token_ms)
        return Figures(
            self.completion_tokens + completion,
            _sum(self.queue_ms, timing.queue_ms),
            first,
            _sum(self.total_ms, timing.total_ms),
        )


def _sum(before: int | None, more: float | None) -> int | None:
    return None if before is None or more is None else before + round(more)
