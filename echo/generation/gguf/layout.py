"""Which tensor of the file becomes which weight, and in which order they are served.

It does not know files or blocks. Names: GGUF's first, then the Hugging Face checkpoint's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .blocks import READABLE
from .errors import Unreadable, shown
from .families import Family, Sizes
from .header import TensorInfo

ALIGNMENT: Final = 64  # bytes; where weights should begin
ROPE_FACTORS: Final = "rope_freqs.weight"  # no weight: `rope` reads it


@dataclass(frozen=True)
class Weight:
    """One tensor of the served folder and where it comes from."""

    name: str
    source: TensorInfo
    heads: int = 0  # rows of so many heads go back into their order; 0: they stay as they are
    offset: float = 0.0  # added to each value


@dataclass(frozen=True)
class _Wanted:
    source: str
    name: str
    shape: tuple[int, ...]
    heads: int = 0
    offset: float = 0.0


def is_tied(tensors: Mapping[str, TensorInfo]) -> bool:
    """Whether the embedding is the output matrix too."""
    return "output.weight" not in tensors


def plan(
    family: Family, sizes: Sizes, tensors: Mapping[str, TensorInfo], width: int
) -> list[Weight]:
    """Every weight in the order of the served file, for values of `width` bytes.

    Query, key and value of a layer lie one after another, and so do gate and up: whoever maps the
    file takes each group as one matrix. Groups whose bytes are no multiple of 64 come last, so
    that every other begins at one. Raises Unreadable unless all tensors are there, right and used.
    """
    needed = sizes.layers * sum(map(len, _layer(family, sizes, 0)))
    if len(tensors) < needed:  # before anything is made of a count
        raise Unreadable(f"its {sizes.layers} layers need {needed} tensors; it has {len(tensors)}.")
    wanted = _ends(family, sizes, is_tied(tensors))
    for number in range(sizes.layers):
        wanted += _layer(family, sizes, number)
    left = {name: tensor for name, tensor in tensors.items() if name != ROPE_FACTORS}
    groups = [[_take(left, one) for one in group] for group in wanted]
    if left:
        raise Unreadable(
            f"its tensor {shown(next(iter(left)))} is not known for this architecture."
        )
    groups.sort(
        key=lambda group: sum(one.source.elements for one in group) * width % ALIGNMENT != 0
    )
    return [weight for group in groups for weight in group]


def _take(left: dict[str, TensorInfo], wanted: _Wanted) -> Weight:
    tensor = left.pop(wanted.source, None)
    if tensor is None:
        raise Unreadable(f"the tensor {wanted.source} is missing.")
    if tensor.shape != wanted.shape:
        found, right = ("x".join(map(str, shape)) for shape in (tensor.shape, wanted.shape))
        raise Unreadable(f"the tensor {wanted.source} is {found}, not {right}.")
    if tensor.type not in READABLE:
        raise Unreadable(f"the tensor {wanted.source} has the type {tensor.type.name}: not read.")
    return Weight(wanted.name, tensor, wanted.heads, wanted.offset)


def _ends(family: Family, sizes: Sizes, tied: bool) -> list[list[_Wanted]]:
    """What lies outside of the layers."""
    matrix = (sizes.vocabulary, sizes.hidden)
    norm = family.norm_offset
    groups = [[_Wanted("token_embd.weight", "model.embed_tokens.weight", matrix)]]
    if not tied:
        groups.append([_Wanted("output.weight", "lm_head.weight", matrix)])
    groups.append([_Wanted("output_norm.weight", "model.norm.weight", matrix[1:], offset=norm)])
    return groups


def _layer(family: Family, sizes: Sizes, number: int) -> list[list[_Wanted]]:
    """The groups of one layer."""
    hidden, inner = sizes.hidden, sizes.inner
    rows = {"q": sizes.heads * sizes.head_dim, "kv": sizes.kv_heads * sizes.head_dim}
    heads = (sizes.heads, sizes.kv_heads) if family.rotates_pairs else (0, 0)

    def one(source: str, name: str, *shape: int, heads: int = 0, offset: float = 0.0) -> _Wanted:
        return _Wanted(
            f"blk.{number}.{source}", f"model.layers.{number}.{name}", shape, heads, offset
        )

    groups = [
        [
            one("attn_q.weight", "self_attn.q_proj.weight", rows["q"], hidden, heads=heads[0]),
            one("attn_k.weight", "self_attn.k_proj.weight", rows["kv"], hidden, heads=heads[1]),
            one("attn_v.weight", "self_attn.v_proj.weight", rows["kv"], hidden),
        ],
        [one("attn_output.weight", "self_attn.o_proj.weight", hidden, rows["q"])],
        [
            one("ffn_gate.weight", "mlp.gate_proj.weight", inner, hidden),
            one("ffn_up.weight", "mlp.up_proj.weight", inner, hidden),
        ],
        [one("ffn_down.weight", "mlp.down_proj.weight", hidden, inner)],
    ]
    if family.biases:
        groups.append(
            [
                one("attn_q.bias", "self_attn.q_proj.bias", rows["q"]),
                one("attn_k.bias", "self_attn.k_proj.bias", rows["kv"]),
                one("attn_v.bias", "self_attn.v_proj.bias", rows["kv"]),
            ]
        )
    for source, name, width in _norms(family, sizes):
        groups.append([one(f"{source}.weight", f"{name}.weight", width, offset=family.norm_offset)])
    return groups


def _norms(family: Family, sizes: Sizes) -> list[tuple[str, str, int]]:
    hidden, head = sizes.hidden, sizes.head_dim
    norms = [("attn_norm", "input_layernorm", hidden)]
    if family.sandwich:
        norms += [
            ("post_attention_norm", "post_attention_layernorm", hidden),
            ("ffn_norm", "pre_feedforward_layernorm", hidden),
            ("post_ffw_norm", "post_feedforward_layernorm", hidden),
        ]
    else:
        norms.append(("ffn_norm", "post_attention_layernorm", hidden))
    if family.head_norms:
        norms += [
            ("attn_q_norm", "self_attn.q_norm", head),
            ("attn_k_norm", "self_attn.k_norm", head),
        ]
    return norms
