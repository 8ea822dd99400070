"""Writing a safetensors file piece by piece: its sizes are known before its values.

Format: a little-endian length, a JSON header of that length, the values without gaps. The header
is padded so that the values begin at a multiple of 64. It does not know what the tensors are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from math import prod
from typing import Final

ALIGNMENT: Final = 64


def header(tensors: Iterable[tuple[str, tuple[int, ...], str, int]]) -> bytes:
    """Everything before the values, for tensors in the order of writing: name, shape, type, its bytes."""
    entries: dict[str, object] = {"__metadata__": {"format": "pt"}}
    start = 0
    for name, shape, code, width in tensors:
        end = start + prod(shape) * width
        entries[name] = {"dtype": code, "shape": list(shape), "data_offsets": [start, end]}
        start = end
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    return len(text).to_bytes(8, "little") + text
