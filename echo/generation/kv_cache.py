"""Slots of keys and values, and which tokens lie in them. It does not know models or requests.

SlotTable keeps the books without torch; KvTensors holds the numbers.
"""

from __future__ import annotations

import itertools
import math
import mmap
from collections.abc import Sequence as Seq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

WORTH_COPYING = 16  # a shared beginning shorter than this is computed again


@dataclass(frozen=True)
class Scope:
    """Whose keys and values these are, and by which model: others get no more than what all share."""

    model: str
    owner: str


@dataclass
class Slot:
    tokens: list[int] = field(default_factory=list)  # what the keys and values belong to
    length: int = 0  # how many of these tokens have them
    conversation: str | None = None
    scope: Scope | None = None
    live: bool = False
    used: int = 0  # when it was last let go; 0 = never


@dataclass(frozen=True)
class Lease:
    slot: int
    cached: int  # tokens whose keys and values need not be computed
    copy_from: int | None = None


class SlotTable:
    """Finds the slot where most of a prompt already lies."""

    def __init__(self, count: int, reuse: bool = True) -> None:
        self._slots = [Slot() for _ in range(count)]
        self._reuse = reuse
        self._clock = itertools.count(1)

    @property
    def used(self) -> int:
        """Slots that hold keys and values, of live rows or kept for the next turn."""
        return sum(1 for slot in self._slots if slot.live or slot.length)

    @property
    def tokens(self) -> int:
        """Tokens that have keys and values, in all slots."""
        return sum(slot.length for slot in self._slots)

    def acquire(
        self, tokens: list[int], conversation: str | None, scope: Scope, shared: int = 0
    ) -> Lease:
        """Find a slot, and as much of the prompt as may be taken from any of them.

        Of another owner's tokens only the first `shared` ones count: the same for everybody.
        Raises LookupError when every slot is live.
        """
        prompt = _Prompt(tokens, conversation, scope, shared)
        source, there = self._best_source(prompt)
        own = self._own_slot(prompt)
        target = self._victim(avoid=source if there else -1) if own is None else own
        here = self._reusable(target, prompt)
        if here >= there or target == source:
            return self._take(target, here, prompt)
        lease = self._take(target, there, prompt)
        return Lease(lease.slot, there, source)

    def progress(self, index: int, length: int) -> None:
        """So many tokens of a live slot have keys and values now."""
        if self._reuse:
            self._slots[index].length = length

    def release(self, index: int, length: int, keep: bool) -> None:
        slot = self._slots[index]
        slot.live = False
        slot.used = next(self._clock)
        slot.tokens = slot.tokens[:length] if keep and self._reuse else []
        slot.length = len(slot.tokens)
        if not slot.length:
            slot.conversation, slot.scope, slot.used = None, None, 0

    def _own_slot(self, prompt: _Prompt) -> int | None:
        if prompt.conversation is None:
            return None
        for index, slot in enumerate(self._slots):
            same = (slot.conversation, slot.scope) == (prompt.conversation, prompt.scope)
            if same and not slot.live:
                return index
        return None

    def _best_source(self, prompt: _Prompt) -> tuple[int, int]:
        lengths = [self._reusable(index, prompt) for index in range(len(self._slots))]
        best = max(range(len(lengths)), key=lengths.__getitem__)
        return (best, lengths[best]) if lengths[best] >= WORTH_COPYING else (0, 0)

    def _victim(self, avoid: int) -> int:
        """The free slot whose content is missed least: never used first, then longest unused."""
        free = [index for index, slot in enumerate(self._slots) if not slot.live]
        if not free:
            raise LookupError("Every slot is live.")
        others = [index for index in free if index != avoid] or free
        return min(others, key=lambda index: self._slots[index].used)

    def _reusable(self, index: int, prompt: _Prompt) -> int:
        """At least the last token is computed anew: its logits are wanted."""
        slot = self._slots[index]  # empty unless reuse is on
        if slot.scope is None or slot.scope.model != prompt.scope.model:
            return 0
        most = min(slot.length, len(prompt.tokens) - 1)
        if slot.scope != prompt.scope:
            most = min(most, prompt.shared)
        return common_prefix(slot.tokens, prompt.tokens, most)

    def _take(self, index: int, cached: int, prompt: _Prompt) -> Lease:
        slot = self._slots[index]
        slot.tokens, slot.length = prompt.tokens, cached  # the list itself: it grows with the reply
        slot.conversation, slot.scope, slot.live = prompt.conversation, prompt.scope, True
        return Lease(index, cached)


@dataclass(frozen=True)
class _Prompt:
    tokens: list[int]
    conversation: str | None
    scope: Scope
    shared: int  # so many of its first tokens are the same for everybody


def common_prefix(one: Seq[int], other: Seq[int], limit: int) -> int:
    """Length of the common beginning, at most limit; compares whole slices, not single numbers."""
    if limit <= 0 or one[0] != other[0]:
        return 0
    low, high = 1, limit  # one[:low] == other[:low] always holds
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


class KvTensors:
    """Per-layer tensors: views of one big tensor would be copied whole by a compiled step."""

    def __init__(
        self,
        layers: int,
        slots: int,
        kv_heads: int,
        window: int,
        head_dim: int,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        shape = (slots, kv_heads, window, head_dim)
        self.keys = [_zeros(shape, dtype, device) for _ in range(layers)]
        self.values = [_zeros(shape, dtype, device) for _ in range(layers)]

    def copy_prefix(self, source: int, target: int, length: int) -> None:
        for cache in itertools.chain(self.keys, self.values):
            cache[target, :, :length] = cache[source, :, :length]

    def clear(self, slot: int) -> None:
        """A NaN left behind would reach the next row through its masked positions."""
        for cache in itertools.chain(self.keys, self.values):
            cache[slot].zero_()


def _zeros(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """On the processor, pages that the system hands out only when they are first written."""
    import torch

    if device.type != "cpu":
        return torch.zeros(shape, dtype=dtype, device=device)
    pages = mmap.mmap(-1, math.prod(shape) * dtype.itemsize)
    return torch.frombuffer(pages, dtype=dtype).view(shape)
