"""Small GGUF files of every architecture and type, made by the gguf package's own writer."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from gguf.constants import GGML_QUANT_SIZES
from gguf.constants import GGMLQuantizationType as Type
from numpy.typing import NDArray

from ..helpers import TEMPLATE, TEXTS, train_tokenizer

# where the float16 scales of a block lie, of types that the gguf package cannot quantise
SCALES = {
    Type.Q2_K: (80, 82), Type.Q3_K: (108,), Type.Q4_K: (0, 2), Type.Q5_K: (0, 2), Type.Q6_K: (208,),
    Type.IQ2_XXS: (0,), Type.IQ2_XS: (0,), Type.IQ2_S: (0,), Type.IQ3_XXS: (0,), Type.IQ3_S: (0,),
    Type.IQ1_S: (0,), Type.IQ4_NL: (0,), Type.IQ4_XS: (0,),
}  # fmt: skip


def blocks_of(kind: Type, shape: tuple[int, ...], seed: int = 0) -> NDArray[Any]:
    """Random weights of this type: quantised where the package can, raw valid blocks otherwise."""
    rng = np.random.default_rng(seed)
    if kind in (Type.F32, Type.F16):
        return rng.normal(0, 0.1, shape).astype(np.float32 if kind == Type.F32 else np.float16)
    try:
        return gguf.quants.quantize(rng.normal(0, 0.1, shape).astype(np.float32), kind)
    except NotImplementedError:
        block, width = GGML_QUANT_SIZES[kind]
        raw = rng.integers(0, 256, (int(np.prod(shape)) // block, width), dtype=np.uint8)
        for at in SCALES.get(kind, ()):
            scale = rng.normal(0, 0.002, (len(raw), 1)).astype(np.float16)
            raw[:, at : at + 2] = scale.view(np.uint8)
        if kind == Type.IQ1_M:  # its scale is spread over the upper bits of four words
            raw[:, 48:56:2] &= 0x0F
            raw[:, 49:56:2] = 0x10
        return raw.reshape(*shape[:-1], shape[-1] // block * width)


@functools.cache
def byte_level() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tokens and merges of a small trained tokenizer; its first three tokens are control tokens."""
    found = json.loads(train_tokenizer().backend_tokenizer.to_str())["model"]
    tokens = sorted(found["vocab"], key=found["vocab"].__getitem__)
    return tuple(tokens), tuple(" ".join(merge) for merge in found["merges"])


def sentencepiece() -> tuple[list[str], list[float], list[int]]:
    """Tokens, scores and types: control tokens, bytes, letters, and pairs and words of the texts."""
    letters = sorted(set("".join(TEXTS).replace(" ", "\u2581")) - {"\n"})
    words = [f"\u2581{word}" for text in TEXTS for word in text.split(" ") if word.isalpha()]
    parts = {word[:end] for word in words for end in range(2, len(word) + 1)}
    parts |= {word[at : at + 2] for word in words for at in range(1, len(word) - 1)}
    parts |= {"\u2581" * count for count in range(2, 9)}
    pieces = sorted(parts, key=lambda part: (len(part), part)) + letters
    specials = ["<unk>", "<s>", "</s>"]
    tokens = [*specials, *(f"<0x{byte:02X}>" for byte in range(256)), *pieces]
    scores = [0.0] * (3 + 256) + [-float(number) for number in range(len(pieces))]
    types = [2, 3, 3, *[6] * 256, *[1] * len(pieces)]
    return tokens, scores, types


@dataclass
class Making:
    """What a file shall be; `metadata` replaces keys (None takes one away)."""

    architecture: str = "llama"
    kind: Type = Type.F32  # of matrices
    tied: bool = True
    layers: int = 2
    hidden: int = 64
    inner: int = 96
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 16
    tokenizer: str = "gpt2"
    pre: str | None = "qwen2"
    template: str | None = TEMPLATE
    metadata: dict[str, Any] = field(default_factory=dict)
    tensors: dict[str, NDArray[Any] | None] = field(default_factory=dict)
    kinds: dict[str, Type] = field(default_factory=dict)  # of single tensors
    seed: int = 0

    def vocabulary(self) -> int:
        return len(byte_level()[0] if self.tokenizer == "gpt2" else self._pieces()[0])

    def write(self, path: Path) -> Path:
        writer = gguf.GGUFWriter(path, self.architecture)
        for key, value in self._all_metadata().items():
            _add(writer, key, value)
        for name, (data, kind) in self._all_tensors().items():
            writer.add_tensor(name, data, raw_dtype=kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path

    def _all_metadata(self) -> dict[str, Any]:
        own = {
            "block_count": self.layers, "context_length": 512, "embedding_length": self.hidden,
            "feed_forward_length": self.inner, "attention.head_count": self.heads,
            "attention.head_count_kv": self.kv_heads, "attention.key_length": self.head_dim,
            "attention.value_length": self.head_dim, "rope.freq_base": 10_000.0,
            "rope.dimension_count": self.head_dim,
            "attention.layer_norm_rms_epsilon": 1e-6, "vocab_size": self.vocabulary(),
        }  # fmt: skip
        found = {
            "general.name": "A small model",
            "general.license": "cc0-1.0",
            **{f"{self.architecture}.{key}": value for key, value in own.items()},
            **self._tokenizer_metadata(),
        }
        if self.template is not None:
            found["tokenizer.chat_template"] = self.template
        return {key: value for key, value in (found | self.metadata).items() if value is not None}

    def _pieces(self) -> tuple[list[str], list[float], list[int]]:
        tokens, scores, types = sentencepiece()
        if self.architecture == "gemma3":  # runs of spaces stand as spaces, marked as user-defined
            types = [4 if token.strip("\u2581") == "" and len(token) > 1 else kind
                     for token, kind in zip(tokens, types, strict=True)]  # fmt: skip
            tokens = [token.replace("\u2581", " ") if kind == 4 else token
                      for token, kind in zip(tokens, types, strict=True)]  # fmt: skip
        return tokens, scores, types

    def _tokenizer_metadata(self) -> dict[str, Any]:
        prefix = "tokenizer.ggml."
        if self.tokenizer == "gpt2":
            tokens, merges = byte_level()
            return {
                f"{prefix}model": "gpt2", f"{prefix}pre": self.pre, f"{prefix}tokens": list(tokens),
                f"{prefix}token_type": [3] * 3 + [1] * (len(tokens) - 3),
                f"{prefix}merges": list(merges), f"{prefix}bos_token_id": 0,
                f"{prefix}eos_token_id": 2, f"{prefix}padding_token_id": 0,
                f"{prefix}add_bos_token": False,
            }  # fmt: skip
        tokens, scores, types = self._pieces()
        return {
            f"{prefix}model": "llama", f"{prefix}pre": "default", f"{prefix}tokens": tokens,
            f"{prefix}scores": scores, f"{prefix}token_type": types, f"{prefix}bos_token_id": 1,
            f"{prefix}eos_token_id": 2, f"{prefix}unknown_token_id": 0,
        }  # fmt: skip

    def _all_tensors(self) -> dict[str, tuple[NDArray[Any], Type]]:
        made: dict[str, tuple[NDArray[Any], Type]] = {}
        for number, (name, shape) in enumerate(self.shapes().items()):
            kind = self.kinds.get(name, self.kind if len(shape) > 1 else Type.F32)
            made[name] = blocks_of(kind, shape, self.seed + number), kind
            if "norm" in name:
                made[name] = 1.0 + made[name][0], kind
        for name, data in self.tensors.items():
            if data is None:
                made.pop(name)
            else:
                made[name] = data, Type.F32
        return made

    def shapes(self) -> dict[str, tuple[int, ...]]:
        wide, narrow = self.heads * self.head_dim, self.kv_heads * self.head_dim
        hidden, inner = self.hidden, self.inner
        layer: dict[str, tuple[int, ...]] = {
            "attn_norm.weight": (hidden,), "ffn_down.weight": (hidden, inner),
            "ffn_gate.weight": (inner, hidden), "ffn_up.weight": (inner, hidden),
            "ffn_norm.weight": (hidden,), "attn_k.weight": (narrow, hidden),
            "attn_output.weight": (hidden, wide), "attn_q.weight": (wide, hidden),
            "attn_v.weight": (narrow, hidden),
        }  # fmt: skip
        if self.architecture == "qwen2":
            layer |= {"attn_q.bias": (wide,), "attn_k.bias": (narrow,), "attn_v.bias": (narrow,)}
        if self.architecture in ("qwen3", "gemma3"):
            layer |= {
                "attn_q_norm.weight": (self.head_dim,),
                "attn_k_norm.weight": (self.head_dim,),
            }
        if self.architecture == "gemma3":
            layer |= {"post_attention_norm.weight": (hidden,), "post_ffw_norm.weight": (hidden,)}
        matrix = (self.vocabulary(), hidden)
        shapes: dict[str, tuple[int, ...]] = {} if self.tied else {"output.weight": matrix}
        shapes |= {"token_embd.weight": matrix, "output_norm.weight": (hidden,)}
        for number in range(self.layers):
            shapes |= {f"blk.{number}.{name}": shape for name, shape in layer.items()}
        return shapes


def _add(writer: gguf.GGUFWriter, key: str, value: Any) -> None:
    if isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    elif isinstance(value, str):
        writer.add_string(key, value)
    else:
        writer.add_array(key, value)


FAMILIES = {
    "llama": Making("llama", pre="llama-bpe", seed=1),
    "mistral": Making("llama", tokenizer="llama", seed=2),
    "qwen2": Making("qwen2", seed=3),
    # transformers reads neither Qwen 3's head size nor Gemma 3's scale: their defaults stand here
    "qwen3": Making("qwen3", head_dim=128, heads=2, kv_heads=1, seed=4),
    "gemma3": Making("gemma3", tokenizer="llama", head_dim=256, heads=2, kv_heads=1, layers=7,
                     metadata={"gemma3.attention.sliding_window": 8,
                               "tokenizer.ggml.add_space_prefix": False}, seed=5),
}  # fmt: skip


def ignore(*_: Any) -> None:
    """Progress that nobody looks at."""
