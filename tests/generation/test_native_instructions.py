"""The own kernels' products: the same bits with whatever instructions the processor has."""

from __future__ import annotations

import ctypes
import math
import platform
from pathlib import Path

import pytest
import torch

from echo.generation.native import build, library
from echo.generation.native.packed import pack
from echo.generation.native.shapes import BLOCK, BLOCK_BYTES, TILE, Matrix

pytestmark = pytest.mark.slow  # a C compiler makes what is tested


def compiled(folder: Path, monkeypatch: pytest.MonkeyPatch, *without: str) -> ctypes.CDLL:
    """The kernels for this processor, but for some of its instructions."""
    monkeypatch.setattr(build, "FLAGS", (*build.FLAGS, *without))
    library(folder)  # under another name, as its flags are other ones
    return ctypes.CDLL(str(max(folder.glob("*.so"), key=lambda file: file.stat().st_mtime_ns)))


def product(code: ctypes.CDLL, blocks: torch.Tensor, kind: int, x: torch.Tensor) -> torch.Tensor:
    """x [tokens, inputs] times the packed weights, by C's own functions."""
    tokens, inputs = x.shape
    outputs = blocks.numel() * TILE // (inputs // BLOCK * BLOCK_BYTES[kind])
    parts = [torch.zeros(tokens, inputs, dtype=torch.int8)]
    parts += [
        torch.zeros(tokens, inputs // BLOCK, dtype=t)
        for t in (torch.float32, torch.float32, torch.int32)
    ]
    held = (ctypes.c_void_p * 4)(*(part.data_ptr() for part in parts))
    code.quantise_rows(ctypes.c_void_p(x.data_ptr()), tokens, inputs, held, 2)
    matrix = Matrix(blocks.data_ptr(), None, kind, outputs, inputs)
    result = torch.zeros(tokens, outputs)
    code.multiply(ctypes.byref(matrix), held, tokens, ctypes.c_void_p(result.data_ptr()), 2)
    return result


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the flags are those of x86")
@pytest.mark.parametrize("kind", [8, 4])
def test_every_kind_of_instruction_gives_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: int
) -> None:
    """With VNNI, AVX2 and neither; of 47 tokens some are taken eight at once, some four, two and alone."""
    torch.manual_seed(kind)
    blocks = pack(torch.randn(40, 96), kind, library(tmp_path))
    x = torch.randn(47, 96) * torch.logspace(-3, 3, 47)[:, None]
    x[3], x[4, 7], x[5, :32], x[6, 1] = 0.0, math.nan, 1e-42, math.inf
    found = []
    for without in ((), ("-mno-avx512vnni",), ("-mno-avx2", "-mno-avx512f")):
        code = compiled(tmp_path, monkeypatch, *without)
        found.append((code.echo_instructions(), product(code, blocks, kind, x)))
        monkeypatch.undo()
    assert [number for number, _ in found] == sorted((n for n, _ in found), reverse=True)
    assert found[2][0] == 0
    first = found[0][1]
    assert torch.isnan(first).any(1).nonzero().flatten().tolist() == [4, 6]
    for _, other in found[1:]:
        assert torch.equal(first.nan_to_num(), other.nan_to_num())
    assert torch.equal(product(code, blocks, kind, x[10:11]), first[10:11]), (
        "a token's result is its own"
    )
