"""A step's plan as tensors. It does not know models: only rows, slots and positions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor

from .runner import Chunk, StepPlan
from .sequence import Sequence

# Attention windows are rounded up to this. With whole vectors the kernels give a row the same bits
# whatever its neighbours' length: in bfloat16 a seed's text does not depend on them either.
BUCKET = 64
SPLIT_WASTE = 1.5  # rows of very different length attend in separate groups beyond this


# The kernels are compiled and kept for each number of tokens: beyond a few, only each 16th is used.
EXACT_TOKENS = 32
PAD_TOKENS_TO = 16


@dataclass(frozen=True)
class DecodeGroup:
    """Rows that attend together, one token each; start and end count tokens of the step."""

    start: int
    end: int
    width: int
    first_slot: int  # the slots are first_slot, first_slot + 1, … when index is None
    index: Tensor | None  # [rows]
    mask: Tensor  # [rows, 1, 1, width], 0 or -inf

    def window(self, cache: Tensor) -> Tensor:
        """cache [slots, kv_heads, window, dim] → [rows, kv_heads, width, dim]"""
        if self.index is None:
            return cache[self.first_slot : self.first_slot + self.end - self.start, :, : self.width]
        return cache[:, :, : self.width].index_select(0, self.index)


@dataclass(frozen=True)
class ChunkGroup:
    """A part of one prompt."""

    start: int
    end: int
    slot: int
    width: int
    mask: Tensor  # [length, width], 0 or -inf


@dataclass(frozen=True)
class StepLayout:
    ids: Tensor  # [tokens]
    positions: Tensor  # [tokens]
    slots: Tensor  # [tokens]
    decode: list[DecodeGroup]
    chunks: list[ChunkGroup]
    padding: int  # tokens at the end that belong to nobody
    last: Tensor  # [rows with logits], index into tokens
    rows: list[Sequence]  # whose logits these are
    adapters: list[tuple[str, slice | Tensor]]  # which tokens each adapter changes


def lay_out(
    plan: StepPlan,
    dtype: torch.dtype,
    device: torch.device,
    scratch_slot: int,
    adapters: Collection[str] = (),
) -> StepLayout:
    """Single tokens first, then the prompt chunks, then padding, all in one line.

    Padding writes its keys and values to a slot that nobody reads. `adapters` are the names of
    models that change some weights of the rows that ask for them.
    """
    grouped = _by_length(plan.decode)
    decode = [row for group in grouped for row in group]
    ids, positions, slots = _decode_lists(decode)
    last = list(range(len(decode)))
    rows = list(decode)
    chunks = []
    for chunk in plan.chunks:
        chunks.append(_chunk_group(chunk, len(ids), dtype, device))
        _append_chunk(chunk, ids, positions, slots)
        if chunk.end == len(chunk.sequence.tokens):
            last.append(len(ids) - 1)
            rows.append(chunk.sequence)
    padding = _padding(len(ids))
    packed = torch.tensor(
        [ids + [0] * padding, positions + [0] * padding, slots + [scratch_slot] * padding],
        device=device,
    )  # [3, tokens]
    return StepLayout(
        ids=packed[0],
        positions=packed[1],
        slots=packed[2],
        decode=_decode_groups(grouped, dtype, device),
        chunks=chunks,
        padding=padding,
        last=torch.tensor(last, dtype=torch.long, device=device),
        rows=rows,
        adapters=_adapter_rows(decode, chunks, plan, device, adapters) if adapters else [],
    )


def _adapter_rows(
    decode: list[Sequence], chunks: list[ChunkGroup], plan: StepPlan, device: torch.device,
    adapters: Collection[str],
) -> list[tuple[str, slice | Tensor]]:  # fmt: skip
    """Which tokens each adapter changes; a slice where they lie together."""
    found: dict[str, list[int]] = {}
    for index, row in enumerate(decode):
        found.setdefault(row.request.model, []).append(index)
    for chunk, group in zip(plan.chunks, chunks, strict=True):
        name = chunk.sequence.request.model
        found.setdefault(name, []).extend(range(group.start, group.end))
    return [
        (name, _as_slice(indices, device)) for name, indices in found.items() if name in adapters
    ]


def _as_slice(indices: list[int], device: torch.device) -> slice | Tensor:
    if indices[-1] - indices[0] + 1 == len(indices):
        return slice(indices[0], indices[-1] + 1)
    return torch.tensor(indices, device=device)


def _padding(tokens: int) -> int:
    return 0 if tokens <= EXACT_TOKENS else -tokens % PAD_TOKENS_TO


def _by_length(rows: list[Sequence]) -> list[list[Sequence]]:
    """One group, unless long conversations would make short ones pay for them."""
    if not rows:
        return []
    widths = [cache_width(len(row.tokens)) for row in rows]
    if len(rows) * max(widths) <= SPLIT_WASTE * sum(widths):
        return [sorted(rows, key=lambda row: row.slot)]
    groups: dict[int, list[Sequence]] = {}
    for row, width in zip(rows, widths, strict=True):
        groups.setdefault(width.bit_length(), []).append(row)
    return [sorted(groups[key], key=lambda row: row.slot) for key in sorted(groups)]


def cache_width(length: int) -> int:
    """Positions to hold, or to attend to, for so many tokens."""
    return -(-length // BUCKET) * BUCKET


def _decode_lists(rows: list[Sequence]) -> tuple[list[int], list[int], list[int]]:
    return (
        [row.tokens[-1] for row in rows],
        [len(row.tokens) - 1 for row in rows],
        [row.slot for row in rows],
    )


def _append_chunk(chunk: Chunk, ids: list[int], positions: list[int], slots: list[int]) -> None:
    ids += chunk.sequence.tokens[chunk.start : chunk.end]
    positions += range(chunk.start, chunk.end)
    slots += [chunk.sequence.slot] * (chunk.end - chunk.start)


def _decode_groups(
    grouped: list[list[Sequence]], dtype: torch.dtype, device: torch.device
) -> list[DecodeGroup]:
    groups, start = [], 0
    for rows in grouped:
        groups.append(_decode_group(rows, start, dtype, device))
        start += len(rows)
    return groups


def _decode_group(
    rows: list[Sequence], start: int, dtype: torch.dtype, device: torch.device
) -> DecodeGroup:
    lengths = torch.tensor([len(row.tokens) for row in rows], device=device)
    width = cache_width(max(len(row.tokens) for row in rows))
    dead = torch.arange(width, device=device) >= lengths[:, None]
    mask = torch.zeros(dead.shape, dtype=dtype, device=device).masked_fill_(dead, -torch.inf)
    first, index = rows[0].slot, None
    if rows[-1].slot - first + 1 != len(rows):  # sorted and distinct: contiguous otherwise
        index = torch.tensor([row.slot for row in rows], device=device)
    return DecodeGroup(start, start + len(rows), width, first, index, mask[:, None, None])


def _chunk_group(chunk: Chunk, start: int, dtype: torch.dtype, device: torch.device) -> ChunkGroup:
    length, width = chunk.end - chunk.start, cache_width(chunk.end)
    # row r may see positions up to chunk.start + r
    mask = torch.full((length, width), -torch.inf, dtype=dtype, device=device)
    return ChunkGroup(
        start, start + length, chunk.sequence.slot, width, mask.triu_(chunk.start + 1)
    )
