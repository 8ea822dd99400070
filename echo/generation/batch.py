"""A step's plan as tensors. It does not know models: only rows, slots and positions."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .request import Sequence
from .runner import Chunk, StepPlan

BUCKET = 64  # attention windows are rounded up to this
SPLIT_WASTE = 1.5  # rows of very different length attend in separate groups beyond this


@dataclass(frozen=True)
class DecodeGroup:
    """Rows that attend together, one token each; start and end count tokens of the step."""

    start: int
    end: int
    width: int
    first_slot: int  # the slots are first_slot, first_slot + 1, … when index is None
    index: Tensor | None  # [rows]
    mask: Tensor | None  # [rows, 1, 1, width], 0 or -inf; None when all positions are live

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
    width: int  # positions that exist once the chunk is in the cache
    mask: Tensor | None  # [length, width]; None = plain causal from position 0


@dataclass(frozen=True)
class StepLayout:
    ids: Tensor  # [tokens]
    positions: Tensor  # [tokens]
    slots: Tensor  # [tokens]
    decode: list[DecodeGroup]
    chunks: list[ChunkGroup]
    last: Tensor | None  # [rows with logits], index into tokens; None = every token
    rows: list[Sequence]  # whose logits these are


def lay_out(plan: StepPlan, dtype: torch.dtype, device: torch.device) -> StepLayout:
    """Single tokens first, then the prompt chunks, all in one line."""
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
    packed = torch.tensor([ids, positions, slots], device=device)  # [3, tokens]
    return StepLayout(
        ids=packed[0],
        positions=packed[1],
        slots=packed[2],
        decode=_decode_groups(grouped, dtype, device),
        chunks=chunks,
        last=torch.tensor(last, dtype=torch.long, device=device) if plan.chunks else None,
        rows=rows,
    )


def _by_length(rows: list[Sequence]) -> list[list[Sequence]]:
    """One group, unless long conversations would make short ones pay for them."""
    if not rows:
        return []
    widths = [_width(len(row.tokens)) for row in rows]
    if len(rows) * max(widths) <= SPLIT_WASTE * sum(widths):
        return [sorted(rows, key=lambda row: row.slot)]
    groups: dict[int, list[Sequence]] = {}
    for row, width in zip(rows, widths, strict=True):
        groups.setdefault(width.bit_length(), []).append(row)
    return [sorted(groups[key], key=lambda row: row.slot) for key in sorted(groups)]


def _width(length: int) -> int:
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
    lengths = [len(row.tokens) for row in rows]
    longest, first = max(lengths), rows[0].slot
    if min(lengths) == longest:
        width, mask = longest, None
    else:
        width = _width(longest)
        live = torch.arange(width, device=device) < torch.tensor(lengths, device=device)[:, None]
        mask = torch.zeros(live.shape, dtype=dtype, device=device).masked_fill_(~live, -torch.inf)
        mask = mask[:, None, None]  # [rows, 1, 1, width]
    index = None
    if rows[-1].slot - first + 1 != len(rows):  # sorted and distinct: contiguous otherwise
        index = torch.tensor([row.slot for row in rows], device=device)
    return DecodeGroup(start, start + len(rows), width, first, index, mask)


def _chunk_group(chunk: Chunk, start: int, dtype: torch.dtype, device: torch.device) -> ChunkGroup:
    length = chunk.end - chunk.start
    mask = None
    if chunk.start:
        mask = torch.full((length, chunk.end), -torch.inf, dtype=dtype, device=device)
        mask = mask.triu_(chunk.start + 1)  # row r may see positions up to start + r
    return ChunkGroup(start, start + length, chunk.sequence.slot, chunk.end, mask)
