"""Every type that is read gives the weights that the gguf package gives, rounded as torch rounds."""

from __future__ import annotations

import gguf
import numpy as np
import pytest
import torch
from gguf.constants import GGMLQuantizationType as Type

from echo.generation.gguf.blocks import READABLE, SERVED, weights
from echo.generation.gguf.errors import Unreadable

from .making import blocks_of

KINDS = sorted(READABLE, key=lambda kind: kind.name)


def test_what_was_asked_for_is_read() -> None:
    wanted = {"F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q4_K", "Q5_K", "Q6_K"}
    assert wanted <= {kind.name for kind in READABLE}


def test_everything_that_the_package_unpacks_is_read() -> None:
    able = set()
    for kind in Type:
        try:
            raw = np.zeros((1, gguf.GGML_QUANT_SIZES[kind][1] * 8), np.uint8)
            with np.errstate(all="ignore"):
                gguf.quants.dequantize(raw, kind)
            able.add(kind)
        except NotImplementedError:
            pass
    assert able == READABLE


@pytest.mark.parametrize("dtype", SERVED)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_type_is_unpacked_and_rounded_as_elsewhere(kind: Type, dtype: str) -> None:
    raw = blocks_of(kind, (6, 512), seed=int(kind))
    wanted = torch.from_numpy(gguf.quants.dequantize(raw, kind).copy()).to(getattr(torch, dtype))
    rows = np.ascontiguousarray(raw).view(np.uint8).reshape(6, -1)
    found = torch.from_numpy(weights(rows, kind, 0.0, dtype).copy()).view(wanted.dtype)
    assert found.shape == (6, 512)
    assert torch.equal(found, wanted)
    assert wanted.abs().max() > 0


def test_rounding_to_bfloat16_is_to_the_nearest_and_ties_to_even() -> None:
    rng = np.random.default_rng(1)
    bits = rng.integers(0, 2**32, 200_000, dtype=np.uint32)
    bits[::2] = bits[::2] & 0xFFFF0000 | 0x8000  # ties
    values = bits.view(np.float32)
    values = values[np.abs(values) < 1e38][None]
    wanted = torch.from_numpy(values.copy()).to(torch.bfloat16)
    found = torch.from_numpy(weights(values.view(np.uint8), Type.F32, 0.0, "bfloat16").copy())
    assert torch.equal(found.view(torch.bfloat16), wanted)


def test_an_offset_is_added_before_the_rounding() -> None:
    values = np.array([[1.0078125, 1.00001, 0.5]], np.float32)
    found = weights(values.view(np.uint8), Type.F32, -1.0, "bfloat16")
    wanted = (torch.from_numpy(values) - 1.0).to(torch.bfloat16)
    assert torch.equal(torch.from_numpy(found.copy()).view(torch.bfloat16), wanted)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [(np.nan, "float32"), (np.inf, "float32"), (-np.inf, "bfloat16"), (3.4e38, "bfloat16"),
     (70_000.0, "float16"), (np.nan, "float16")],
)  # fmt: skip
def test_what_is_no_number_is_refused(value: float, dtype: str) -> None:
    values = np.array([[1.0, value, 2.0]], np.float32)
    with pytest.raises(Unreadable, match=dtype):
        weights(values.view(np.uint8), Type.F32, 0.0, dtype)
