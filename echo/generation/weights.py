"""Weights of a folder, mapped from disk where their type allows it, and joined without a copy.

It does not know requests, slots or how steps are computed.
"""

from __future__ import annotations

import json
import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .errors import ModelLoadError

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
TYPES = {
    "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I8": torch.int8,
    "U8": torch.uint8, "I32": torch.int32, "I64": torch.int64, "BOOL": torch.bool,
}  # fmt: skip
MOST_HEADER = 100_000_000  # bytes; the format's own limit


@dataclass(frozen=True)
class TensorPlace:
    """Where a tensor lies: the file, its type and shape, and its bytes."""

    file: Path
    dtype: torch.dtype
    shape: tuple[int, ...]
    start: int
    end: int


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a folder.

    Raises:
        ModelLoadError: there are none; pickled weights are refused, they can run code.
    """
    if (folder / INDEX).is_file():
        try:
            names = set(json.loads((folder / INDEX).read_text("utf-8"))["weight_map"].values())
        except (ValueError, KeyError, AttributeError) as error:
            raise ModelLoadError(f"{folder / INDEX} cannot be read: {error}") from error
        files = [folder / Path(str(name)).name for name in sorted(names)]
    else:
        files = (
            [folder / SINGLE]
            if (folder / SINGLE).is_file()
            else sorted(folder.glob("*.safetensors"))
        )
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise ModelLoadError(f"{folder} lacks {', '.join(missing)}.")
    if not files and any(True for kind in PICKLED for _ in folder.glob(kind)):
        raise ModelLoadError(
            f"{folder} holds pickled weights only, which can run code when they are read. Please "
            "bring the model as safetensors or as a GGUF file."
        )
    if not files:
        raise ModelLoadError(f"{folder} holds no weights (no *.safetensors file).")
    return files


def read_header(file: Path) -> dict[str, TensorPlace]:
    """The tensors of a safetensors file; reads its header alone.

    Raises:
        ModelLoadError: it is not such a file, or says what cannot be true.
    """
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if not 2 <= length <= min(MOST_HEADER, size - 8):
            raise ModelLoadError(f"{file} is not a safetensors file, or was cut off.")
        try:
            header = json.loads(stream.read(length))
            return {
                name: _place(file, entry, 8 + length, size)
                for name, entry in header.items()
                if name != "__metadata__"
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelLoadError(f"{file} has a header that cannot be read: {error}") from error


def _place(file: Path, entry: dict[str, Any], base: int, size: int) -> TensorPlace:
    dtype, shape = TYPES[entry["dtype"]], tuple(map(int, entry["shape"]))
    start, end = (base + int(offset) for offset in entry["data_offsets"])
    count = 1
    for side in shape:
        count *= side
    if min(shape, default=0) < 0 or not base <= start <= end <= size:
        raise ModelLoadError(f"{file} was cut off, or lies about where its tensors are.")
    if end - start != count * dtype.itemsize:
        raise ModelLoadError(f"{file} lies about the size of its tensors.")
    return TensorPlace(file, dtype, shape, start, end)


class MappedWeights:
    """All tensors of a folder by name; those of the wanted type are views of the mapped files."""

    def __init__(self, folder: Path, dtype: torch.dtype) -> None:
        self.places = {
            name: place
            for file in weight_files(folder)
            for name, place in read_header(file).items()
        }
        self._dtype = dtype
        self._files: dict[Path, MappedFile] = {}

    def __contains__(self, name: str) -> bool:
        return name in self.places

    def take(self, name: str, first: int = 0, end: int | None = None) -> Tensor:
        """A tensor in the wanted type, or some of its rows."""
        place = self.places[name]
        if place.file not in self._files:
            self._files[place.file] = MappedFile(place.file)
        tensor = self._files[place.file].tensor(name)
        if first or end is not None:
            tensor = tensor[first:end]
        return tensor if not tensor.is_floating_point() else tensor.to(self._dtype)

    def forget(self) -> None:
        """Let the system take back what was read: views stay good, and are read again when looked at."""
        for file in self._files.values():
            file.forget()


class MappedFile:
    """A safetensors file in memory as the system keeps it: pages are read when they are looked at."""

    def __init__(self, file: Path) -> None:
        self.places = read_header(file)
        with file.open("rb") as stream:
            # private: nobody writes, and torch asks for a writable buffer
            self._pages = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY)
        self._bytes = torch.frombuffer(self._pages, dtype=torch.uint8)

    @property
    def bytes(self) -> int:
        return sum(place.end - place.start for place in self.places.values())

    def forget(self) -> None:
        if hasattr(mmap, "MADV_DONTNEED"):
            self._pages.madvise(mmap.MADV_DONTNEED)

    def tensor(self, name: str) -> Tensor:
        """A view; a copy where the file does not hold it aligned."""
        place = self.places[name]
        raw = self._bytes[place.start : place.end]
        if place.start % place.dtype.itemsize:
            raw = raw.clone()  # a view of a wider type must be aligned
        return raw.view(place.dtype).view(place.shape)

    def address(self, name: str) -> int | None:
        """Where a tensor's first byte lies; None if there is no such tensor."""
        place = self.places.get(name)
        return None if place is None else self._bytes.data_ptr() + place.start


def weight_bytes(folder: Path, dtype: torch.dtype) -> int:
    """Bytes of all weights of a folder in this type; reads headers alone."""
    total = 0
    for file in weight_files(folder):
        for place in read_header(file).values():
            width = dtype.itemsize if place.dtype.is_floating_point else place.dtype.itemsize
            total += (place.end - place.start) // place.dtype.itemsize * width
    return total


def joined(parts: list[Tensor]) -> Tensor:
    """One matrix of several that lie one after another in memory, else a copy of all."""
    first = parts[0]
    expected = first.data_ptr()
    for part in parts:
        same = part.untyped_storage().data_ptr() == first.untyped_storage().data_ptr()
        if not same or part.data_ptr() != expected or not part.is_contiguous():
            return torch.cat(parts)
        expected += part.nbytes
    shape = (sum(part.shape[0] for part in parts), *first.shape[1:])
    return first.new_empty(0).set_(
        first.untyped_storage(), first.storage_offset(), shape, first.stride()
    )
