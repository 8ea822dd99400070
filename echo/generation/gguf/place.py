"""Where a served folder lies: made beside its place, by one at a time, and put there whole.

It does not know what is in the folder but `converted.json`, by which one is told from another's.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ..errors import ModelLoadError
from . import record
from .errors import Unreadable

BESIDE_WEIGHTS: Final = 128 << 20  # bytes to keep free for tokenizer, configuration and neighbours


@contextmanager
def turn(target: Path, wait: bool = True) -> Iterator[bool]:
    """One conversion into a folder at a time; the lock goes with the process, however that ends.

    Yields whether it is one's turn: without waiting, somebody else may be at work.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with _beside(target, "lock").open("w") as lock:
        try:
            fcntl.flock(lock.fileno(), fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """An empty folder that becomes `target` when all went well; to be used within one's turn.

    Raises ModelLoadError when `target` is something that no conversion made.
    """
    if target.exists() and not (target / record.NAME).exists() and not _is_empty(target):
        raise ModelLoadError(f"{target} is there already and was not made from a GGUF file.")
    part, old = _beside(target, "part"), _beside(target, "old")
    _remove(part, old)
    part.mkdir()
    try:
        yield part
        if target.exists():
            target.rename(old)
        part.rename(target)
    finally:
        _remove(part, old)


def discard(target: Path) -> None:
    """Remove what a conversion that was killed has left, unless another is at work."""
    with turn(target, wait=False) as mine:
        if mine:
            _remove(_beside(target, "part"), _beside(target, "old"))


def check_disk(folder: Path, size: int) -> None:
    """Raises Unreadable with both numbers when `size` bytes do not fit."""
    free, needed = shutil.disk_usage(folder).free, size + BESIDE_WEIGHTS
    if free < needed:
        raise Unreadable(
            f"its served form needs {needed / 1e6:,.0f} MB of disk; {free / 1e6:,.0f} MB are free."
        )


def _beside(target: Path, kind: str) -> Path:
    return target.with_name(f".{target.name}.{kind}")


def _is_empty(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _remove(*folders: Path) -> None:
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)
