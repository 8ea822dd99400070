"""The transformers modules themselves, for every family that the stripped decoder does not know.

SlotModules keeps keys and values in slots and computes all live rows at once; OwnCaches lets each
row keep the model's own cache, one row at a time: slow, but right for whatever transformers knows.
Neither knows requests or text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache

from .batch import ChunkGroup, DecodeGroup, StepLayout, cache_width, lay_out
from .errors import ModelLoadError
from .runner import StepPlan
from .sequence import Sequence


class SlotCache(Cache):
    """Looks like a transformers cache; writes and reads the slots of the rows being computed."""

    def __init__(self, slots: int, window: int) -> None:
        super().__init__(layers=[])
        self._shape = (slots, cache_width(window))
        self.keys: list[Tensor] = []
        self.values: list[Tensor] = []
        self.rows: Tensor = torch.empty(0, dtype=torch.long)  # [rows, 1] slots
        self.positions: Tensor = torch.empty(0, dtype=torch.long)  # [rows, length]
        self.width = 0

    def update(
        self, key_states: Tensor, value_states: Tensor, layer_idx: int, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        """[rows, kv_heads, length, dim] → all keys and values so far [rows, kv_heads, width, dim]"""
        if layer_idx == len(self.keys):
            self.keys.append(self._new(key_states))
            self.values.append(self._new(value_states))
        keys, values = self.keys[layer_idx], self.values[layer_idx]
        keys[self.rows, :, self.positions] = key_states.transpose(1, 2)
        values[self.rows, :, self.positions] = value_states.transpose(1, 2)
        rows = self.rows[:, 0]
        return (
            keys[:, :, : self.width].index_select(0, rows),
            values[:, :, : self.width].index_select(0, rows),
        )

    def get_seq_length(self, layer_idx: int = 0) -> int:
        return self.width

    def _new(self, states: Tensor) -> Tensor:
        slots, window = self._shape
        return states.new_zeros((slots, states.shape[1], window, states.shape[3]))


class _Modules:
    """What both ways share: the plan laid out as tensors, and no adapters."""

    def __init__(self, model: Any, slots: int) -> None:
        self.model = model
        self._slots = slots

    def compute(self, plan: StepPlan) -> tuple[list[Sequence], Tensor]:
        """→ the rows whose logits are wanted, and these [rows, vocabulary]"""
        layout = lay_out(plan, self.model.dtype, self.model.device, self._slots)
        return layout.rows, self.forward(layout)

    def forward(self, layout: StepLayout) -> Tensor:
        raise NotImplementedError

    def add_adapter(self, name: str, folder: Path) -> None:
        raise ModelLoadError(
            f"{name}: adapters need a model of the Llama, Mistral, Qwen2 or Qwen3 family. Merge it "
            "into its base instead (python run.py models merge)."
        )

    def drop_adapter(self, name: str) -> None:
        """There is none."""


class SlotModules(_Modules):
    reuses_prefix = True
    looks_ahead = False
    way = "transformers modules over shared slots"

    def __init__(self, model: Any, slots: int, window: int) -> None:
        super().__init__(model, slots)
        self.cache = SlotCache(slots, window)

    def forward(self, layout: StepLayout) -> Tensor:
        """→ [rows with logits, vocabulary]"""
        logits = [self._decode(group, layout) for group in layout.decode]
        count = layout.decode[-1].end if layout.decode else 0
        wanted = set(layout.last.tolist()[count:])
        for chunk in layout.chunks:
            row = self._chunk(chunk, layout)
            if chunk.end - 1 in wanted:
                logits.append(row)
        return torch.cat(logits) if logits else torch.empty(0, dtype=torch.float32)

    def copy_prefix(self, source: int, target: int, length: int) -> None:
        for cache in (*self.cache.keys, *self.cache.values):
            cache[target, :, :length] = cache[source, :, :length]

    def clear(self, slot: int) -> None:
        for cache in (*self.cache.keys, *self.cache.values):
            cache[slot].zero_()

    def _decode(self, group: DecodeGroup, layout: StepLayout) -> Tensor:
        here = slice(group.start, group.end)
        rows = (layout.ids[here, None], layout.positions[here, None], layout.slots[here, None])
        return self._run(*rows, group.mask, group.width)

    def _chunk(self, chunk: ChunkGroup, layout: StepLayout) -> Tensor:
        here = slice(chunk.start, chunk.end)
        slot = layout.slots[here][:1, None]
        rows = (layout.ids[None, here], layout.positions[None, here], slot)
        return self._run(*rows, chunk.mask[None, None], chunk.width)

    def _run(
        self, ids: Tensor, positions: Tensor, slots: Tensor, mask: Tensor, width: int
    ) -> Tensor:
        """ids, positions [rows, length], slots [rows, 1] → [rows, vocabulary]"""
        self.cache.rows, self.cache.positions, self.cache.width = slots, positions, width
        output = self.model(
            input_ids=ids,
            attention_mask=mask.to(self.model.dtype),
            position_ids=positions,
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits: Tensor = output.logits[:, -1]
        return logits


class OwnCaches(_Modules):
    """A prompt is computed whole, when its last chunk is due."""

    reuses_prefix = False
    looks_ahead = False
    way = "transformers modules, one row at a time"

    def __init__(self, model: Any, slots: int, window: int) -> None:
        super().__init__(model, slots)
        self._states: dict[int, dict[str, Any]] = {}
        self._names = ("past_key_values", "cache_params", "state")

    def forward(self, layout: StepLayout) -> Tensor:
        """→ [rows with logits, vocabulary]"""
        return torch.cat([self._row(row.slot, row.tokens) for row in layout.rows]) \
            if layout.rows else torch.empty(0, dtype=torch.float32)  # fmt: skip

    def copy_prefix(self, source: int, target: int, length: int) -> None:
        raise NotImplementedError("These caches are not shared.")

    def clear(self, slot: int) -> None:
        self._states.pop(slot, None)

    def _row(self, slot: int, tokens: list[int]) -> Tensor:
        state = self._states.get(slot, {})  # a released slot has none
        ids = tokens[-1:] if state else tokens
        output = self.model(
            input_ids=torch.tensor([ids], device=self.model.device), use_cache=True, **state
        )
        self._states[slot] = {
            name: output[name] for name in self._names if output.get(name) is not None
        }
        logits: Tensor = output.logits[:, -1]
        return logits
