"""From quantised blocks to weights in the served type, a few rows at a time.

The arithmetic is that of the gguf package; this cuts it into pieces that stay in the processor's
cache and rounds to the served type. It does not know files, names or layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from gguf.constants import GGMLQuantizationType as Type
from gguf.quants import dequantize
from numpy.typing import NDArray

from .errors import Unreadable

READABLE: Final = frozenset(
    {
        Type.F32, Type.F16, Type.BF16, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q8_0,
        Type.Q2_K, Type.Q3_K, Type.Q4_K, Type.Q5_K, Type.Q6_K, Type.TQ1_0, Type.TQ2_0,
        Type.MXFP4, Type.NVFP4, Type.IQ1_S, Type.IQ1_M, Type.IQ2_XXS, Type.IQ2_XS, Type.IQ2_S,
        Type.IQ3_XXS, Type.IQ3_S, Type.IQ4_NL, Type.IQ4_XS,
    }
)  # fmt: skip


@dataclass(frozen=True)
class Served:
    """A type that weights are served in: its name in a safetensors header, bytes, largest value."""

    code: str
    width: int
    largest: float


SERVED: Final = {
    "float32": Served("F32", 4, float(np.finfo(np.float32).max)),
    "bfloat16": Served("BF16", 2, 3.3895313892515355e38),
    "float16": Served("F16", 2, 65504.0),
}


def weights(rows: NDArray[np.uint8], kind: Type, offset: float, dtype: str) -> NDArray[Any]:
    """[rows, bytes] of blocks → [rows, columns] in `dtype` (bfloat16 as its 16 bits).

    `offset` is added in float32, before the rounding. Raises Unreadable for what is no number.
    """
    with np.errstate(all="ignore"):  # any bits may stand in a file; what comes of them is checked
        values = dequantize(rows, kind)
        if offset:
            values = values + np.float32(offset)
        if not np.abs(values).max() <= SERVED[dtype].largest:  # nor is NaN
            raise Unreadable(f"it holds values that {dtype} cannot (damaged, or too large).")
        return _served(values, dtype)


def _served(values: NDArray[np.float32], dtype: str) -> NDArray[Any]:
    if dtype == "float32":
        return values.astype("<f4", copy=False)
    if dtype == "float16":
        return values.astype("<f2")
    return _bfloat16(values)


def _bfloat16(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """The upper 16 bits, rounded to the nearest, ties to even. Only finite values come here."""
    bits = np.ascontiguousarray(values).view(np.uint32)
    return ((bits + (((bits >> 16) & 1) + np.uint32(0x7FFF))) >> 16).astype("<u2")
