"""From a GGUF file to a served folder: once, whole or not at all.

A served folder is what the transformers library loads offline, and its weights lie so that an
engine can map them and use query, key and value (and gate and up) as one matrix each. It does not
know processes or engines.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import safetensors_file
from ..chat_template import ChatTemplate
from ..errors import ChatTemplateError, ModelLoadError
from . import place, record, tokenizer
from .blocks import SERVED
from .config import generation_config, model_config
from .errors import Unreadable, border
from .layout import Weight, is_tied, plan
from .model_file import ModelFile, opened
from .vocabulary import LISTS, vocabulary
from .weight_stream import write_weights

Progress = Callable[[float, str], None]  # a fraction from 0 to 1, and what is being done


def convert(source: Path, target: Path, dtype: str, progress: Progress) -> None:
    """Make the folder `target` of the file `source`; at once when it is there already.

    Raises ModelLoadError in one line for whatever cannot be read, and for what the disk cannot hold.
    """
    if dtype not in SERVED:
        raise ModelLoadError(f"Weights are served as {', '.join(SERVED)}, not as {dtype!r}.")
    with border(source), place.turn(target):
        if not is_current(source, target, dtype):
            with opened(source, LISTS) as model, place.new_folder(target) as folder:
                _fill(folder, model, source, dtype, progress)
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


def _fill(folder: Path, model: ModelFile, source: Path, dtype: str, progress: Progress) -> None:
    before = os.fstat(model.file.fileno())
    progress(0.0, "Reading the tokenizer")
    served = SERVED[dtype]
    layout = plan(model.family, model.sizes, model.tensors, served.width)
    head = safetensors_file.header(
        (weight.name, weight.source.shape, served.code, served.width) for weight in layout
    )
    size = len(head) + model.parameters * served.width
    place.check_disk(folder, size)
    _write_texts(folder, model, dtype)
    progress(0.02, "Checking the file")
    digest = record.sha256(model.file)
    _write_weight_file(folder / record.WEIGHTS, head, model, layout, dtype, progress)
    after = os.fstat(model.file.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise Unreadable("it was changed while it was read.")
    record.write(folder, _record(model, source.name, before, digest, dtype, size))


def _write_weight_file(
    path: Path, head: bytes, model: ModelFile, layout: list[Weight], dtype: str, progress: Progress
) -> None:
    def told(fraction: float) -> None:
        progress(0.05 + 0.94 * fraction, "Unpacking the weights")

    with path.open("wb", buffering=1 << 20) as file:
        file.write(head)
        write_weights(model, layout, file, dtype, told)
        file.flush()
        os.fsync(file.fileno())  # a folder that is there after a power cut must be whole


def _write_texts(folder: Path, model: ModelFile, dtype: str) -> None:
    """Everything but the weights; refuses a tokenizer or a template that cannot be used."""
    words = vocabulary(model.meta)
    settings = tokenizer.tokenizer_config(model.meta, words, model.sizes.context)
    config = model_config(
        model.meta, model.family, model.sizes, words, model.rope(), is_tied(model.tensors), dtype
    )
    template = tokenizer.chat_template(model.meta)
    if template is not None:
        _check_template(template, settings)
        (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    tokenizer.build(model.meta, words).save(str(folder / "tokenizer.json"), pretty=False)
    _write_json(folder / "tokenizer_config.json", settings)
    _write_json(folder / "config.json", config)
    _write_json(folder / "generation_config.json", generation_config(model.meta, words))


def _check_template(template: str, settings: dict[str, Any]) -> None:
    tokens = {name: value for name, value in settings.items() if name.endswith("_token")}
    try:
        ChatTemplate(template, tokens).check()
    except ChatTemplateError as error:
        raise Unreadable(f"its chat template cannot be used: {error}") from error


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _record(
    model: ModelFile, name: str, stat: os.stat_result, digest: str, dtype: str, size: int
) -> record.Record:
    return record.Record(
        source=name,
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
