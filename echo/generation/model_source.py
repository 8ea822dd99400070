"""Where runners come from: the interface between the engine's thread and whatever loads models.

It does not know torch, files or threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from .model_spec import ModelSpec
from .runner import ModelRunner

Progress = Callable[[float | None, str], None]  # how far (0 to 1, None: unknown), what is done


@dataclass(frozen=True)
class ModelSize:
    """Bytes of memory that a model will take, known before any of it is loaded."""

    weights: int
    cache: int

    @property
    def total(self) -> int:
        return self.weights + self.cache


class ModelSource(Protocol):
    def size(self, spec: ModelSpec) -> ModelSize:
        """From headers alone, in milliseconds; raises ModelLoadError or InvalidConfig."""

    def prepare(self, spec: ModelSpec, progress: Progress) -> None:
        """Whatever takes long and needs no torch here: fetching, converting. In a helper thread."""

    def build(self, spec: ModelSpec) -> ModelRunner:
        """Load and warm up. In the engine's thread, or a helper's while others are served."""
