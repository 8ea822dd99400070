"""What is said of models to people who look after it. It does not know how they are served."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from .counters import EngineCounters, ModelStatus, Tally
from .model_spec import ModelSpec
from .sequence import RUNNING, Sequence
from .served_model import ServedModel


def status_of(
    spec: ModelSpec, served: ServedModel | None, still_open: Iterable[Sequence]
) -> ModelStatus:
    """Return the figures of a model that is offered; `still_open` are the requests of all models."""
    if served is None:
        return ModelStatus(spec.name, spec.base, "installed")
    own = [one for one in still_open if one.request.model == spec.name]
    running = sum(1 for one in own if one.state in RUNNING)
    tally = served.tallies.get(spec.name) or Tally()
    status = ModelStatus(
        spec.name, spec.base, served.state, served.doing, served.progress, served.error,
        running=running, waiting=len(own) - running,
        tokens_per_second=tally.rate.per_second(), generated_tokens=tally.generated_tokens,
        prompt_tokens=tally.prompt_tokens, cached_tokens=tally.cached_tokens,
        finished=tally.finished, failed=tally.failed, cancelled=tally.cancelled,
        restarts=served.restarts,
    )  # fmt: skip
    runner = served.runner
    return status if runner is None else replace(
        status, device=runner.facts.device, dtype=runner.facts.dtype, way=runner.facts.way,
        context_length=runner.facts.context_length, weight_bytes=runner.facts.weight_bytes,
        cache_bytes=runner.facts.cache_bytes, slots=runner.facts.slots,
        slots_used=runner.slots_used, defaults=runner.facts.defaults,
    )  # fmt: skip


def counters_of(models: list[ServedModel], queued: int) -> EngineCounters:
    """Return the figures of all models together."""
    runners = [model.runner for model in models]  # the engine's thread may take one away
    tallies = [tally for model in models for tally in list(model.tallies.values())]
    return EngineCounters(
        queued=queued,
        running=sum(len(model.scheduler.running) for model in models),
        tokens_per_second=sum(tally.rate.per_second() for tally in tallies),
        cache_tokens=sum(runner.cache_tokens for runner in runners if runner is not None),
    )
