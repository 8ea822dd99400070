"""The loss of a row, in the number type in which this machine is quicker. Knows no run."""

import time
from functools import cache
from typing import Any

import torch
import torch.nn.functional as functional

from training.small.rows import Row

TRIES = 5


@cache
def halves_are_quicker() -> bool:
    """Whether this machine multiplies bfloat16 faster than float32: tried with a layer of a small model."""
    tried = torch.randn(256, 1024), torch.randn(1024, 1024)
    return _seconds(*(t.bfloat16() for t in tried)) < _seconds(*tried)


def _seconds(left: torch.Tensor, right: torch.Tensor) -> float:
    """The shortest of some products: others may want the processor as well."""
    times = []
    for _ in range(TRIES):
        start = time.perf_counter()
        left @ right
        times.append(time.perf_counter() - start)
    return min(times)


def summed_loss(model: Any, row: Row) -> torch.Tensor:
    """The sum of the losses on the row's targets; the head is computed for them alone.

    Products are of bfloat16 where this processor is quicker at them; weights and sums stay float32.
    """
    with torch.autocast("cpu", torch.bfloat16, enabled=halves_are_quicker()):
        logits = model(
            input_ids=row.ids[None], attention_mask=row.mask(), position_ids=row.positions[None],
            logits_to_keep=row.sources, use_cache=False,
        ).logits  # fmt: skip
    return functional.cross_entropy(logits[0].float(), row.targets, reduction="sum")
