"""Weights of 4 bits where nothing is lost by them, else of 8: chosen matrix by matrix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from echo.generation import EngineConfig
from echo.generation.model_loader import load_model
from echo.generation.native import library
from echo.generation.native.packed import pack, unpack
from echo.generation.native_model import NativeModel
from echo.generation.weights import read_header

from .helpers import build_runner, config_for, save_model, tiny_config
from .test_native import SHAPE

pytestmark = pytest.mark.slow  # a C compiler makes what is tested

TWO_LAYERS = {**SHAPE, "num_hidden_layers": 2}
FOUR, EIGHT = 160, 272  # bytes of a block


def on_a_grid(weight: torch.Tensor, levels: int = 16) -> torch.Tensor:
    """The weights as a file of 4 bits has them: 32 of them share a step and a least value."""
    blocks = weight.reshape(-1, 32)
    least, most = blocks.amin(1, keepdim=True), blocks.amax(1, keepdim=True)
    step = ((most - least) / (levels - 1)).half().float()
    least = least.half().float()
    grid = least + step * ((blocks - least) / step).round().clamp(0, levels - 1)
    return grid.reshape(weight.shape).half().float()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """All of the first layer from a file of 4 bits; of the second one `v` has more, and `down`."""
    made = save_model(tmp_path / "model", tiny_config("qwen2", **TWO_LAYERS))
    file = made / "model.safetensors"
    weights = load_file(file)
    for name, weight in weights.items():
        has_more = "layers.1." in name and ("v_proj" in name or "down_proj" in name)
        if "proj.weight" in name and not has_more:
            weights[name] = on_a_grid(weight.float()).to(weight.dtype)
    save_file(weights, file, metadata={"format": "pt"})
    return made


def served(folder: Path, kernels: Path, **changes: Any) -> NativeModel:
    config: EngineConfig = config_for(
        folder, **{"quant": "auto", "dtype": "float32", "native_folder": kernels, **changes}
    )
    native = load_model(folder, "made", config).native
    assert native is not None
    return native


# tiles times blocks of inputs
BLOCKS = {"qkv": 16 * 2, "out": 8 * 2, "gate_up": 24 * 2, "down": 8 * 3}


def bits(native: NativeModel) -> dict[str, int]:
    """By matrix of the layers, from its size in the file."""
    places = read_header(native.packed.file)
    sizes = {name: place.end - place.start for name, place in places.items()}
    return {
        name: {FOUR: 4, EIGHT: 8}[size // BLOCKS[name.split(".")[-1]]]
        for name, size in sizes.items()
        if name.split(".")[-1] in BLOCKS
    }


def test_each_matrix_has_the_fewest_bits_that_lose_nothing(folder: Path, kernels: Path) -> None:
    found = bits(served(folder, kernels))
    assert {name for name, one in found.items() if one == 8} == {"layers.1.qkv", "layers.1.down"}
    assert len(found) == 2 * len(BLOCKS)


def test_nothing_is_lost_by_it(folder: Path, kernels: Path) -> None:
    mixed, eight = served(folder, kernels), served(folder, kernels, quant="int8")
    assert mixed.packed.file != eight.packed.file
    assert mixed.packed.weight_bytes < eight.packed.weight_bytes
    assert mixed.quality.logit_error <= eight.quality.logit_error + 0.002


def test_what_is_said_of_it(folder: Path, kernels: Path) -> None:
    for quant, words in (("auto", "4 and 8 bits"), ("int8", "8 bits"), ("4", "4 bits")):
        config = config_for(folder, quant=quant, dtype="float32", native_folder=kernels)
        runner = build_runner(config)
        assert runner.facts.way.endswith(f"weights of {words}"), runner.facts.way
        runner.close()


def test_other_weights_stay_at_eight(tmp_path: Path, kernels: Path) -> None:
    plain = save_model(tmp_path / "plain", tiny_config("qwen2", **TWO_LAYERS))
    assert set(bits(served(plain, kernels)).values()) == {8}


@pytest.mark.parametrize("kind", [8, 4])
@pytest.mark.parametrize("outputs", [8, 20])
def test_blocks_stand_for_the_floats_again(kernels: Path, kind: int, outputs: int) -> None:
    code = library(kernels)
    weight = on_a_grid(torch.randn(outputs, 64))
    again = unpack(pack(weight, kind, code), outputs, 64, kind, code)
    assert torch.allclose(again, weight, atol=0.03 if kind == 8 else 0.004)
