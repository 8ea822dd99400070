"""The structures of `native.h`, as ctypes has them. It knows no values."""

from __future__ import annotations

import ctypes

BLOCK = 32  # inputs that share a scale
TILE = 8  # outputs whose weights lie together
BLOCK_BYTES = {4: TILE * 4 + TILE * BLOCK // 2, 8: TILE * 2 + TILE * BLOCK}
PLACES = ("qkv", "out", "gate_up", "down")

Pointer = ctypes.c_void_p
Int = ctypes.c_int32


class Matrix(ctypes.Structure):
    _fields_ = [
        ("blocks", Pointer), ("bias", Pointer), ("kind", Int), ("outputs", Int), ("inputs", Int),
    ]  # fmt: skip


class Layer(ctypes.Structure):
    _fields_ = [
        *((place, Matrix) for place in PLACES),
        ("input_norm", Pointer), ("mlp_norm", Pointer), ("query_norm", Pointer),
        ("key_norm", Pointer), ("keys", Pointer), ("values", Pointer),
    ]  # fmt: skip


class Model(ctypes.Structure):
    _fields_ = [
        ("layers", ctypes.POINTER(Layer)), ("embedding", Matrix), ("head", Matrix),
        ("final_norm", Pointer), ("cosines", Pointer), ("sines", Pointer),
        ("layer_count", Int), ("hidden", Int), ("heads", Int), ("kv_heads", Int),
        ("head_dim", Int), ("inner", Int), ("window", Int),
        ("epsilon", ctypes.c_float), ("threads", Int),
    ]  # fmt: skip


class LowRank(ctypes.Structure):
    _fields_ = [
        ("a", Pointer), ("b", Pointer),
        ("rank", Int), ("inputs", Int), ("start", Int), ("outputs", Int),
    ]  # fmt: skip


class StepAdapter(ctypes.Structure):
    _fields_ = [
        ("tokens", Pointer), ("parts", Pointer), ("first", Pointer), ("token_count", Int),
    ]  # fmt: skip


class RowSampling(ctypes.Structure):
    _fields_ = [
        ("factors", Pointer), ("counts", Pointer),
        *((name, ctypes.c_float) for name in ("repetition", "frequency", "presence")),
        *((name, ctypes.c_float) for name in ("temperature", "top_p", "min_p", "draw")),
        ("top_k", Int),
    ]  # fmt: skip


class Step(ctypes.Structure):
    _fields_ = [
        ("ids", Pointer), ("positions", Pointer), ("slots", Pointer), ("last", Pointer),
        ("adapters", Pointer), ("tokens", Int), ("rows", Int), ("adapter_count", Int),
    ]  # fmt: skip
