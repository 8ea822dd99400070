"""Room in memory for one model more. It does not know how models are loaded."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from .errors import ModelLoadError, NoRoom
from .model_source import ModelSize
from .served_model import ServedModel

log = logging.getLogger(__name__)
MB = 1024 * 1024


def make_room(
    wanted: ServedModel, size: ModelSize, models: Mapping[str, ServedModel], most_mb: int | None
) -> None:
    """Unload idle models, the longest unused first, until `wanted` fits.

    Raises:
        ModelLoadError: it can never fit.
        NoRoom: it does not fit now; both numbers are in the text.
    """
    if most_mb is None:
        return
    most = most_mb * MB
    if size.total > most:
        raise ModelLoadError(
            f"{wanted.name} needs {_mb(size.total)} MB of memory; {most_mb:,} MB are allowed for all "
            "models together (ECHO_MODEL_MEMORY)."
        )
    idle = [model for model in models.values() if model is not wanted and not model.busy]
    for model in sorted(idle, key=lambda one: one.used_at):
        if _held(models) + size.total <= most:
            return
        if model.runner is not None:
            log.info("%s makes room for %s", model.name, wanted.name)
            model.let_go()
            model.state = "installed"
    if (left := most - _held(models)) < size.total:
        raise NoRoom(
            f"{wanted.name} needs {_mb(size.total)} MB of memory; {_mb(left)} MB are free beside the "
            "models that are answering now. Please try again shortly."
        )


def _held(models: Mapping[str, ServedModel]) -> int:
    runners = [model.runner for model in models.values() if model.runner is not None]
    return sum(runner.facts.weight_bytes + runner.facts.cache_bytes for runner in runners)


def _mb(size: int) -> str:
    return f"{-(-size // MB):,}"
