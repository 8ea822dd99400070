"""A lock on the instance folder: any number may serve from it, or one may put a backup back.

Knows no database. The lock belongs to the process: it goes when the process goes, however that ends.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from echo.errors import ConfigurationError

NAME: Final = "in-use.lock"
MIGRATING: Final = "migrating.lock"
_held: list[int] = []  # open for as long as this process lives


def share(instance: Path) -> None:
    """Note that this process serves from the folder; raises ConfigurationError during a restore."""
    _take(instance, fcntl.LOCK_SH, "A backup is being put back here. Start Echo when that is done.")


def own(instance: Path) -> None:
    """Keep the folder for this process alone; raises ConfigurationError while Echo serves from it."""
    _take(instance, fcntl.LOCK_EX, "Echo is running here. Stop it before you put a backup back.")


@contextmanager
def migrating(instance: Path) -> Iterator[None]:
    """Be the only process of the folder that changes the form of its database; wait for the others."""
    descriptor = _opened(instance / MIGRATING)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _take(instance: Path, kind: int, refusal: str) -> None:
    descriptor = _opened(instance / NAME)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError as failure:
        os.close(descriptor)
        raise ConfigurationError(refusal) from failure
    _held.append(descriptor)


def _opened(path: Path) -> int:
    try:  # to read is enough: the file may be another's who once ran a command here
        return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as failure:
        raise ConfigurationError(f"{path} cannot be opened: {failure.strerror}.") from failure
