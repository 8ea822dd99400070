"""The decoder whose steps are native calls: keys and values in slots, adapters for the rows that ask.

It does not know requests, text or sampling.
"""

from __future__ import annotations

import ctypes
import mmap
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..adapter import Adapter, load_adapter, outputs_of
from ..adapter import LowRank as Change
from ..batch import cache_width
from ..runner import StepPlan
from ..sequence import Sequence
from ..weights import MappedFile
from .build import Library
from .packed import PackedModel, packed_bytes
from .shapes import BLOCK_BYTES, PLACES, TILE, Layer, LowRank, Matrix, Model, Step, StepAdapter

KEY_BYTES = 2  # float16


class NativeDecoder:
    """Logits of the last position of each row, from weights of 8 or 4 bits."""

    reuses_prefix = True
    looks_ahead = True

    def __init__(
        self,
        model: PackedModel,
        angles: tuple[Tensor, Tensor],
        slots: int,
        window: int,
        threads: int,
        code: Library,
    ) -> None:
        """angles: cosines and sines [window, head_dim / 2]"""
        self.shape = model.shape
        self.vocabulary = model.shape.vocabulary
        self._code = code
        self._file = MappedFile(model.file)
        self._window = cache_width(window)
        self._cache = [_Cache(self.shape, slots, self._window) for _ in range(self.shape.layers)]
        self._angles = tuple(angle.float().contiguous() for angle in angles)
        self._layers = (Layer * self.shape.layers)(
            *(self._layer(number) for number in range(self.shape.layers))
        )
        self.way = f"own kernels ({code.instructions}), weights of {self._bits()} bits"
        self._model = self._whole(threads)
        self._adapters: dict[str, _Adapter] = {}

    @property
    def weight_bytes(self) -> int:
        return self._file.bytes

    def compute(self, plan: StepPlan) -> tuple[list[Sequence], Tensor]:
        """→ the rows whose logits are wanted, and these, then those of the guesses [rows + guessed,
        vocabulary]"""
        tokens = _Tokens(plan)
        logits = _floats(len(tokens.last), self._model.head.outputs)
        adapters = tokens.adapters(self._adapters)
        step = Step(
            ids=_at(tokens.ids), positions=_at(tokens.positions), slots=_at(tokens.slots),
            last=_at(tokens.last), adapters=ctypes.addressof(adapters.array) if adapters.array else None,
            tokens=len(tokens.ids), rows=len(tokens.last), adapter_count=len(adapters.held),
        )  # fmt: skip
        self._run(step, logits)
        return tokens.rows, logits[:, : self.vocabulary]

    def read(self, tokens: list[int]) -> Tensor:
        """Logits of every position of a text [tokens, vocabulary]; writes to the first slot."""
        count = len(tokens)
        ids, positions, slots = _numbers(tokens), _numbers(range(count)), _numbers([0] * count)
        logits = _floats(count, self._model.head.outputs)
        step = Step(
            ids=_at(ids), positions=_at(positions), slots=_at(slots), last=_at(positions),
            tokens=count, rows=count,
        )  # fmt: skip
        self._run(step, logits)
        return logits[:, : self.vocabulary]

    def _run(self, step: Step, logits: Tensor) -> None:
        if self._code.step(ctypes.byref(self._model), ctypes.byref(step), logits.data_ptr()):
            raise MemoryError("There is no memory for this step.")

    def copy_prefix(self, source: int, target: int, length: int) -> None:
        for cache in self._cache:
            for part in (cache.keys, cache.values):
                part[target, :, :length] = part[source, :, :length]

    def clear(self, slot: int) -> None:
        """A NaN left behind would be read by nobody: a row reads no further than it has written."""

    def add_adapter(self, name: str, folder: Path) -> None:
        """Rows that ask for this name are computed with it; raises ModelLoadError."""
        shape = self.shape
        outputs = outputs_of(shape.heads, shape.kv_heads, shape.head_dim, shape.hidden, shape.inner)
        read = load_adapter(folder, outputs, shape.layers, _floats(0, shape.hidden))
        self._adapters[name] = _Adapter(read, shape.layers)

    def drop_adapter(self, name: str) -> None:
        self._adapters.pop(name, None)

    def _whole(self, threads: int) -> Model:
        shape = self.shape
        embedding = self._matrix("embedding", shape.vocabulary, shape.hidden)
        tied = "head" not in self._file.places
        head = embedding if tied else self._matrix("head", shape.vocabulary, shape.hidden)
        return Model(
            layers=ctypes.cast(self._layers, ctypes.POINTER(Layer)),
            embedding=embedding, head=head, final_norm=self._file.address("final_norm"),
            cosines=self._angles[0].data_ptr(), sines=self._angles[1].data_ptr(),
            layer_count=shape.layers, hidden=shape.hidden, heads=shape.heads,
            kv_heads=shape.kv_heads, head_dim=shape.head_dim, inner=shape.inner,
            window=self._window, epsilon=shape.epsilon, threads=threads,
        )  # fmt: skip

    def _bits(self) -> str:
        """The bits of the layers' weights in words, most of them first."""
        kinds = Counter(getattr(one, place).kind for one in self._layers for place in PLACES)
        return " and ".join(str(kind) for kind, _ in kinds.most_common())

    def _layer(self, number: int) -> Layer:
        shape, name = self.shape, f"layers.{number}"
        joint = (shape.heads + 2 * shape.kv_heads) * shape.head_dim
        sizes = {
            "qkv": (joint, shape.hidden), "out": (shape.hidden, shape.heads * shape.head_dim),
            "gate_up": (2 * shape.inner, shape.hidden), "down": (shape.hidden, shape.inner),
        }  # fmt: skip
        norms = ("input_norm", "mlp_norm", "query_norm", "key_norm")
        return Layer(
            *(self._matrix(f"{name}.{place}", *sizes[place]) for place in PLACES),
            *(self._file.address(f"{name}.{norm}") for norm in norms),
            self._cache[number].keys.data_ptr(), self._cache[number].values.data_ptr(),
        )  # fmt: skip

    def _matrix(self, name: str, outputs: int, inputs: int) -> Matrix:
        """Its size in the file says of how many bits its weights are."""
        place = self._file.places[name]
        size = place.end - place.start
        kinds = [k for k in BLOCK_BYTES if packed_bytes(outputs, inputs, k) == size]
        if not kinds:
            raise ValueError(f"{name} has {size} bytes")
        return Matrix(
            self._file.address(name), self._file.address(f"{name}.bias"), kinds[0],
            -(-outputs // TILE) * TILE, inputs,
        )  # fmt: skip


class _Cache:
    """Keys and values of one layer [slots, kv_heads, window, head_dim], on pages that come when written."""

    def __init__(self, shape: Any, slots: int, window: int) -> None:
        sizes = (slots, shape.kv_heads, window, shape.head_dim)
        count = slots * shape.kv_heads * window * shape.head_dim
        self.keys, self.values = (
            torch.frombuffer(mmap.mmap(-1, count * KEY_BYTES), dtype=torch.float16).view(sizes)
            for _ in range(2)
        )


class _Tokens:
    """A step's tokens in one line: single ones first, then the prompts' chunks, then guesses."""

    def __init__(self, plan: StepPlan) -> None:
        ids = [row.tokens[-1] for row in plan.decode]
        positions = [len(row.tokens) - 1 for row in plan.decode]
        slots = [row.slot for row in plan.decode]
        self.rows = list(plan.decode)
        last = list(range(len(ids)))
        self._spans = [(row.request.model, n, n + 1) for n, row in enumerate(plan.decode)]
        for chunk in plan.chunks:
            row, start = chunk.sequence, len(ids)
            ids += row.tokens[chunk.start : chunk.end]
            positions += range(chunk.start, chunk.end)
            slots += [row.slot] * (chunk.end - chunk.start)
            self._spans.append((row.request.model, start, len(ids)))
            if chunk.end == len(row.tokens):
                last.append(len(ids) - 1)
                self.rows.append(row)
        for row in plan.decode:
            guess, start = plan.guesses.get(row.number, []), len(ids)
            ids += guess
            positions += range(len(row.tokens), len(row.tokens) + len(guess))
            slots += [row.slot] * len(guess)
            last += range(start, len(ids))
            self._spans.append((row.request.model, start, len(ids)))
        self.ids, self.positions = _numbers(ids), _numbers(positions)
        self.slots, self.last = _numbers(slots), _numbers(last)

    def adapters(self, known: dict[str, _Adapter]) -> _StepAdapters:
        found: dict[str, list[int]] = {}
        if known:
            for name, start, end in self._spans:
                if name in known:
                    found.setdefault(name, []).extend(range(start, end))
        return _StepAdapters([(known[name], _numbers(tokens)) for name, tokens in found.items()])


class _StepAdapters:
    """The adapters of one step, held until it is done."""

    def __init__(self, held: list[tuple[_Adapter, Any]]) -> None:
        self.held = held
        made = [
            StepAdapter(
                _at(tokens), ctypes.addressof(one.parts), ctypes.addressof(one.first), len(tokens)
            )
            for one, tokens in held
        ]
        self.array = (StepAdapter * len(made))(*made) if made else None


class _Adapter:
    """An adapter's parts by layer and place, as the kernels read them."""

    def __init__(self, adapter: Adapter, layers: int) -> None:
        self._held: list[Tensor] = []
        first, parts = [0], []
        for layer in range(layers):
            for place in PLACES:
                parts += [self._part(one) for one in adapter.sites.get((layer, place), ())]
                first.append(len(parts))
        self.parts = (LowRank * max(1, len(parts)))(*parts)
        self.first = (ctypes.c_int32 * len(first))(*first)

    def _part(self, one: Change) -> LowRank:
        a, b = one.a.float().contiguous(), one.b.float().t().contiguous()  # [rank, in], [rank, out]
        self._held += [a, b]
        return LowRank(a.data_ptr(), b.data_ptr(), a.shape[0], a.shape[1], one.start, b.shape[1])


def _floats(*shape: int) -> Tensor:
    """A table of the kernels' type; torch's usual one is another while some thread loads a model."""
    return torch.empty(shape, dtype=torch.float32)


def _numbers(values: Iterable[int]) -> Any:
    values = list(values)
    return (ctypes.c_int32 * len(values))(*values)


def _at(array: Any) -> int:
    return ctypes.addressof(array)
