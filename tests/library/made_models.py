"""Small models made on the spot: GGUF files, folders of safetensors, adapters in peft's format."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

HIDDEN, INNER, VOCABULARY, LAYERS = 8, 16, 32, 2
SHAPES = {
    # rows and columns, by the tensor's name in transformers and in GGUF
    ("self_attn.q_proj", "attn_q"): (HIDDEN, HIDDEN),
    ("self_attn.k_proj", "attn_k"): (4, HIDDEN),
    ("self_attn.v_proj", "attn_v"): (4, HIDDEN),
    ("self_attn.o_proj", "attn_output"): (HIDDEN, HIDDEN),
    ("mlp.gate_proj", "ffn_gate"): (INNER, HIDDEN),
    ("mlp.up_proj", "ffn_up"): (INNER, HIDDEN),
    ("mlp.down_proj", "ffn_down"): (HIDDEN, INNER),
}
WEIGHTS = VOCABULARY * HIDDEN + LAYERS * sum(rows * columns for rows, columns in SHAPES.values())


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def fact(key: str, value: str | int) -> bytes:
    """A key of the head with a text or a number of 32 bits."""
    if isinstance(value, str):
        return text(key) + struct.pack("<I", 8) + text(value)
    return text(key) + struct.pack("<II", 4, value)


def texts(key: str, values: list[str]) -> bytes:
    head = text(key) + struct.pack("<IIQ", 9, 8, len(values))
    return head + b"".join(text(value) for value in values)


def numbers(key: str, values: list[int]) -> bytes:
    return text(key) + struct.pack(f"<IIQ{len(values)}i", 9, 5, len(values), *values)


def gguf_bytes(seed: int = 1, cut: int = 0) -> bytes:
    """A file with random numbers as F32; `cut` bytes are missing at its end."""
    facts = [
        fact("general.architecture", "llama"),
        fact("general.name", "Made up"),
        fact("general.license", "apache-2.0"),
        fact("llama.context_length", 128),
        fact("general.alignment", 32),
        texts("tokenizer.ggml.tokens", [f"token{number}" for number in range(VOCABULARY)]),
        numbers("tokenizer.ggml.token_type", [1] * VOCABULARY),
        fact("tokenizer.chat_template", "{{ messages }}"),
    ]
    shapes = {"token_embd.weight": (VOCABULARY, HIDDEN)}
    for layer in range(LAYERS):
        shapes |= {f"blk.{layer}.{name[1]}.weight": shape for name, shape in SHAPES.items()}
    described, data = b"", b""
    random = np.random.default_rng(seed)
    for name, (rows, columns) in shapes.items():
        described += text(name) + struct.pack("<IQQIQ", 2, columns, rows, 0, len(data))
        raw = random.standard_normal((rows, columns), np.float32).tobytes()
        data += raw + bytes(-len(raw) % 32)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(shapes), len(facts)) + b"".join(facts) + described
    whole = head + bytes(-len(head) % 32) + data
    return whole[: len(whole) - cut]


def folder(path: Path, vocabulary: int = VOCABULARY, **config: Any) -> Path:
    """A folder as transformers writes it, with a tokenizer that only looks like one."""
    path.mkdir(parents=True)
    (path / "config.json").write_text(
        json.dumps({"model_type": "llama", "architectures": ["LlamaForCausalLM"], **config})
    )
    (path / "tokenizer.json").write_text("{}")
    (path / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 128}))
    tensors = {"model.embed_tokens.weight": np.zeros((vocabulary, HIDDEN), np.float32)}
    for layer in range(LAYERS):
        for (name, _), shape in SHAPES.items():
            tensors[f"model.layers.{layer}.{name}.weight"] = np.zeros(shape, np.float32)
    save_file(tensors, path / "model.safetensors")
    return path


def adapter(path: Path, base: str, rank: int = 2, hidden: int = HIDDEN, **others: Any) -> Path:
    """A folder as peft writes it: low-rank matrices for the attention of each layer."""
    path.mkdir(parents=True)
    settings = {"peft_type": "LORA", "r": rank, "base_model_name_or_path": base, **others}
    (path / "adapter_config.json").write_text(json.dumps(settings))
    tensors = {}
    for layer in range(LAYERS):
        name = f"base_model.model.model.layers.{layer}.self_attn.q_proj"
        tensors[f"{name}.lora_A.weight"] = np.zeros((rank, hidden), np.float32)
        tensors[f"{name}.lora_B.weight"] = np.zeros((hidden, rank), np.float32)
    save_file(tensors, path / "adapter_model.safetensors")
    return path
