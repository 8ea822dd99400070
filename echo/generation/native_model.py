"""Whether a model is served by the own kernels, and with how many bits: tried, measured, and said.

It does not know requests or slots.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from . import decoder
from .config import EngineConfig
from .errors import ModelLoadError
from .native import (
    Library,
    NativeDecoder,
    NativeUnavailable,
    PackedModel,
    can_pack,
    library,
    packed,
    user_cache,
)
from .native.packed import MIXED, RECORD, Shape
from .native.quality import TEXT, Quality, measure
from .weights import MappedWeights

log = logging.getLogger(__name__)
BITS = {"auto": MIXED, "int8": 8, "4": 4}
READ_SLOTS = 1


@dataclass(frozen=True)
class NativeModel:
    """Packed weights that are good enough, the angles that belong to them, and the kernels."""

    packed: PackedModel
    angles: tuple[Tensor, Tensor]  # cosines and sines [window, head_dim / 2]
    code: Library
    quality: Quality


def native_model(
    folder: Path, config: Any, encode: Callable[[str], list[int]], window: int, settings: EngineConfig,
    progress: Callable[[float], None] = lambda share: None,
) -> NativeModel | str:  # fmt: skip
    """The packed form of a folder's model, made where it is not kept yet; else why there is none.

    Raises:
        ModelLoadError: the number of bits was asked for by name, and cannot be had.
    """
    made = _made(folder, config, encode, window, settings, progress)
    if isinstance(made, str) and settings.quant not in ("auto", "none"):
        raise ModelLoadError(f"Weights of {settings.quant} cannot be served: {made}.")
    return made


def _made(
    folder: Path, config: Any, encode: Callable[[str], list[int]], window: int, settings: EngineConfig,
    progress: Callable[[float], None],
) -> NativeModel | str:  # fmt: skip
    if settings.quant == "none":
        return "full precision was asked for"
    if not decoder.supports(config, window):
        return "the kernels do not know this family of models"
    shape, kind = Shape.of(config), BITS[settings.quant]
    if not can_pack(shape):
        return "its sizes are not multiples of 32"
    try:
        code = library(settings.native_folder)
        made = packed(folder, _kept(folder, settings), config, kind, code, progress)
    except (NativeUnavailable, OSError) as problem:
        return str(problem)
    angles = rotary_angles(config, window)
    quality = _quality(folder, made, angles, encode, code, settings)
    # mixed weights lose no more than 8 bits do
    return quality.problem(kind or 8) or NativeModel(made, angles, code, quality)


def _kept(folder: Path, settings: EngineConfig) -> Path:
    """Beside a converted file; a folder that is somebody's own is not written to."""
    if (folder / "converted.json").is_file():
        return folder
    return (settings.native_folder or user_cache()) / "packed"


def rotary_angles(config: Any, window: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines [window, head_dim / 2], from transformers' own module for this family."""
    from transformers import AutoModelForCausalLM

    auto: Any = AutoModelForCausalLM
    with torch.device("meta"):
        # the file's own type would be torch's usual one meanwhile, for every thread
        model = auto.from_config(config, dtype=torch.float32)
    rotary = type(model.model.rotary_emb)(config=config)
    like = torch.zeros(1, 1, dtype=torch.float32)
    cos, sin = rotary(like, torch.arange(window)[None])  # [1, window, head_dim]
    half = cos.shape[-1] // 2
    return cos[0, :, :half].contiguous(), sin[0, :, :half].contiguous()


def _quality(
    folder: Path, made: PackedModel, angles: tuple[Tensor, Tensor],
    encode: Callable[[str], list[int]], code: Library, settings: EngineConfig,
) -> Quality:  # fmt: skip
    """Measured once, when the weights are packed, and kept with them."""
    record = made.file.with_suffix(RECORD)
    if record.is_file():
        return Quality(**json.loads(record.read_text("utf-8")))
    text = folder / "quality-text"  # a model's own text, where it has one
    tokens = encode(text.read_text("utf-8") if text.is_file() else TEXT)
    tokens = tokens[: len(angles[0])]
    with torch.inference_mode():
        backend = NativeDecoder(
            made, angles, READ_SLOTS, len(tokens), settings.kernel_threads, code
        )
        weights = MappedWeights(folder, torch.float32)
        found = measure(weights, made.shape, angles, tokens, backend.read)
    log.info("%s, %s: %s", folder, backend.way, found)
    record.write_text(json.dumps(asdict(found)), "utf-8")
    return found
