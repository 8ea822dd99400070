"""One GGUF file, opened and understood: all that can be said of it without its weights' values.

It does not know where the served folder will lie.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from .blocks import weights
from .errors import Unreadable
from .families import Family, Sizes, family_of, sizes_of
from .header import Header, TensorInfo, open_regular, read_header
from .layout import ROPE_FACTORS
from .metadata import Metadata
from .rope import rope_parameters


@dataclass(frozen=True)
class ModelFile:
    file: BinaryIO
    header: Header
    meta: Metadata
    family: Family
    sizes: Sizes

    @property
    def tensors(self) -> dict[str, TensorInfo]:
        return self.header.tensors

    @property
    def parameters(self) -> int:
        return sum(
            tensor.elements for tensor in self.tensors.values() if tensor.name != ROPE_FACTORS
        )

    @property
    def quantisation(self) -> dict[str, int]:
        """Types by how many tensors have them, the most frequent first."""
        return dict(Counter(tensor.type.name for tensor in self.tensors.values()).most_common())

    def rows(self, tensor: TensorInfo, first: int, count: int) -> NDArray[np.uint8]:
        """[count, bytes] of a tensor's rows, read from the file."""
        width = tensor.row_bytes
        return self.read(tensor.offset + first * width, count * width).reshape(count, width)

    def read(self, offset: int, size: int) -> NDArray[np.uint8]:
        data = bytearray()
        while len(data) < size:
            piece = os.pread(self.file.fileno(), size - len(data), offset + len(data))
            if not piece:
                raise Unreadable("it became shorter while it was read.")
            data += piece
        return np.frombuffer(data, dtype=np.uint8)

    def rope(self) -> dict[str, object]:
        """`rope_parameters`, with what the tensor of factors says."""
        tensor = self.tensors.get(ROPE_FACTORS)
        factors = None
        if tensor is not None:
            if tensor.elements != self.sizes.head_dim // 2:
                raise Unreadable(f"its {ROPE_FACTORS} has {tensor.elements} values.")
            factors = weights(self.rows(tensor, 0, 1), tensor.type, 0.0, "float32")[0]
        return rope_parameters(self.meta, self.sizes, factors)


@contextmanager
def opened(source: Path, string_arrays: Collection[str] = ()) -> Iterator[ModelFile]:
    """Raises Unreadable, or OSError for what the system says."""
    with open_regular(source) as file:
        header = read_header(file, string_arrays)
        meta = Metadata(header.metadata)
        family = family_of(meta)
        yield ModelFile(file, header, meta, family, sizes_of(meta, header.tensors))
