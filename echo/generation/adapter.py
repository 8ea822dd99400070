"""LoRA adapters in peft's format: read, checked, and added to the rows that asked for them.

Low-rank adaptation: Hu et al. 2021, y = W x + scale · B (A x). It does not know requests or slots.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from .errors import ModelLoadError
from .weights import MappedWeights

CONFIG = "adapter_config.json"
KEY = re.compile(r"(model\.layers\.(\d+)\.(?:self_attn|mlp)\.(\w+))\.lora_([AB])\.weight$")
# what changes the arithmetic, and would be wrong if it were passed over
UNKNOWN = (
    "use_dora",
    "modules_to_save",
    "layer_replication",
    "trainable_token_indices",
    "use_qalora",
)

Site = tuple[int, str]  # layer, name of the joint matrix
Outputs = Mapping[str, tuple[str, int, int]]  # module → joint matrix, first output, how many


@dataclass(frozen=True)
class LowRank:
    """One matrix's change; `b` is scaled already."""

    start: int  # among the outputs of the joint matrix
    a: Tensor  # [rank, inputs]
    b: Tensor  # [outputs, rank]


@dataclass
class Adapter:
    sites: dict[Site, list[LowRank]] = field(default_factory=dict)

    def add(self, y: Tensor, x: Tensor, rows: slice | Tensor, site: Site) -> None:
        """y [tokens, outputs] += the change for x [tokens, inputs], in these rows."""
        for part in self.sites.get(site, ()):
            change = functional.linear(functional.linear(x[rows], part.a), part.b)
            columns = slice(part.start, part.start + part.b.shape[0])
            if isinstance(rows, slice):
                y[rows, columns] += change
            else:
                y[:, columns].index_add_(0, rows, change)

    @property
    def bytes(self) -> int:
        parts = [part for group in self.sites.values() for part in group]
        return sum(part.a.nbytes + part.b.nbytes for part in parts)


def outputs_of(heads: int, kv_heads: int, head_dim: int, hidden: int, inner: int) -> Outputs:
    """Where each module's outputs lie in the joint matrices of a decoder."""
    width, kv_width = heads * head_dim, kv_heads * head_dim
    return {
        "q_proj": ("qkv", 0, width),
        "k_proj": ("qkv", width, kv_width),
        "v_proj": ("qkv", width + kv_width, kv_width),
        "o_proj": ("out", 0, hidden),
        "gate_proj": ("gate_up", 0, inner),
        "up_proj": ("gate_up", inner, inner),
        "down_proj": ("down", 0, hidden),
    }


@dataclass(frozen=True)
class Change:
    """A matrix's change as its files have it: the matrix grows by scale · b a."""

    layer: int
    module: str  # q_proj, down_proj, …
    name: str  # of the matrix's module in the base: model.layers.0.self_attn.q_proj
    a: Tensor  # [rank, inputs]
    b: Tensor  # [outputs, rank]
    scale: float


def read_changes(folder: Path, dtype: torch.dtype) -> list[Change]:
    """What an adapter changes, in the order of layers; raises ModelLoadError for what is not known here."""
    config = read_config(folder)
    weights = MappedWeights(folder, dtype)
    pairs: dict[tuple[int, str, str], dict[str, Tensor]] = {}
    for name in weights.places:
        match = KEY.search(name)
        if match is None:
            raise ModelLoadError(f"{folder}: {name} is not a part that can be adapted here.")
        key = (int(match[2]), match[3], match[1])
        pairs.setdefault(key, {})[match[4]] = weights.take(name)
    if not pairs:
        raise ModelLoadError(f"{folder} changes nothing: it has no lora_A and lora_B.")
    return [_change(folder, config, *key, pair) for key, pair in sorted(pairs.items())]


def _change(
    folder: Path, config: dict[str, Any], layer: int, module: str, name: str,
    pair: dict[str, Tensor],
) -> Change:  # fmt: skip
    where = f"{folder}: layer {layer}, {module}"
    if set(pair) != {"A", "B"}:
        raise ModelLoadError(f"{where}: lora_A and lora_B belong together.")
    a, b = pair["A"], pair["B"]
    if a.dim() != 2 or b.dim() != 2 or a.shape[0] != b.shape[1]:
        raise ModelLoadError(f"{where} does not fit: it was made for another base.")
    return Change(layer, module, name, a, b, _scale(config, name, a.shape[0]))


def load_adapter(folder: Path, outputs: Outputs, layers: int, like: Tensor) -> Adapter:
    """Read an adapter in the type and on the device of `like` [vocabulary, hidden].

    Raises:
        ModelLoadError: it is none, uses what is not known here, or belongs to other weights.
    """
    adapter = Adapter()
    for change in read_changes(folder, like.dtype):
        if change.module not in outputs:
            raise ModelLoadError(f"{folder}: {change.name} is not a part that can be adapted here.")
        joint, start, count = outputs[change.module]
        if change.layer >= layers:
            raise ModelLoadError(
                f"{folder}: {change.name} does not fit: it was made for another base."
            )
        refuse_misfit(folder, change, count, _inputs(change.module, outputs, like))
        low = LowRank(start, _kept(change.a, like), _kept(change.b * change.scale, like))
        adapter.sites.setdefault((change.layer, joint), []).append(low)
    return adapter


def read_config(folder: Path) -> dict[str, Any]:
    """adapter_config.json, checked.

    Raises:
        ModelLoadError: it is missing, no LoRA, or uses what is not known here.
    """
    try:
        config = json.loads((folder / CONFIG).read_text("utf-8"))
        kind = config["peft_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelLoadError(f"{folder} is no adapter in peft's format: {error}") from error
    if kind != "LORA":
        raise ModelLoadError(f"{folder} is a {kind} adapter; only LORA is known.")
    used = [name for name in UNKNOWN if config.get(name)]
    if config.get("bias", "none") != "none":
        used.append("bias")
    if used:
        raise ModelLoadError(f"{folder} uses {', '.join(used)}, which is not known here.")
    return dict(config)


def _inputs(module: str, outputs: Outputs, like: Tensor) -> int:
    if module == "o_proj":
        return outputs["q_proj"][2]
    return outputs["up_proj"][2] if module == "down_proj" else like.shape[1]


def refuse_misfit(folder: Path, change: Change, outputs: int, inputs: int) -> None:
    """Raise ModelLoadError where a change has not the shape of the base's matrix [outputs, inputs]."""
    if (change.b.shape[0], change.a.shape[1]) != (outputs, inputs):
        raise ModelLoadError(
            f"{folder}: layer {change.layer}, {change.module} was made for another base: it changes "
            f"{change.b.shape[0]} × {change.a.shape[1]} weights, and there are {outputs} × {inputs}."
        )


def _scale(config: dict[str, Any], module: str, rank: int) -> float:
    alpha = _pattern(config.get("alpha_pattern"), module, config.get("lora_alpha", 8))
    return float(alpha) / (math.sqrt(rank) if config.get("use_rslora") else rank)


def _pattern(patterns: dict[str, Any] | None, module: str, usual: Any) -> Any:
    """peft's rule: the first pattern that matches the end of the module's name."""
    for pattern, value in (patterns or {}).items():
        if re.match(rf"(.*\.)?({pattern})$", module):
            return value
    return usual


def _kept(tensor: Tensor, like: Tensor) -> Tensor:
    return tensor.to(device=like.device, dtype=like.dtype, copy=True).contiguous()
