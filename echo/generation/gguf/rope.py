"""How positions turn queries and keys: from GGUF's keys to `rope_parameters` of transformers.

It does not know files or weights.
"""

from __future__ import annotations

from math import pi
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .errors import Unreadable, shown
from .families import MAX_CONTEXT, Sizes
from .metadata import Metadata

LOCAL_THETA: Final = 10_000.0  # of Gemma 3's sliding layers
YARN_USUAL: Final = {  # with another value, tools do not agree on what is meant
    "attn_factor": 1.0,
    "yarn_attn_factor": 1.0,
    "yarn_ext_factor": 1.0,
    "yarn_log_multiplier": 0.0,
}
LLAMA3_LOW, LLAMA3_HIGH, LLAMA3_CONTEXT = 1.0, 4.0, 8_192  # of every Llama 3.1, 3.2 and 3.3


def rope_parameters(
    meta: Metadata, sizes: Sizes, factors: NDArray[np.float32] | None
) -> dict[str, Any]:
    """`factors` [head_dim / 2] are the divisors of the frequencies that Llama 3 files carry."""
    theta = meta.number(".rope.freq_base", 1.0, 1e12, 10_000.0)
    scaling = _scaling(meta)
    if factors is not None:
        if scaling:
            raise Unreadable("it scales positions in two ways at once.")
        scaling = _llama3(factors, theta, sizes.head_dim)
    return {"rope_theta": theta, **(scaling or {"rope_type": "default"})}


def local_rope_parameters(meta: Metadata) -> dict[str, Any]:
    """Of layers that see a window only."""
    theta = meta.number(".rope.freq_base_swa", 1.0, 1e12, LOCAL_THETA)
    return {"rope_theta": theta, "rope_type": "default"}


def _scaling(meta: Metadata) -> dict[str, Any]:
    kind = meta.text(".rope.scaling.type")
    factor = meta.number(".rope.scaling.factor", 0.0, 1e6, 0.0)
    if kind is None:  # old files: only a linear factor
        factor = meta.number(".rope.scale_linear", 0.0, 1e6, factor)
        kind = "linear"
    if kind == "none" or (kind == "linear" and factor in (0.0, 1.0)):
        return {}
    if kind not in ("linear", "yarn"):
        raise Unreadable(f"it scales positions by {shown(kind)}; linear, yarn and llama3 are read.")
    if factor < 1.0:
        raise Unreadable(f"its {meta.architecture}.rope.scaling.factor is {factor:g}, less than 1.")
    return {"rope_type": kind, "factor": factor, **(_yarn(meta) if kind == "yarn" else {})}


def _yarn(meta: Metadata) -> dict[str, Any]:
    found: dict[str, Any] = {
        "original_max_position_embeddings": meta.whole(
            ".rope.scaling.original_context_length", 1, MAX_CONTEXT
        )
    }
    for name, key in (("beta_fast", "yarn_beta_fast"), ("beta_slow", "yarn_beta_slow")):
        if meta.has(f".rope.scaling.{key}"):
            found[name] = meta.number(f".rope.scaling.{key}", 1e-6, 1e6)
    for key, usual in YARN_USUAL.items():
        if meta.number(f".rope.scaling.{key}", -1e6, 1e6, usual) != usual:
            raise Unreadable(f"it asks for {meta.architecture}.rope.scaling.{key}: not served.")
    return found


def _llama3(factors: NDArray[np.float32], theta: float, head_dim: int) -> dict[str, Any]:
    """llama.cpp writes the factors, not the formula's settings: those are found again here."""
    if factors.shape != (head_dim // 2,):
        raise Unreadable(
            f"its rope_freqs.weight has {factors.shape[0]} values, not {head_dim // 2}."
        )
    if np.all(factors == 1.0):
        return {}
    factor = float(factors.max())
    if not np.allclose(factors, llama3_factors(factor, theta, head_dim), rtol=1e-4):
        raise Unreadable("its rope_freqs.weight does not follow Llama 3's formula.")
    return {
        "rope_type": "llama3",
        "factor": factor,
        "low_freq_factor": LLAMA3_LOW,
        "high_freq_factor": LLAMA3_HIGH,
        "original_max_position_embeddings": LLAMA3_CONTEXT,
    }


def llama3_factors(factor: float, theta: float, head_dim: int) -> NDArray[np.float32]:
    """[head_dim / 2]: 1 for short waves, `factor` for long ones, a ramp in between (Llama 3.1)."""
    frequencies = theta ** -(np.arange(0, head_dim, 2) / head_dim)
    turns = LLAMA3_CONTEXT * frequencies / (2 * pi)  # of each wave in the original window
    ramp = np.clip((turns - LLAMA3_LOW) / (LLAMA3_HIGH - LLAMA3_LOW), 0.0, 1.0)
    return (1.0 / ((1.0 - ramp) / factor + ramp)).astype(np.float32)
