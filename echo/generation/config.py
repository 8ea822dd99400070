"""Settings of the engine, checked when they are made. It does not know the environment or files."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from .errors import InvalidConfig
from .request import SamplingParams

DEVICES = ("auto", "cpu", "cuda", "mps")
DTYPES = ("auto", "float32", "bfloat16", "float16")
QUANTS = ("none", "auto", "int8", "4")
PACKAGE_FOR_CUDA = "bitsandbytes"  # packs weights there; not among Echo's requirements
DTYPE_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
MIN_CONTEXT = 32
DEFAULT_CONTEXT_CAP = 4096
GOOD_WINDOW, LEAST_WINDOW = 2048, 1024  # tokens that a conversation has, if memory allows
MB = 1024 * 1024
LEAST_CACHE_MB = 768  # of which only what is written takes memory
CACHE_SHARE = 8  # of the memory for all models one part in so many may be one model's cache
FEW_SLOTS = 8  # less than this at once is worse than a shorter window


@dataclass(frozen=True)
class EngineConfig:
    model: str = ""  # the default: a folder, a GGUF file, or the name of a model on the hub
    device: str = "auto"
    dtype: str = "auto"
    quant: str = (
        "none"  # bits of the weights: auto is 8 where the own kernels can, on the processor
    )
    native_folder: Path | None = None  # where compiled kernels are kept; None: the user's cache
    context_length: int | None = None  # None: the model's own window, at most 4,096
    slots: int = 32
    max_queue: int = 256
    max_queue_per_owner: int = 16
    prefill_tokens_per_step: int = 512
    threads: int | None = None  # None: all that leave the web server its turn
    max_cache_mb: int = 4096  # of one model
    seed: int | None = None  # makes requests without a seed repeatable, for demonstrations
    memory_mb: int | None = None  # of all models together, keys and values among it; None: no bound
    stream_buffer_tokens: int = 4096  # a row whose reader lags further behind is paused
    stalled_reader_seconds: float = 60.0  # and cancelled after this time
    max_quick_failures: int = 3
    quick_failure_seconds: float = 60.0
    restart_pause_seconds: float = 0.5
    failed_pause_seconds: float = 60.0  # after which a model that failed too often is tried again
    longest_failed_pause_seconds: float = 600.0
    step_seconds: float = 120.0  # a step that takes longer hangs, and the engine is replaced
    defaults: SamplingParams = field(default_factory=SamplingParams)

    def __post_init__(self) -> None:
        _one_of("device", self.device.split(":")[0], DEVICES)
        _one_of("dtype", self.dtype, DTYPES)
        _one_of("quant", self.quant, QUANTS)
        if self.device.startswith("cuda") and self.quant in ("int8", "4"):
            _installed(PACKAGE_FOR_CUDA, f"Weights of {self.quant} on CUDA")
        _at_least("slots", self.slots, 1)
        _at_least("max_queue", self.max_queue, 1)
        _at_least("max_queue_per_owner", self.max_queue_per_owner, 1)
        _at_least("prefill_tokens_per_step", self.prefill_tokens_per_step, 1)
        _at_least("max_cache_mb", self.max_cache_mb, 1)
        if self.memory_mb is not None:
            _at_least("memory_mb", self.memory_mb, 1)
        _at_least("stream_buffer_tokens", self.stream_buffer_tokens, 8)
        _at_least("max_quick_failures", self.max_quick_failures, 1)
        if self.context_length is not None:
            _at_least("context_length", self.context_length, MIN_CONTEXT)
        if self.threads is not None:
            _at_least("threads", self.threads, 1)

    @property
    def compute_threads(self) -> int:
        """Torch's. One core is left to the web server: spinning OpenMP barriers collapse otherwise."""
        return self.threads or max(1, (os.cpu_count() or 2) - 1)

    @property
    def kernel_threads(self) -> int:
        """Those of the own kernels, which go on with whatever cores the web server leaves them."""
        return self.threads or os.cpu_count() or 1


@dataclass(frozen=True)
class CacheShape:
    """What the key/value cache costs, known before any of it is allocated."""

    layers: int
    kv_heads: int
    head_dim: int
    dtype: str
    slots: int
    context_length: int

    @property
    def bytes(self) -> int:
        per_token = 2 * self.layers * self.kv_heads * self.head_dim * DTYPE_BYTES[self.dtype]
        return per_token * self.slots * self.context_length


def cache_budget_mb(weight_bytes: int, config: EngineConfig) -> int:
    """MB for the keys and values of one model: as much as its weights or an eighth of the bound for
    everything, 768 at least, all that is left of that bound at most."""
    share = (config.memory_mb or 0) // CACHE_SHARE
    budget = min(config.max_cache_mb, max(LEAST_CACHE_MB, weight_bytes // MB, share))
    if config.memory_mb is not None:
        budget = min(budget, config.memory_mb - weight_bytes // MB - 1)
    return max(1, budget)


def fit_cache(shape: CacheShape, max_mb: int, fixed_context: bool) -> CacheShape:
    """The largest cache within max_mb: a window (unless asked for) of 2,048 tokens before many slots, eight
    slots before that window."""
    per_position = shape.bytes // (shape.slots * shape.context_length)
    positions = max_mb * MB // per_position
    context = shape.context_length
    if not fixed_context:
        good = min(context, max(GOOD_WINDOW, positions // shape.slots))
        enough = positions // good >= min(FEW_SLOTS, shape.slots)
        context = good if enough else min(context, max(LEAST_WINDOW, positions // shape.slots))
    slots = min(shape.slots, positions // context)
    if slots < 1:
        need = per_position * context // MB + 1
        raise InvalidConfig(
            f"One conversation of {context} tokens needs {need} MB of cache, but max_cache_mb is "
            f"{max_mb}: raise it, or lower context_length."
        )
    return CacheShape(shape.layers, shape.kv_heads, shape.head_dim, shape.dtype, slots, context)


def _installed(package: str, what: str) -> None:
    if find_spec(package) is None:
        raise InvalidConfig(f"{what} need the package {package}, which is not installed.")


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InvalidConfig(f"{name} is {value!r}; it must be one of {', '.join(allowed)}.")


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise InvalidConfig(f"{name} is {value}; it must be at least {least}.")
