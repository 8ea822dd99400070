"""The shapes of what a safetensors file holds, without its numbers. It knows no model.

The format: eight bytes of length (little endian), that much JSON, then the numbers. A header that is longer
than the format allows, or that points beyond its file, is refused before anything is made of it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from echo.errors import InvalidInput
from echo.languages import gettext

HEADER_MAX: Final = 100_000_000  # the format's own limit

Shapes = dict[str, tuple[int, ...]]
"""Rows and columns by the name of the tensor, as transformers names it."""


def shapes(files: Iterable[Path]) -> Shapes:
    """Return the shapes of every tensor in these files; raises InvalidInput for one that is damaged."""
    found: Shapes = {}
    for file in files:
        try:
            found.update(_shapes(file))
        except (OSError, ValueError, KeyError, TypeError) as failure:
            raise InvalidInput(
                gettext(
                    "%(file)s is damaged or is no safetensors file. Get it anew.", file=file.name
                )
            ) from failure
    return found


def count(found: Shapes) -> int:
    """Return how many numbers they are."""
    return sum(math.prod(shape) for shape in found.values())


def _shapes(file: Path) -> Shapes:
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or length > min(HEADER_MAX, size - 8):
            raise ValueError("the header is longer than the file")
        header: dict[str, dict[str, Any]] = json.loads(stream.read(length))
    header.pop("__metadata__", None)
    room = size - 8 - length
    return {name: _shape(tensor, room) for name, tensor in header.items()}


def _shape(tensor: dict[str, Any], room: int) -> tuple[int, ...]:
    first, last = tensor["data_offsets"]
    shape = tuple(int(length) for length in tensor["shape"])
    if not 0 <= first <= last <= room or min(shape, default=1) < 0:
        raise ValueError("a tensor lies beyond the file")
    return shape
