"""Weights of 8 and 4 bits on CUDA: refused in words where they cannot be had. Packing itself needs a GPU."""

from importlib.util import find_spec

import pytest
import torch

from echo.generation import EngineConfig, InvalidConfig, ModelLoadError, cuda_quant

without_package = pytest.mark.skipif(
    find_spec("bitsandbytes") is not None, reason="the package is installed here"
)


@without_package
@pytest.mark.parametrize("quant", ["int8", "4"])
def test_a_missing_package_is_named(quant: str) -> None:
    with pytest.raises(InvalidConfig, match="need the package bitsandbytes"):
        EngineConfig(device="cuda:0", quant=quant)
    with pytest.raises(ModelLoadError, match="pip install bitsandbytes, or set ECHO_QUANT=none"):
        cuda_quant.is_asked_for(quant, torch.device("cuda"))


@pytest.mark.parametrize("quant", ["int8", "4"])
def test_another_device_is_named(quant: str) -> None:
    with pytest.raises(ModelLoadError, match=r"not by mps\. Set ECHO_QUANT=none"):
        cuda_quant.is_asked_for(quant, torch.device("mps"))


@pytest.mark.parametrize(
    ("quant", "device"),
    [("none", "cuda"), ("auto", "cuda"), ("auto", "mps"), ("int8", "cpu"), ("4", "cpu")],
)
def test_elsewhere_nothing_is_asked_for(quant: str, device: str) -> None:
    assert cuda_quant.is_asked_for(quant, torch.device(device)) is False
    assert EngineConfig(device=device, quant=quant).quant == quant
