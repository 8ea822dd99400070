"""How far the packed weights are from the floats they were made of, on a fixed text.

The floats read the text one layer at a time, so that no more than a layer of them is in memory. It does not
know requests or slots.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from ..weights import MappedWeights
from .packed import HEAD_ROWS, PARTS, Shape

TEXT = """\
The ferry to the island leaves at six in the morning. Anna packed bread, two apples and a warm coat,
because the wind on the water is cold even in May. "How long does it take?" she asked. "About two
hours," said the captain, "if the sea is calm. We have made this trip every day for thirty years."

def mean(numbers):
    if not numbers:
        raise ValueError("no numbers")
    return sum(numbers) / len(numbers)

Water boils at 100 degrees and freezes at 0. The sum of 17 and 25 is 42. In the list below, each
item has a price: tea 3, coffee 4, cake 5. Together they cost 12. Why is the sky blue? Sunlight is
scattered by the air, and blue light is scattered more than red, so we see a blue sky from below."""
MOST_TOKENS = 192
MOST_LOGIT_ERROR = {8: 0.05, 4: 0.35}  # root mean square, relative to the logits' own spread
MOST_LOSS = {8: 0.03, 4: 0.25}  # nats a token more than the floats


@dataclass(frozen=True)
class Quality:
    """`logit_error`: root mean square error of the logits by their spread; `loss`: nats a token more."""

    logit_error: float
    loss: float

    def problem(self, kind: int) -> str | None:
        """Why weights of so many bits are not good enough, or None."""
        if not self.logit_error <= MOST_LOGIT_ERROR[kind] or not self.loss <= MOST_LOSS[kind]:
            return (
                f"with weights of {kind} bits its logits are off by {self.logit_error:.1%} "
                f"and a fixed text costs {self.loss:+.3f} nats a token"
            )
        return None


def measure(
    weights: MappedWeights, shape: Shape, angles: tuple[Tensor, Tensor], tokens: list[int],
    read: Callable[[list[int]], Tensor],
) -> Quality:  # fmt: skip
    """`read` gives the packed model's logits [tokens, vocabulary] for all of them."""
    tokens = tokens[:MOST_TOKENS]
    hidden = _read(weights, shape, angles, tokens)
    got, targets = read(tokens), torch.tensor(tokens[1:])
    wanted = _logits(weights, shape, hidden)
    error = (got - wanted).pow(2).mean().sqrt() / wanted.std()
    losses = [functional.cross_entropy(one[:-1], targets) for one in (got, wanted)]
    return Quality(float(error), float(losses[0] - losses[1]))


def _read(
    weights: MappedWeights, shape: Shape, angles: tuple[Tensor, Tensor], tokens: list[int]
) -> Tensor:
    """→ [tokens, hidden] after the last layer"""
    rows = [weights.take("model.embed_tokens.weight", token, token + 1) for token in tokens]
    x = torch.cat(rows)
    cos, sin = (angle[: len(tokens), None] for angle in angles)  # [tokens, 1, head_dim / 2]
    for number in range(shape.layers):
        layer = _Layer(weights, f"model.layers.{number}", shape)
        x = layer.forward(x, cos, sin)
        weights.forget()
    return functional.rms_norm(x, (shape.hidden,), weights.take("model.norm.weight"), shape.epsilon)


def _logits(weights: MappedWeights, shape: Shape, hidden: Tensor) -> Tensor:
    own = "lm_head.weight" in weights and not shape.tied
    name = "lm_head.weight" if own else "model.embed_tokens.weight"
    parts = []
    for start in range(0, shape.vocabulary, HEAD_ROWS):
        parts.append(functional.linear(hidden, weights.take(name, start, start + HEAD_ROWS)))
        weights.forget()
    return torch.cat(parts, dim=1)


class _Layer:
    def __init__(self, weights: MappedWeights, name: str, shape: Shape) -> None:
        self._weights, self._name, self._shape = weights, name, shape

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        x = x + self._attention(self._norm("input_layernorm", x), cos, sin)
        gate, up = self._joint("gate_up", self._norm("post_attention_layernorm", x)).chunk(
            2, dim=-1
        )
        return x + self._joint("down", functional.silu(gate) * up)

    def _attention(self, h: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        shape = self._shape
        qkv = self._joint("qkv", h).view(len(h), -1, shape.head_dim)
        sizes = [shape.heads, shape.kv_heads, shape.kv_heads]
        query, key, value = torch.split(qkv, sizes, dim=1)
        query = _turn(self._head_norm("q_norm", query), cos, sin)
        key = _turn(self._head_norm("k_norm", key), cos, sin)
        mixed = functional.scaled_dot_product_attention(
            query.transpose(0, 1), key.transpose(0, 1), value.transpose(0, 1),
            is_causal=True, enable_gqa=True,
        )  # fmt: skip
        return self._joint("out", mixed.transpose(0, 1).reshape(len(h), -1))

    def _joint(self, place: str, h: Tensor) -> Tensor:
        room = "mlp" if place in ("gate_up", "down") else "self_attn"
        names = [f"{self._name}.{room}.{module}_proj" for module in PARTS[place]]
        return torch.cat([self._linear(name, h) for name in names], dim=-1)

    def _linear(self, name: str, h: Tensor) -> Tensor:
        bias = self._take(f"{name}.bias")
        return functional.linear(h, self._weights.take(f"{name}.weight"), bias)

    def _norm(self, name: str, x: Tensor) -> Tensor:
        weight = self._weights.take(f"{self._name}.{name}.weight")
        return functional.rms_norm(x, (x.shape[-1],), weight, self._shape.epsilon)

    def _head_norm(self, name: str, x: Tensor) -> Tensor:
        weight = self._take(f"{self._name}.self_attn.{name}.weight")
        if weight is None:
            return x
        return functional.rms_norm(x, (x.shape[-1],), weight, self._shape.epsilon)

    def _take(self, name: str) -> Any:
        return self._weights.take(name) if name in self._weights else None


def _turn(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x [tokens, heads, head_dim]; cos, sin [tokens, 1, head_dim / 2]"""
    half = x.shape[-1] // 2
    a, b = x[..., :half], x[..., half:]
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)
