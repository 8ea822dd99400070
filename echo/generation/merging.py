"""An adapter and its base made one: a folder whose weights hold what the adapter changes.

W' = W + scale · B A for each matrix that is adapted (Hu et al. 2021, arXiv 2106.09685), computed in
float32 and kept in the base's own types, tensor by tensor: what is in memory is one matrix and the
adapter. It does not know names of models nor where they are kept.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

import torch
from torch import Tensor

from . import safetensors_file
from .adapter import Change, read_changes, refuse_misfit
from .errors import ModelLoadError
from .weights import SINGLE, TYPES, MappedFile, TensorPlace, read_header, weight_files

CODES = {dtype: code for code, dtype in TYPES.items()}
BESIDE = (
    "config.json", "generation_config.json", "chat_template.jinja", "quality-text",
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    "vocab.json", "merges.*", "tokenizer.model",
)  # fmt: skip
Told = Callable[[float], None]


def merge_adapter(base: Path, adapter: Path, target: Path, told: Told = lambda share: None) -> None:
    """Write the folder `target`, which must not be there; it appears whole or not at all.

    `told` hears the share that is done. Tokenizer, configuration and template are the base's.

    Raises:
        ModelLoadError: the adapter was made for another base, or either cannot be read.
        OSError: the disk is full; nothing is left behind.
    """
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        _write(base, adapter, part, told)
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write(base: Path, adapter: Path, folder: Path, told: Told) -> None:
    places = _places(base)
    changes = {f"{each.name}.weight": each for each in read_changes(adapter, torch.float32)}
    _refuse_misfits(adapter, changes, dict(places))
    folder.mkdir(parents=True)
    for beside in (file for pattern in BESIDE for file in base.glob(pattern)):
        shutil.copyfile(beside, folder / beside.name)
    with (folder / SINGLE).open("wb", buffering=1 << 20) as file:
        file.write(safetensors_file.header(_described(places)))
        _write_tensors(places, changes, file, told)
        file.flush()
        os.fsync(file.fileno())  # a folder that is there after a power cut must be whole


def _places(base: Path) -> list[tuple[str, TensorPlace]]:
    """In the order of the files: matrices that are joined when they are served stay neighbours."""
    found = [each for file in weight_files(base) for each in read_header(file).items()]
    return sorted(found, key=lambda each: (each[1].file, each[1].start))


def _refuse_misfits(
    adapter: Path, changes: dict[str, Change], places: dict[str, TensorPlace]
) -> None:
    for name, change in changes.items():
        if name not in places:
            raise ModelLoadError(f"{adapter} was made for another base: there is no {name}.")
        if len(places[name].shape) != 2 or not places[name].dtype.is_floating_point:
            raise ModelLoadError(f"{adapter}: {name} is no matrix of floats in the base.")
        refuse_misfit(adapter, change, *places[name].shape)


def _described(
    places: Iterable[tuple[str, TensorPlace]],
) -> Iterable[tuple[str, tuple[int, ...], str, int]]:
    for name, place in places:
        yield name, place.shape, CODES[place.dtype], place.dtype.itemsize


def _write_tensors(
    places: list[tuple[str, TensorPlace]], changes: dict[str, Change], file: IO[bytes], told: Told
) -> None:
    files: dict[Path, MappedFile] = {}
    total = sum(place.end - place.start for _, place in places) or 1
    done = 0
    for name, place in places:
        mapped = _mapped(files, place.file)
        tensor = mapped.tensor(name)
        if name in changes:
            tensor = merged(tensor, changes[name])
        file.write(tensor.contiguous().flatten().view(torch.uint8).numpy().data)
        mapped.forget()
        done += place.end - place.start
        told(done / total)


def merged(weight: Tensor, change: Change) -> Tensor:
    """W + scale · B A, in the type of W [outputs, inputs]."""
    return (weight.float() + change.scale * (change.b @ change.a)).to(weight.dtype)


def _mapped(files: dict[Path, MappedFile], path: Path) -> MappedFile:
    if path not in files:
        files[path] = MappedFile(path)
    return files[path]
