"""`converted.json`: what a served folder was made from. It does not know how folders are made."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import BinaryIO, Final

FORMAT: Final = 1  # a folder of another format is made anew
NAME: Final = "converted.json"
WEIGHTS: Final = "model.safetensors"


@dataclass(frozen=True)
class Record:
    """The source file, its model, and the folder that was made of it."""

    source: str  # the file's name
    source_bytes: int
    source_mtime_ns: int
    source_sha256: str
    architecture: str
    name: str | None
    licence: str | None
    quantisation: dict[str, int]  # type → tensors
    parameters: int
    dtype: str
    weight_bytes: int  # of model.safetensors, header and all
    format: int = FORMAT


def write(folder: Path, record: Record) -> None:
    (folder / NAME).write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8")


def read(folder: Path) -> Record | None:
    """None where there is none, or one of another format, or one without all of its weights."""
    try:
        found = json.loads((folder / NAME).read_text("utf-8"))
        size = (folder / WEIGHTS).stat().st_size
    except (OSError, ValueError):
        return None
    names = {field.name for field in fields(Record)}
    if not isinstance(found, dict) or set(found) != names or found["format"] != FORMAT:
        return None
    record = Record(**found)
    return record if record.weight_bytes == size else None


def sha256(file: BinaryIO) -> str:
    """Of a whole open file; its position is left where it was."""
    digest = hashlib.sha256()
    size, at, step = os.fstat(file.fileno()).st_size, 0, 4 << 20
    while at < size:
        piece = os.pread(file.fileno(), step, at)
        if not piece:
            break
        digest.update(piece)
        at += len(piece)
    return digest.hexdigest()
