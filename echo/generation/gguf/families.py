"""The architectures that are read, and the sizes of a model of one. It does not know its tensors' names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .errors import Unreadable, shown
from .header import TensorInfo
from .metadata import Metadata

MAX_LAYERS: Final = 1_000
MAX_WIDTH: Final = 1 << 20  # of any one dimension but the vocabulary
MAX_CONTEXT: Final = 1 << 26
NOT_SERVED: Final = (  # metadata of models that these families cannot express, where not zero
    "expert_count", "logit_scale", "residual_scale", "embedding_scale", "attention.scale",
    "attention.clamp_kqv", "attention.max_alibi_bias", "attn_logit_softcapping",
)  # fmt: skip


@dataclass(frozen=True)
class Family:
    """One architecture of GGUF."""

    model_type: str
    model_class: str
    biases: bool = False  # on query, key and value
    head_norms: bool = False  # on each head of query and key
    sandwich: bool = False  # a norm behind attention and feed-forward too (Gemma)
    rotates_pairs: bool = False  # llama.cpp reorders query and key rows of these
    norm_offset: float = 0.0  # to be added to norm weights: Gemma's are stored plus one


FAMILIES: Final[Mapping[str, Family]] = {
    "llama": Family("llama", "LlamaForCausalLM", rotates_pairs=True),
    "qwen2": Family("qwen2", "Qwen2ForCausalLM", biases=True),
    "qwen3": Family("qwen3", "Qwen3ForCausalLM", head_norms=True),
    "gemma3": Family(
        "gemma3_text", "Gemma3ForCausalLM", head_norms=True, sandwich=True, norm_offset=-1.0
    ),
}


@dataclass(frozen=True)
class Sizes:
    layers: int
    hidden: int
    inner: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    context: int


def family_of(meta: Metadata) -> Family:
    """Raises Unreadable with the architecture's name, or with what is no language model."""
    kind = meta.text("general.type", "model")
    if kind not in ("model", None):
        raise Unreadable(f"it holds no model but {shown(kind or '')} data.")
    if meta.has("split.count") and meta.whole("split.count", 0, 1 << 16) > 1:
        raise Unreadable(
            "it is one part of several; join the parts first (llama-gguf-split --merge)."
        )
    family = FAMILIES.get(meta.architecture)
    if family is None:
        raise Unreadable(
            f"its architecture is {shown(meta.architecture)}; {', '.join(FAMILIES)} are read."
        )
    for name in NOT_SERVED:
        if meta.has(f".{name}") and meta.number(f".{name}", -1e9, 1e9) != 0:
            raise Unreadable(f"it asks for {meta.architecture}.{name}, which is not served.")
    if meta.flag(".attention.causal", True) is False:
        raise Unreadable("it is a model for embeddings, not for chat.")
    return family


def sizes_of(meta: Metadata, tensors: Mapping[str, TensorInfo]) -> Sizes:
    """From metadata; the vocabulary is as long as the list of tokens."""
    hidden = meta.whole(".embedding_length", 1, MAX_WIDTH)
    heads = meta.whole(".attention.head_count", 1, 4_096)
    kv_heads = meta.whole(".attention.head_count_kv", 1, heads, heads)
    head_dim = meta.whole(".attention.key_length", 2, 8_192, hidden // heads)
    if heads % kv_heads:
        raise Unreadable(f"{heads} heads cannot share {kv_heads} key and value heads.")
    if head_dim % 2:
        raise Unreadable(f"its heads have {head_dim} dimensions, which is not even.")
    for name in (".attention.value_length", ".rope.dimension_count"):
        if meta.whole(name, 1, 8_192, head_dim) != head_dim:
            raise Unreadable(f"its {meta.architecture}{name} is not its head size, {head_dim}.")
    sizes = Sizes(
        layers=meta.whole(".block_count", 1, MAX_LAYERS),
        hidden=hidden,
        inner=meta.whole(".feed_forward_length", 1, MAX_WIDTH),
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        vocabulary=meta.count("tokenizer.ggml.tokens"),
        context=meta.whole(".context_length", 1, MAX_CONTEXT),
    )
    _check_vocabulary(sizes, tensors)
    return sizes


def _check_vocabulary(sizes: Sizes, tensors: Mapping[str, TensorInfo]) -> None:
    embedding = tensors.get("token_embd.weight")
    if embedding is not None and embedding.shape != (sizes.vocabulary, sizes.hidden):
        rows = "x".join(map(str, embedding.shape))
        raise Unreadable(
            f"its embedding is {rows}, but it has {sizes.vocabulary:,} tokens of width {sizes.hidden}."
        )
