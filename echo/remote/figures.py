"""What answers from elsewhere have taken since the start, by model. Knows no servers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from echo.generation import Failed, Finished, FinishReason, ModelStatus, Tally


class Figures:
    """Speeds count pieces as they come; totals are the servers' figures, where they tell them."""

    def __init__(self) -> None:
        self._tallies: defaultdict[str, Tally] = defaultdict(Tally)

    @property
    def rate(self) -> float:
        """Pieces a second, of all models."""
        return sum(tally.rate.per_second() for tally in self._tallies.values())

    def piece(self, model: str) -> None:
        self._tallies[model].rate.add(1)

    def ended(self, model: str, end: Finished | Failed) -> None:
        tally = self._tallies[model]
        tally.generated_tokens += end.usage.completion
        tally.prompt_tokens += end.usage.prompt or 0
        tally.cached_tokens += end.usage.cached or 0
        if isinstance(end, Failed):
            tally.failed += 1
        elif end.reason is FinishReason.CANCELLED:
            tally.cancelled += 1
        else:
            tally.finished += 1

    def added_to(self, status: ModelStatus) -> ModelStatus:
        """Return a model's status with what it has done."""
        tally = self._tallies[status.name]
        return replace(
            status,
            tokens_per_second=tally.rate.per_second(),
            generated_tokens=tally.generated_tokens,
            prompt_tokens=tally.prompt_tokens,
            cached_tokens=tally.cached_tokens,
            finished=tally.finished,
            failed=tally.failed,
            cancelled=tally.cancelled,
        )
