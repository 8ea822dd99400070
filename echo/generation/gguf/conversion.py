"""From a GGUF file to a served folder: once, whole or not at all.

A served folder is what the transformers library loads offline, and its weights lie so that an
engine can map them and use query, key and value (and gate and up) as one matrix each. It is written
beside its place and renamed at the end. It does not know processes or engines.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from ..chat_template import ChatTemplate
from ..errors import ModelLoadError
from . import record, safetensors_file, tokenizer
from .blocks import SERVED, weights
from .config import generation_config, model_config
from .errors import Unreadable, border
from .layout import Weight, is_tied, plan
from .model_file import ModelFile, opened
from .vocabulary import LISTS, vocabulary

Progress = Callable[[float, str], None]  # a fraction from 0 to 1, and what is being done

PIECE: Final = 1 << 17  # values at once: what a processor's cache holds
BESIDE_WEIGHTS: Final = 128 << 20  # bytes to keep free for tokenizer, configuration and neighbours
TOLD_EVERY: Final = 0.25  # seconds between two lines of progress


def convert(source: Path, target: Path, dtype: str, progress: Progress) -> None:
    """Make the folder `target` of the file `source`; at once when it is there already.

    Raises ModelLoadError in one line for whatever cannot be read, and for what the disk cannot hold.
    """
    if dtype not in SERVED:
        raise ModelLoadError(f"Weights are served as {', '.join(SERVED)}, not as {dtype!r}.")
    with border(source), _turn(target):
        if is_current(source, target, dtype):
            progress(1.0, "Ready")
            return
        _check_place(target)
        part = _beside(target, "part")
        _remove(part)
        try:
            with opened(source, LISTS) as model:
                _write_folder(model, source, part, dtype, progress)
            _put_in_place(part, target)
        finally:
            _remove(part)
    progress(1.0, "Ready")


def is_current(source: Path, target: Path, dtype: str) -> bool:
    """Whether `target` was made of `source` as it is now, in this type and whole."""
    made = record.read(target)
    if made is None or made.dtype != dtype:
        return False
    found = source.stat()
    if found.st_size != made.source_bytes:
        return False
    if found.st_mtime_ns == made.source_mtime_ns:
        return True
    with source.open("rb") as file:  # touched or copied: the same bytes all the same?
        return record.sha256(file) == made.source_sha256


@contextmanager
def _turn(target: Path) -> Iterator[None]:
    """One conversion into a folder at a time; the lock goes with the process, however that ends."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with _beside(target, "lock").open("w") as lock:
        fcntl.flock(lock.fileno(), fcntl.LOCK_EX)
        yield


def _beside(target: Path, kind: str) -> Path:
    return target.with_name(f".{target.name}.{kind}")


def _check_place(target: Path) -> None:
    """Only what a conversion made is ever replaced."""
    if target.exists() and not (target / record.NAME).exists() and not _is_empty(target):
        raise ModelLoadError(f"{target} is there already and was not made from a GGUF file.")


def _is_empty(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _put_in_place(part: Path, target: Path) -> None:
    old = _beside(target, "old")
    _remove(old)
    if target.exists():
        target.rename(old)
    part.rename(target)
    _remove(old)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _write_folder(
    model: ModelFile, source: Path, part: Path, dtype: str, progress: Progress
) -> None:
    before = os.fstat(model.file.fileno())
    progress(0.0, "Reading the tokenizer")
    layout = plan(model.family, model.sizes, model.tensors, SERVED[dtype].width)
    head = safetensors_file.header(
        ((one.name, one.source.shape) for one in layout), SERVED[dtype].code, SERVED[dtype].width
    )
    size = len(head) + model.parameters * SERVED[dtype].width
    _check_disk(part.parent, size)
    part.mkdir()
    _write_texts(model, part, dtype)
    progress(0.02, "Checking the file")
    digest = record.sha256(model.file)
    with (part / record.WEIGHTS).open("wb", buffering=1 << 20) as file:
        file.write(head)
        _write_weights(model, layout, file, dtype, progress)
        file.flush()
        os.fsync(file.fileno())
    after = os.fstat(model.file.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise Unreadable("it was changed while it was read.")
    record.write(part, _record(model, source, before, digest, dtype, size))


def _check_disk(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size + BESIDE_WEIGHTS:
        needed = (size + BESIDE_WEIGHTS) / 1e6
        raise Unreadable(
            f"its served form needs {needed:,.0f} MB of disk; {free / 1e6:,.0f} MB are free."
        )


def _write_texts(model: ModelFile, part: Path, dtype: str) -> None:
    """Everything but the weights; refuses a tokenizer or a template that cannot be used."""
    words = vocabulary(model.meta)
    template = tokenizer.chat_template(model.meta)
    if template is not None:
        ChatTemplate(template, {}).check()
        (part / "chat_template.jinja").write_text(template, encoding="utf-8")
    config = model_config(
        model.meta, model.family, model.sizes, words, model.rope(), is_tied(model.tensors), dtype
    )
    _write_json(part / "config.json", config)
    _write_json(part / "generation_config.json", generation_config(model.meta, words))
    settings = tokenizer.tokenizer_config(model.meta, words, model.sizes.context)
    tokenizer.build(model.meta, words).save(str(part / "tokenizer.json"), pretty=False)
    _write_json(part / "tokenizer_config.json", settings)


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_weights(
    model: ModelFile, layout: list[Weight], file: IO[bytes], dtype: str, progress: Progress
) -> None:
    done, told = 0, 0.0
    for weight in layout:
        for values in _values(model, weight, dtype):
            file.write(values.data)
            done += values.size
            if time.monotonic() - told > TOLD_EVERY:
                told = time.monotonic()
                progress(0.05 + 0.94 * done / model.parameters, "Unpacking the weights")


def _values(model: ModelFile, weight: Weight, dtype: str) -> Iterator[NDArray[Any]]:
    """The weight in pieces of whole rows."""
    tensor = weight.source
    rows = tensor.elements // tensor.shape[-1]
    step = rows if weight.heads else max(1, PIECE // tensor.shape[-1])
    for first in range(0, rows, step):
        blocks = model.rows(tensor, first, min(step, rows - first))
        if weight.heads:
            blocks = _paired(blocks, weight.heads)
        for start in range(0, len(blocks), max(1, PIECE // tensor.shape[-1])):
            piece = blocks[start : start + max(1, PIECE // tensor.shape[-1])]
            try:
                yield weights(piece, tensor.type, weight.offset, dtype)
            except Unreadable as error:
                raise Unreadable(f"the tensor {tensor.name}: {error}") from None


def _paired(rows: NDArray[np.uint8], heads: int) -> NDArray[np.uint8]:
    """llama.cpp stores the two halves of each head's rows interleaved; here they are apart again."""
    half = len(rows) // heads // 2
    return rows.reshape(heads, half, 2, -1).swapaxes(1, 2).reshape(rows.shape)


def _record(
    model: ModelFile, source: Path, stat: os.stat_result, digest: str, dtype: str, size: int
) -> record.Record:
    return record.Record(
        source=source.name,
        source_bytes=stat.st_size,
        source_mtime_ns=stat.st_mtime_ns,
        source_sha256=digest,
        architecture=model.meta.architecture,
        name=model.meta.text("general.name"),
        licence=model.meta.text("general.license"),
        quantisation=model.quantisation,
        parameters=model.parameters,
        dtype=dtype,
        weight_bytes=size,
    )
