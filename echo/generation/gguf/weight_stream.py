"""A model's weights, unpacked and written a few rows at a time, in the order of the layout.

What is in memory at once is a piece of one tensor (for rows that change places: the packed tensor).
It does not know the file's header or folder.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from .blocks import weights
from .errors import Unreadable
from .layout import Weight
from .model_file import ModelFile

PIECE: Final = 1 << 17  # values at once: what a processor's cache holds
TOLD_EVERY: Final = 0.25  # seconds between two reports


def write_weights(
    model: ModelFile,
    layout: list[Weight],
    file: IO[bytes],
    dtype: str,
    told: Callable[[float], None],
) -> None:
    """`told` is given the fraction that is done, now and then."""
    done, last = 0, 0.0
    for weight in layout:
        for piece in _pieces(model, weight, dtype):
            file.write(piece.data)
            done += piece.size
            if time.monotonic() - last > TOLD_EVERY:
                last = time.monotonic()
                told(done / model.parameters)


def _pieces(model: ModelFile, weight: Weight, dtype: str) -> Iterator[NDArray[Any]]:
    """[some rows, columns] each"""
    tensor = weight.source
    for rows in _packed_rows(model, weight):
        try:
            yield weights(rows, tensor.type, weight.offset, dtype)
        except Unreadable as error:
            raise Unreadable(f"the tensor {tensor.name}: {error}") from None


def _packed_rows(model: ModelFile, weight: Weight) -> Iterator[NDArray[np.uint8]]:
    tensor = weight.source
    count = tensor.elements // tensor.shape[-1]
    step = max(1, PIECE // tensor.shape[-1])
    if weight.heads:
        whole = halves_apart(model.rows(tensor, 0, count), weight.heads)
        yield from (whole[first : first + step] for first in range(0, count, step))
        return
    for first in range(0, count, step):
        yield model.rows(tensor, first, min(step, count - first))


def halves_apart(rows: NDArray[np.uint8], heads: int) -> NDArray[np.uint8]:
    """llama.cpp interleaves the two halves of each head's rows; here they are apart again."""
    half = len(rows) // heads // 2
    return rows.reshape(heads, half, 2, -1).swapaxes(1, 2).reshape(rows.shape)
