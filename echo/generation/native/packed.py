"""A model's weights in blocks of 8 or 4 bits: made once from floats, kept beside them, mapped from then on.

It does not know requests or slots, nor whether the packed weights are good enough (`quality.py`).
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..weights import MappedWeights, read_header, weight_files
from .build import Library
from .shapes import BLOCK, BLOCK_BYTES, TILE, Matrix

VERSION = 1
PARTS = {"qkv": ("q", "k", "v"), "out": ("o",), "gate_up": ("gate", "up"), "down": ("down",)}
NORMS = {
    "input_norm": "input_layernorm",
    "mlp_norm": "post_attention_layernorm",
    "query_norm": "self_attn.q_norm",
    "key_norm": "self_attn.k_norm",
}
UNUSED_DAYS = 30  # then packed weights go; they can be made again
RECORD = ".json"  # of a file's quality, beside it
HEAD_ROWS = 16_384  # of the vocabulary, packed at a time: memory for more is not needed
MIXED = 0  # instead of a number of bits: 4 where nothing is lost by them, else 8
TRIED_ROWS = 128  # of a matrix, to see what is lost
LOST = 0.004  # root mean square error of the weights by their own size; 8 bits lose about twice as much


@dataclass(frozen=True)
class Shape:
    """The sizes of a model, from its configuration."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    inner: int
    vocabulary: int
    epsilon: float
    tied: bool

    @classmethod
    def of(cls, config: Any) -> Shape:
        heads = config.num_attention_heads
        return cls(
            layers=config.num_hidden_layers,
            hidden=config.hidden_size,
            heads=heads,
            kv_heads=getattr(config, "num_key_value_heads", None) or heads,
            head_dim=getattr(config, "head_dim", None) or config.hidden_size // heads,
            inner=config.intermediate_size,
            vocabulary=config.vocab_size,
            epsilon=config.rms_norm_eps,
            tied=bool(config.tie_word_embeddings),
        )


@dataclass(frozen=True)
class PackedModel:
    """Where the packed weights lie, and what is known of them."""

    file: Path
    kind: int  # bits of a weight, or MIXED
    shape: Shape
    weight_bytes: int


def can_pack(shape: Shape) -> bool:
    """The kernels take whole blocks and tiles, and heads of at most 256 numbers."""
    inputs = (shape.hidden, shape.heads * shape.head_dim, shape.inner)
    return (
        all(size % BLOCK == 0 for size in inputs)  # the outputs are whole tiles then
        and shape.head_dim % TILE == 0
        and shape.head_dim <= 256
    )


def packed(
    folder: Path, kept: Path, config: Any, kind: int, code: Library,
    progress: Callable[[float], None] = lambda share: None,
) -> PackedModel:  # fmt: skip
    """The packed weights of a folder, in `kind` bits or MIXED, made where they are not in `kept` yet."""
    shape = Shape.of(config)
    file = kept / f"packed-{kind or 'mixed'}-{fingerprint(folder)}.safetensors"
    if not file.is_file():
        kept.mkdir(parents=True, exist_ok=True)
        _write(file, _tensors(folder, shape, kind, code), shape, kind, progress)
    _note_use(file)
    return PackedModel(file, kind, shape, sum(p.end - p.start for p in read_header(file).values()))


def _note_use(file: Path) -> None:
    """Remove what nobody has used for long: of other bits, of weights that have changed, half written.

    Another process may want other bits of the same weights, so that a file's last use decides and not whether
    this process wants it. Who has mapped a file goes on reading it.
    """
    with suppress(OSError):  # somebody else's folder: whoever may write to it looks after it
        file.touch()
        before = time.time() - UNUSED_DAYS * 24 * 3600
        for other in file.parent.glob("packed-*"):
            if other.suffix != RECORD and other.stat().st_mtime < before:
                other.with_suffix(RECORD).unlink(missing_ok=True)
                other.unlink(missing_ok=True)


def fingerprint(folder: Path) -> str:
    """Changes when a file of weights does."""
    facts = [
        (file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in weight_files(folder)
    ]
    text = json.dumps([VERSION, str(folder.resolve()), facts])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _tensors(folder: Path, shape: Shape, kind: int, code: Library) -> Iterator[tuple[str, Tensor]]:
    """Names and tensors; of the floats no more than those of one joint matrix are in memory at a time."""
    weights = MappedWeights(folder, torch.float32)
    for number in range(shape.layers):
        yield from _layer_tensors(weights, number, kind, code)
        weights.forget()
    yield "final_norm", weights.take("model.norm.weight")
    # the table of words is read row by row: always in 8 bits
    yield "embedding", _pack_table(weights, "model.embed_tokens.weight", code)
    if "lm_head.weight" in weights and not shape.tied:
        yield "head", _pack_table(weights, "lm_head.weight", code)


def _layer_tensors(
    weights: MappedWeights, number: int, kind: int, code: Library
) -> Iterator[tuple[str, Tensor]]:
    source, target = f"model.layers.{number}", f"layers.{number}"
    for place, modules in PARTS.items():
        room = "mlp" if place in ("gate_up", "down") else "self_attn"
        names = [f"{source}.{room}.{module}_proj" for module in modules]
        # tiles are packed one after another: joint outputs are the modules' own, in a row
        parts = [weights.take(f"{name}.weight") for name in names]
        bits = kind or _bits(parts, code)
        yield f"{target}.{place}", torch.cat([pack(part, bits, code) for part in parts])
        if f"{names[0]}.bias" in weights:
            yield f"{target}.{place}.bias", torch.cat([weights.take(f"{n}.bias") for n in names])
    for name, module in NORMS.items():
        if f"{source}.{module}.weight" in weights:
            yield f"{target}.{name}", weights.take(f"{source}.{module}.weight")


def _bits(parts: list[Tensor], code: Library) -> int:
    """4 for weights that lie on grids of 4 bits, as those of many files do; else 8."""
    return 4 if all(_lost_by_four(part, code) < LOST for part in parts) else 8


def _lost_by_four(weight: Tensor, code: Library) -> float:
    """What 4 bits lose of some rows: the error by the weights' own size."""
    rows = weight[:: max(1, len(weight) // TRIED_ROWS)].contiguous()
    again = unpack(pack(rows, 4, code), rows.shape[0], rows.shape[1], 4, code)
    size = float(rows.norm())
    return float((again - rows).norm()) / size if size else 0.0


def unpack(blocks: Tensor, outputs: int, inputs: int, kind: int, code: Library) -> Tensor:
    """The floats that blocks stand for [outputs, inputs]."""
    matrix = Matrix(blocks.data_ptr(), None, kind, outputs, inputs)
    rows = torch.empty(outputs, inputs, dtype=torch.float32)
    for number, row in enumerate(rows):
        code.unpack_row(matrix, number, row.data_ptr())
    return rows


def pack(weight: Tensor, kind: int, code: Library) -> Tensor:
    """weight [outputs, inputs], float32 → its blocks, bytes; outputs are filled up to whole tiles."""
    outputs, inputs = weight.shape
    if outputs % TILE:
        weight = torch.cat([weight, weight.new_zeros(-outputs % TILE, inputs)])
    weight = weight.contiguous()
    blocks = torch.empty(packed_bytes(outputs, inputs, kind), dtype=torch.uint8)
    code.pack(weight.data_ptr(), weight.shape[0], inputs, kind, blocks.data_ptr())
    return blocks


def packed_bytes(outputs: int, inputs: int, kind: int) -> int:
    return math.ceil(outputs / TILE) * (inputs // BLOCK) * BLOCK_BYTES[kind]


def _pack_table(weights: MappedWeights, name: str, code: Library) -> Tensor:
    """A table of words, some rows at a time."""
    parts = []
    for start in range(0, weights.places[name].shape[0], HEAD_ROWS):
        parts.append(pack(weights.take(name, start, start + HEAD_ROWS), 8, code))
        weights.forget()
    return torch.cat(parts)


def _write(
    file: Path, tensors: Iterator[tuple[str, Tensor]], shape: Shape, kind: int,
    progress: Callable[[float], None],
) -> None:  # fmt: skip
    """In the safetensors format; a file that was cut off never has the name."""
    # another process may be making the same
    body, temporary = (file.with_suffix(f".{os.getpid()}.{part}") for part in ("body", "new"))
    header: dict[str, Any] = {"__metadata__": {"version": str(VERSION), "kind": str(kind)}}
    offset = 0
    total = shape.layers * 12 + 3
    with body.open("wb") as stream:
        for count, (name, tensor) in enumerate(tensors):
            padding = -offset % 64
            stream.write(bytes(padding))
            offset += padding
            stream.write(tensor.contiguous().view(torch.uint8).numpy().tobytes())
            header[name] = {
                "dtype": "U8" if tensor.dtype == torch.uint8 else "F32",
                "shape": list(tensor.shape),
                "data_offsets": [offset, offset + tensor.nbytes],
            }
            offset += tensor.nbytes
            progress(min(1.0, count / total))
    text = json.dumps(header).encode()
    text += b" " * (-(8 + len(text)) % 64)
    with temporary.open("wb") as whole, body.open("rb") as stream:
        whole.write(len(text).to_bytes(8, "little") + text)
        while part := stream.read(1 << 24):
            whole.write(part)
    body.unlink()
    temporary.replace(file)
