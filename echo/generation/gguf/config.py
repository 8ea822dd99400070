"""`config.json` and `generation_config.json` from a file's metadata. It does not know its tensors' values."""

from __future__ import annotations

from typing import Any, Final

from .errors import Unreadable
from .families import MAX_CONTEXT, Family, Sizes
from .metadata import Metadata
from .rope import local_rope_parameters
from .vocabulary import Vocabulary

GEMMA3_PERIOD: Final = 6  # every sixth layer sees everything
GEMMA3_27B_LAYERS: Final = 62  # the one size whose attention is scaled by hidden / heads
SAMPLING: Final = (  # GGUF's key, name in generation_config.json, lowest and highest
    ("general.sampling.temp", "temperature", 0.0, 100.0),
    ("general.sampling.top_p", "top_p", 1e-6, 1.0),
    ("general.sampling.min_p", "min_p", 0.0, 1.0),
    ("general.sampling.penalty_repeat", "repetition_penalty", 0.1, 10.0),
)


def model_config(
    meta: Metadata,
    family: Family,
    sizes: Sizes,
    vocabulary: Vocabulary,
    rope: dict[str, Any],
    tied: bool,
    dtype: str,
) -> dict[str, Any]:
    config = {
        "architectures": [family.model_class],
        "model_type": family.model_type,
        "dtype": dtype,
        "vocab_size": sizes.vocabulary,
        "hidden_size": sizes.hidden,
        "intermediate_size": sizes.inner,
        "num_hidden_layers": sizes.layers,
        "num_attention_heads": sizes.heads,
        "num_key_value_heads": sizes.kv_heads,
        "head_dim": sizes.head_dim,
        "max_position_embeddings": sizes.context,
        "rms_norm_eps": meta.number(".attention.layer_norm_rms_epsilon", 0.0, 1.0),
        "rope_parameters": rope,
        "tie_word_embeddings": tied,
        "attention_bias": family.biases,
        "bos_token_id": vocabulary.bos,
        "eos_token_id": vocabulary.eos,
        "pad_token_id": vocabulary.pad,
    }
    if family.sandwich:
        return config | _gemma3(meta, sizes, rope)
    if meta.architecture == "llama" and _window(meta):
        return config | _mistral(meta)
    return config | {"hidden_act": "silu"}


def generation_config(meta: Metadata, vocabulary: Vocabulary) -> dict[str, Any]:
    """Where a reply ends, and how its authors sample, where the file says it."""
    config: dict[str, Any] = {
        "do_sample": True,
        "bos_token_id": vocabulary.bos,
        "eos_token_id": list(vocabulary.ends),
        "pad_token_id": vocabulary.pad,
    }
    for key, name, low, high in SAMPLING:
        if meta.has(key):
            config[name] = meta.number(key, low, high)
    if config.get("temperature") == 0.0:  # transformers has another word for it
        del config["temperature"]
        config["do_sample"] = False
    if meta.has("general.sampling.top_k"):
        config["top_k"] = meta.whole("general.sampling.top_k", 0, 1 << 24)
    return config


def _window(meta: Metadata) -> int:
    """Positions that a sliding layer sees; 0 for all."""
    return meta.whole(".attention.sliding_window", 0, MAX_CONTEXT, 0)


def _mistral(meta: Metadata) -> dict[str, Any]:
    return {
        "architectures": ["MistralForCausalLM"],
        "model_type": "mistral",
        "hidden_act": "silu",
        "sliding_window": _window(meta),
    }


def _gemma3(meta: Metadata, sizes: Sizes, rope: dict[str, Any]) -> dict[str, Any]:
    window = _window(meta)
    cap = meta.number(".final_logit_softcapping", 0.0, 1e6, 0.0)
    big = sizes.layers == GEMMA3_27B_LAYERS
    return {
        "hidden_activation": "gelu_pytorch_tanh",
        "layer_types": _layer_types(meta, sizes.layers)
        if window
        else ["full_attention"] * sizes.layers,
        "sliding_window": window or sizes.context,  # transformers asks for one in any case
        "rope_parameters": {
            "full_attention": rope,
            "sliding_attention": local_rope_parameters(meta),
        },
        "query_pre_attn_scalar": sizes.hidden // sizes.heads if big else sizes.head_dim,
        "final_logit_softcapping": cap or None,
    }


def _layer_types(meta: Metadata, layers: int) -> list[str]:
    """The file may list the sliding layers, or say the period of those that see everything."""
    key = ".attention.sliding_window_pattern"
    if meta.is_list(key):
        sliding = meta.numbers(key)
        if sliding is None or len(sliding) != layers:
            raise Unreadable(f"its {meta.architecture}{key} is not one value for each layer.")
        return ["sliding_attention" if one else "full_attention" for one in sliding]
    period = meta.whole(key, 1, 1_000, GEMMA3_PERIOD)
    return [
        "sliding_attention" if (number + 1) % period else "full_attention"
        for number in range(layers)
    ]
