"""Weights of 8 and 4 bits on CUDA, by the bitsandbytes package, which is imported when they are asked for.

8 bits are scaled by row and without outlier columns: those are chosen over a whole batch, so that one
request would change another's text. 4 bits are NF4 (Dettmers et al. 2023, arXiv 2305.14314). It does
not know requests or slots.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import torch

from .config import PACKAGE_FOR_CUDA
from .errors import ModelLoadError

KINDS = ("int8", "4")


def is_asked_for(quant: str, device: torch.device) -> bool:
    """Whether weights are packed by this module; raises ModelLoadError where they cannot be."""
    if quant not in KINDS or device.type == "cpu":
        return False
    if device.type != "cuda":
        raise ModelLoadError(
            f"Weights of {quant} are served on the processor and by CUDA, not by {device.type}. Set "
            "ECHO_QUANT=none, or ECHO_DEVICE=cpu."
        )
    if find_spec(PACKAGE_FOR_CUDA) is None:
        raise ModelLoadError(
            f"Weights of {quant} need the package {PACKAGE_FOR_CUDA} on CUDA: pip install "
            f"{PACKAGE_FOR_CUDA}, or set ECHO_QUANT=none."
        )
    return True


def options(quant: str, device: torch.device, dtype: torch.dtype) -> dict[str, Any]:
    """What transformers' loader is given to pack the weights on their way to the device."""
    from transformers import BitsAndBytesConfig

    make: Any = BitsAndBytesConfig
    packing = (
        make(load_in_8bit=True, llm_int8_threshold=0.0)
        if quant == "int8"
        else make(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype)
    )
    return {"quantization_config": packing, "device_map": {"": device}}
