"""The training clock: how far a phase is and what share of the learning rate that gives.

Does not know models or data.
"""

from dataclasses import dataclass

from training.config import Phase


@dataclass(frozen=True)
class Budget:
    """A limit in minutes, or in steps where a run must be repeatable exactly."""

    minutes: float
    steps: int | None = None

    def progress(self, step: int, seconds: float) -> float:
        """0 at the start, 1 when the budget is used up."""
        if self.steps is not None:
            return min(1.0, step / self.steps)
        return min(1.0, seconds / (60 * self.minutes))


def learning_share(phase: Phase, progress: float) -> float:
    """Warm-up, stable, decay: the share of the peak learning rate."""
    if progress < phase.warmup:
        return max(progress / phase.warmup, 0.01)
    if not phase.decay:
        return 1.0
    # Straight down, nearly to zero: Bergsma et al. 2025, arXiv 2502.15938.
    return max(phase.end_share, min(1.0, (1 - progress) / phase.decay))


def snapshot_number(phase: Phase, progress: float) -> int | None:
    """Which snapshot is due: they are spread over the last share of the phase."""
    into = (progress - 1 + phase.averaged) / phase.averaged
    return int(into * phase.snapshots) if phase.snapshots and into >= 0 else None
