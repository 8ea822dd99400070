"""A stripped decoder for the Qwen2, Llama, Mistral and Qwen3 families.

Prompt chunks and single next tokens of many conversations lie flat in one forward pass; only
attention looks at conversations one group at a time. It does not know requests, text or sampling.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from .adapter import Adapter, load_adapter, outputs_of
from .batch import StepLayout, cache_width, lay_out
from .kv_cache import KvTensors
from .runner import StepPlan
from .sequence import Sequence
from .weights import joined

FAMILIES = {"qwen2", "llama", "mistral", "qwen3"}
ROPE_TABLES = {"default", "linear", "llama3", "yarn"}  # those whose angles depend on position only


@dataclass(frozen=True)
class LayerWeights:
    input_norm: Tensor  # [hidden]
    qkv: Tensor  # [(heads + 2 kv_heads) * head_dim, hidden]
    qkv_bias: Tensor | None
    query_norm: Tensor | None  # [head_dim], Qwen3
    key_norm: Tensor | None
    out: Tensor  # [hidden, heads * head_dim]
    out_bias: Tensor | None
    mlp_norm: Tensor  # [hidden]
    gate_up: Tensor  # [2 * inner, hidden]
    gate_up_bias: Tensor | None
    down: Tensor  # [hidden, inner]
    down_bias: Tensor | None


def supports(config: Any, window: int) -> bool:
    """Known family, plain full attention over the whole window, position-only rotary angles."""
    rope = getattr(config, "rope_parameters", None) or {}
    sliding = getattr(config, "sliding_window", None)
    layer_types = set(getattr(config, "layer_types", None) or ["full_attention"])
    return (
        config.model_type in FAMILIES
        and getattr(config, "hidden_act", "") in ("silu", "swish")
        and rope.get("rope_type", "default") in ROPE_TABLES
        and (layer_types == {"full_attention"} or sliding is None or sliding >= window)
        and (config.model_type != "mistral" or sliding is None or sliding >= window)
        and getattr(config, "quantization_config", None) is None
    )


class Decoder:
    """Logits of the last position of each row; keys and values go into the slots."""

    reuses_prefix = True
    looks_ahead = False
    way = "own decoder"

    def __init__(self, model: Any, slots: int, window: int) -> None:
        config = model.config
        self.slots = slots
        self.heads = config.num_attention_heads
        self.kv_heads = getattr(config, "num_key_value_heads", None) or self.heads
        self.head_dim = getattr(config, "head_dim", None) or config.hidden_size // self.heads
        self.epsilon = config.rms_norm_eps
        self.embedding = model.model.embed_tokens.weight  # [vocabulary, hidden]
        self.head = model.lm_head.weight  # [vocabulary, hidden]
        self.head_bias = model.lm_head.bias
        self.final_norm = model.model.norm.weight
        self.layers = [_fuse(layer) for layer in model.model.layers]
        self.adapters: dict[str, Adapter] = {}
        self.cos, self.sin = _rotary_tables(model, window)
        self.cache = KvTensors(
            len(self.layers), slots + 1, self.kv_heads, cache_width(window), self.head_dim,
            self.embedding.dtype, self.embedding.device,
        )  # fmt: skip

    def compute(self, plan: StepPlan) -> tuple[list[Sequence], Tensor]:
        """→ the rows whose logits are wanted, and these [rows, vocabulary]"""
        weight = self.embedding
        layout = lay_out(plan, weight.dtype, weight.device, self.slots, self.adapters)
        return layout.rows, self.forward(layout)

    def forward(self, layout: StepLayout) -> Tensor:
        """→ [rows with logits, vocabulary]"""
        x = functional.embedding(layout.ids, self.embedding)  # [tokens, hidden]
        cos, sin = self.cos[layout.positions], self.sin[layout.positions]  # [tokens, 1, head_dim]
        for number, weights in enumerate(self.layers):
            x = x + self._attention(number, weights, x, cos, sin, layout)
            x = x + self._mlp(number, weights, x, layout)
        x = self._norm(x[layout.last], self.final_norm)  # [rows, hidden]
        return functional.linear(x, self.head, self.head_bias)

    def copy_prefix(self, source: int, target: int, length: int) -> None:
        self.cache.copy_prefix(source, target, length)

    def clear(self, slot: int) -> None:
        self.cache.clear(slot)

    def add_adapter(self, name: str, folder: Path) -> None:
        """Rows that ask for this name are computed with it; raises ModelLoadError."""
        hidden, inner = self.embedding.shape[1], self.layers[0].down.shape[1]
        outputs = outputs_of(self.heads, self.kv_heads, self.head_dim, hidden, inner)
        self.adapters[name] = load_adapter(folder, outputs, len(self.layers), self.embedding)

    def drop_adapter(self, name: str) -> None:
        self.adapters.pop(name, None)

    def _norm(self, x: Tensor, weight: Tensor) -> Tensor:
        return functional.rms_norm(x, (x.shape[-1],), weight, self.epsilon)

    def _adapt(self, y: Tensor, x: Tensor, site: tuple[int, str], layout: StepLayout) -> Tensor:
        """Add what each row's adapter changes at this place: grouped low-rank products, in place."""
        for name, rows in layout.adapters:
            self.adapters[name].add(y, x, rows, site)
        return y

    def _mlp(self, number: int, weights: LayerWeights, x: Tensor, layout: StepLayout) -> Tensor:
        h = self._norm(x, weights.mlp_norm)
        joint = functional.linear(h, weights.gate_up, weights.gate_up_bias)
        gate, up = self._adapt(joint, h, (number, "gate_up"), layout).chunk(2, dim=-1)
        h = functional.silu(gate) * up  # [tokens, inner]
        y = functional.linear(h, weights.down, weights.down_bias)
        return self._adapt(y, h, (number, "down"), layout)

    def _attention(
        self, number: int, weights: LayerWeights, x: Tensor, cos: Tensor, sin: Tensor,
        layout: StepLayout,
    ) -> Tensor:  # fmt: skip
        heads, kv_heads, dim = self.heads, self.kv_heads, self.head_dim
        h = self._norm(x, weights.input_norm)
        qkv = functional.linear(h, weights.qkv, weights.qkv_bias)
        qkv = self._adapt(qkv, h, (number, "qkv"), layout).view(-1, heads + 2 * kv_heads, dim)
        rotating, value = qkv[:, : heads + kv_heads], qkv[:, heads + kv_heads :]
        if weights.query_norm is not None and weights.key_norm is not None:
            query = self._norm(rotating[:, :heads], weights.query_norm)
            rotating = torch.cat((query, self._norm(rotating[:, heads:], weights.key_norm)), dim=1)
        rotating = _rotate(rotating, cos, sin)
        keys, values = self.cache.keys[number], self.cache.values[number]
        keys[layout.slots, :, layout.positions] = rotating[:, heads:]  # [tokens, kv_heads, dim]
        values[layout.slots, :, layout.positions] = value
        mixed = self._attend(rotating[:, :heads], keys, values, layout)
        y = functional.linear(mixed, weights.out, weights.out_bias)
        return self._adapt(y, mixed, (number, "out"), layout)

    def _attend(self, query: Tensor, keys: Tensor, values: Tensor, layout: StepLayout) -> Tensor:
        """query [tokens, heads, dim] → [tokens, heads * dim]"""
        groups = self.heads // self.kv_heads
        parts = []
        for group in layout.decode:
            # the heads that share a key/value head are query rows: nothing is repeated
            rows = query[group.start : group.end].reshape(-1, self.kv_heads, groups, self.head_dim)
            k, v = group.window(keys), group.window(values)  # [rows, kv_heads, width, dim]
            out = functional.scaled_dot_product_attention(rows, k, v, attn_mask=group.mask)
            parts.append(out.reshape(-1, self.heads * self.head_dim))
        for chunk in layout.chunks:
            rows = query[chunk.start : chunk.end]  # [length, heads, dim]
            length = rows.shape[0]
            q = rows.view(length, self.kv_heads, groups, self.head_dim).permute(1, 2, 0, 3)
            shape = (self.kv_heads, groups, chunk.width, self.head_dim)
            k = keys[chunk.slot, :, : chunk.width].unsqueeze(1).expand(shape)
            v = values[chunk.slot, :, : chunk.width].unsqueeze(1).expand(shape)
            # [kv_heads, groups, length, dim]
            out = functional.scaled_dot_product_attention(q, k, v, attn_mask=chunk.mask)
            parts.append(out.permute(2, 0, 1, 3).reshape(length, -1))
        if layout.padding:
            parts.append(query.new_zeros((layout.padding, self.heads * self.head_dim)))
        return parts[0] if len(parts) == 1 else torch.cat(parts)


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x [tokens, heads, head_dim]; cos, sin [tokens, 1, head_dim], sin already signed"""
    half = x.shape[-1] // 2
    swapped = torch.cat((x[..., half:], x[..., :half]), dim=-1)
    return x * cos + swapped * sin


def _rotary_tables(model: Any, window: int) -> tuple[Tensor, Tensor]:
    """[window, 1, head_dim] each, from the model's own module; sin's first half is negated."""
    weight = model.model.embed_tokens.weight
    positions = torch.arange(window, device=weight.device)[None]
    cos, sin = model.model.rotary_emb(weight[:1, :1], positions)  # [1, window, head_dim]
    half = sin.shape[-1] // 2
    sin = torch.cat((-sin[..., :half], sin[..., half:]), dim=-1)
    return cos[0][:, None].contiguous(), sin[0][:, None].contiguous()


def _fuse(layer: Any) -> LayerWeights:
    """Queries, keys and values as one matrix, gate and up as one; the module keeps views of them."""
    attention, mlp = layer.self_attn, layer.mlp
    query_norm, key_norm = getattr(attention, "q_norm", None), getattr(attention, "k_norm", None)
    qkv, qkv_bias = _join(attention.q_proj, attention.k_proj, attention.v_proj)
    gate_up, gate_up_bias = _join(mlp.gate_proj, mlp.up_proj)
    return LayerWeights(
        input_norm=layer.input_layernorm.weight,
        qkv=qkv,
        qkv_bias=qkv_bias,
        query_norm=query_norm.weight if query_norm is not None else None,
        key_norm=key_norm.weight if key_norm is not None else None,
        out=attention.o_proj.weight,
        out_bias=attention.o_proj.bias,
        mlp_norm=layer.post_attention_layernorm.weight,
        gate_up=gate_up,
        gate_up_bias=gate_up_bias,
        down=mlp.down_proj.weight,
        down_bias=mlp.down_proj.bias,
    )


def _join(*layers: Any) -> tuple[Tensor, Tensor | None]:
    """Weight and bias of several linear layers in one; no second copy of them stays in memory."""
    return _join_parameter("weight", *layers), _join_parameter("bias", *layers)


def _join_parameter(name: str, *layers: Any) -> Any:
    parts = [getattr(layer, name) for layer in layers]
    if any(part is None for part in parts):
        return None  # the family has no such bias
    whole = joined([part.data for part in parts])
    views = torch.split(whole, [part.shape[0] for part in parts])
    for layer, view in zip(layers, views, strict=True):
        setattr(layer, name, torch.nn.Parameter(view, requires_grad=False))
    return whole
