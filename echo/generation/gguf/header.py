"""The header of a GGUF file; every count and size is checked against the file before it is used.

The file is not trusted. It is read through a buffer that grows by what is really there, never
mapped (a file that shrinks would end the process). It does not know architectures or tokenizers.
Format: github.com/ggml-org/ggml, docs/gguf.md.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Collection
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

from .errors import Unreadable, shown

VERSIONS: Final = (2, 3)
OLD_MAGICS: Final = (b"GGML", b"GGMF", b"GGJT", b"lmgg", b"fmgg", b"tjgg")
MAX_HEADER: Final = 256 << 20  # bytes; the largest seen has 16 MB
MAX_PAIRS: Final = 4_096  # the largest seen has 60
MAX_TENSORS: Final = 65_536  # the largest seen has 4,000
MAX_KEY: Final = 65_535  # bytes, by the format
MAX_NAME: Final = 255  # bytes; the format says 64
MAX_TEXT: Final = 4 << 20  # bytes of one string
MAX_ELEMENTS: Final = 2 << 20  # of all arrays together; Gemma 3 has 0.8 million
MAX_DIMENSIONS: Final = 4
MAX_ALIGNMENT: Final = 1 << 20
DEFAULT_ALIGNMENT: Final = 32
STEP: Final = 1 << 20  # bytes read at once
SMALLEST_PAIR: Final = 8 + 4 + 1
SMALLEST_TENSOR: Final = 8 + 4 + 8 + 4 + 8

# value type → struct code; 8 is a string, 9 an array
SCALARS: Final = {
    0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d",
}  # fmt: skip
FORMS: Final = {code: struct.Struct(f"<{code}") for code in SCALARS.values()}
STRING: Final = 8
ARRAY: Final = 9


@dataclass(frozen=True)
class Skipped:
    """An array of strings that was walked over, not kept."""

    count: int


@dataclass(frozen=True)
class TensorInfo:
    name: str
    shape: tuple[int, ...]  # slowest first, as in torch
    type: GGMLQuantizationType
    offset: int  # from the beginning of the file
    size: int  # bytes

    @property
    def elements(self) -> int:
        return prod(self.shape)

    @property
    def row_bytes(self) -> int:
        """Bytes of one row along the fastest dimension."""
        return self.size // (self.elements // self.shape[-1])


@dataclass(frozen=True)
class Header:
    metadata: dict[str, Any]
    tensors: dict[str, TensorInfo]


def open_regular(path: Path) -> BinaryIO:
    """Raises Unreadable for what is no plain file: a pipe would keep the reader waiting for ever."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise Unreadable("it is not a file.")
    return path.open("rb", buffering=0)


def read_header(file: BinaryIO, string_arrays: Collection[str] = ()) -> Header:
    """The header of an open file; only the arrays of strings that are named are kept."""
    return _Reader(file).header(string_arrays)


class _Reader:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        self._data = bytearray()
        self._pos = 0
        self._elements = 0  # of all arrays so far

    def header(self, wanted: Collection[str]) -> Header:
        tensor_count, pair_count = self._counts()
        metadata: dict[str, Any] = {}
        for _ in range(pair_count):
            key = self._text("a key", MAX_KEY)
            if key in metadata:
                raise Unreadable(f"{shown(key)} is there twice.")
            metadata[key] = self._value(key, key in wanted)
        alignment = _alignment(metadata)
        tensors = [self._tensor() for _ in range(tensor_count)]
        data_start = -(-self._pos // alignment) * alignment
        return Header(metadata, _placed(tensors, data_start, alignment, self._size))

    def _counts(self) -> tuple[int, int]:
        if self._size < 24:
            raise Unreadable("it is too short to be a GGUF file.")
        magic = self._bytes(4)
        if magic in OLD_MAGICS:
            raise Unreadable("it is an older GGML file; only GGUF is read.")
        if magic != b"GGUF":
            raise Unreadable("it is not a GGUF file.")
        version = self._number("I")
        if version & 0xFFFF == 0:
            raise Unreadable("it is a big-endian GGUF file; only little-endian ones are read.")
        if version not in VERSIONS:
            raise Unreadable(f"its GGUF version is {version}; versions 2 and 3 are read.")
        tensors, pairs = self._number("Q"), self._number("Q")
        self._check_count("tensors", tensors, SMALLEST_TENSOR, MAX_TENSORS)
        self._check_count("metadata entries", pairs, SMALLEST_PAIR, MAX_PAIRS)
        return tensors, pairs

    def _check_count(self, what: str, count: int, smallest: int, most: int) -> None:
        """Before anything is made of a count: the file must have room for so many."""
        if count * smallest > self._size - self._pos:
            raise Unreadable(f"it says that it has {count:,} {what}, more than fit into the file.")
        if count > most:
            raise Unreadable(f"it has {count:,} {what}; at most {most:,} are read.")

    def _value(self, key: str, keep_strings: bool) -> Any:
        kind = self._number("I")
        if kind == STRING:
            return self._text(shown(key), MAX_TEXT)
        if kind == ARRAY:
            return self._array(key, keep_strings)
        if kind not in SCALARS:
            raise Unreadable(f"{shown(key)} has the unknown value type {kind}.")
        return self._number(SCALARS[kind])

    def _array(self, key: str, keep_strings: bool) -> Any:
        kind, count = self._number("I"), self._number("Q")
        if kind == ARRAY:
            raise Unreadable(f"{shown(key)} is an array of arrays, which no known model needs.")
        if kind != STRING and kind not in SCALARS:
            raise Unreadable(f"{shown(key)} has the unknown value type {kind}.")
        width = 8 if kind == STRING else FORMS[SCALARS[kind]].size
        self._check_count(f"values in {shown(key)}", count, width, MAX_ELEMENTS)
        self._elements += count
        if self._elements > MAX_ELEMENTS:
            raise Unreadable(f"its arrays have more than {MAX_ELEMENTS:,} values together.")
        if kind == STRING:
            return self._strings(key, count, keep_strings)
        return np.frombuffer(self._bytes(count * width), dtype=np.dtype(f"<{SCALARS[kind]}"))

    def _strings(self, key: str, count: int, keep: bool) -> list[str] | Skipped:
        name = shown(key)
        if keep:
            return [self._text(name, MAX_KEY) for _ in range(count)]
        for _ in range(count):
            self._skip(self._number("Q"), name, MAX_KEY)
        return Skipped(count)

    def _tensor(self) -> tuple[str, tuple[int, ...], int, int]:
        """Name, shape, type and offset as they stand there."""
        name = self._text("a tensor's name", MAX_NAME)
        dimensions = self._number("I")
        if not 1 <= dimensions <= MAX_DIMENSIONS:
            raise Unreadable(f"{shown(name)} has {dimensions} dimensions; 1 to 4 are read.")
        shape = tuple(self._number("Q") for _ in range(dimensions))
        return name, shape[::-1], self._number("I"), self._number("Q")

    def _text(self, what: str, most: int) -> str:
        length = self._number("Q")
        if length > most:
            raise Unreadable(f"{what} has {length:,} bytes; at most {most:,} are read.")
        try:
            return self._bytes(length).decode("utf-8")
        except UnicodeDecodeError:
            raise Unreadable(f"{what} is not UTF-8.") from None

    def _skip(self, length: int, what: str, most: int) -> None:
        if length > most:
            raise Unreadable(f"{what} has {length:,} bytes; at most {most:,} are read.")
        self._need(length)
        self._pos += length

    def _number(self, code: str) -> Any:
        """One little-endian number; bytes other than 0 and 1 are true, as in C."""
        form = FORMS[code]
        self._need(form.size)
        (value,) = form.unpack_from(self._data, self._pos)
        self._pos += form.size
        return value

    def _bytes(self, length: int) -> bytes:
        self._need(length)
        value = bytes(self._data[self._pos : self._pos + length])
        self._pos += length
        return value

    def _need(self, length: int) -> None:
        """The next bytes are in the buffer, or the file ends before them."""
        end = self._pos + length
        if end <= len(self._data):
            return
        if end > self._size:
            raise Unreadable("it ends in the middle of its header; the download may be incomplete.")
        if end > MAX_HEADER:
            raise Unreadable(f"its header has more than {MAX_HEADER >> 20} MB.")
        while len(self._data) < end:
            piece = self._file.read(max(STEP, end - len(self._data)))
            if not piece:
                raise Unreadable("it became shorter while it was read.")
            self._data += piece


def _alignment(metadata: dict[str, Any]) -> int:
    value = metadata.get("general.alignment", DEFAULT_ALIGNMENT)
    good = isinstance(value, int) and 8 <= value <= MAX_ALIGNMENT and value & (value - 1) == 0
    if not good or isinstance(value, bool):
        raise Unreadable("general.alignment is not a power of two from 8 up.")
    return int(value)


def _placed(
    listed: list[tuple[str, tuple[int, ...], int, int]], data_start: int, alignment: int, size: int
) -> dict[str, TensorInfo]:
    """The tensors by name: each whole inside the file, aligned, none over another."""
    tensors: dict[str, TensorInfo] = {}
    for name, shape, kind, offset in listed:
        if name in tensors:
            raise Unreadable(f"the tensor {shown(name)} is there twice.")
        known, length = _measure(name, shape, kind)
        if offset % alignment:
            raise Unreadable(
                f"the tensor {shown(name)} does not begin at a multiple of {alignment}."
            )
        if data_start + offset + length > size:
            raise Unreadable(
                f"the tensor {shown(name)} ends at byte {data_start + offset + length:,} and the "
                f"file at {size:,}; the download may be incomplete."
            )
        tensors[name] = TensorInfo(name, shape, known, data_start + offset, length)
    end, before = 0, ""
    for tensor in sorted(tensors.values(), key=lambda tensor: tensor.offset):
        if tensor.offset < end:
            raise Unreadable(f"the tensors {shown(before)} and {shown(tensor.name)} overlap.")
        end, before = tensor.offset + tensor.size, tensor.name
    return tensors


def _measure(name: str, shape: tuple[int, ...], kind: int) -> tuple[GGMLQuantizationType, int]:
    """The type of a tensor and its bytes; a row is a whole number of blocks."""
    try:
        known = GGMLQuantizationType(kind)
    except ValueError:
        raise Unreadable(f"the tensor {shown(name)} has the unknown type {kind}.") from None
    if min(shape) < 1:
        raise Unreadable(f"the tensor {shown(name)} has a dimension of 0.")
    block, width = GGML_QUANT_SIZES[known]
    if shape[-1] % block:
        raise Unreadable(
            f"the tensor {shown(name)} has rows of {shape[-1]}, no multiple of {known.name}'s {block}."
        )
    return known, prod(shape) // block * width
