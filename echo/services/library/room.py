"""Memory and disk of this machine, and what a model takes of both. It knows no model by name.

A container's limit counts as the machine's memory. Bytes throughout.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from echo.errors import StorageUnavailable
from echo.languages import gettext, tenths

FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
SPARE_DISK: Final = 250_000_000
"""Left free on purpose: the chat stores every reply on the same disk."""
WIDTHS: Final = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0}
"""Bytes of one number by the type in which a model is served."""
SERVING_SHARE: Final = 1.2
"""What serving takes of the weights' bytes: themselves, and the work on them."""
SERVING_BYTES: Final = 500_000_000
"""What Echo takes beside a model: the web server, torch, and a cache for a few conversations."""


def memory_needed(weights: int, width: float) -> int:
    """Return what serving a model of so many numbers takes, Echo itself included."""
    return int(weights * width * SERVING_SHARE) + SERVING_BYTES


def memory_total(root: Path = Path("/")) -> int:
    """Return the machine's memory, or the container's where that is less."""
    return min([_meminfo(root, "MemTotal") or _pages(), *(most for most, _ in _groups(root))])


def memory_available(root: Path = Path("/")) -> int:
    """Return the memory that a new program could have now."""
    free = _meminfo(root, "MemAvailable") or _pages()
    return max(0, min([free, *(most - used for most, used in _groups(root))]))


def disk(folder: Path) -> tuple[int, int]:
    """Return the free bytes, and all, of the disk that the folder is (or will be) on."""
    while not folder.exists():
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    return usage.free, usage.total


def disk_free(folder: Path) -> int:
    """Return the free bytes of the disk that the folder is (or will be) on."""
    return disk(folder)[0]


def refuse_too_little_disk(folder: Path, needed: int, what: str) -> None:
    """Raise StorageUnavailable, with both numbers, when it does not fit beside what must stay free."""
    free = disk_free(folder)
    if needed + SPARE_DISK > free:
        raise StorageUnavailable(
            gettext(
                "%(what)s needs %(needed)s of free disk in %(folder)s, and %(free)s are free. "
                "Make room, or put the instance folder on another disk (ECHO_INSTANCE).",
                what=what,
                needed=size(needed + SPARE_DISK),
                folder=folder,
                free=size(free),
            )
        )


def refuse_too_little_memory(needed: int, what: str, total: int | None = None) -> None:
    """Raise StorageUnavailable, with both numbers, for a model that this machine could never serve."""
    there = memory_total() if total is None else total
    if needed > there:
        raise StorageUnavailable(
            gettext(
                "%(what)s needs %(needed)s of memory to be served, and this machine has "
                "%(there)s. Choose a smaller model.",
                what=what,
                needed=size(needed),
                there=size(there),
            )
        )


def refuse_too_little_free_memory(needed: int, what: str) -> None:
    """Raise StorageUnavailable, with both numbers, for work that does not fit beside what runs now."""
    free = memory_available()
    if needed > free:
        raise StorageUnavailable(
            gettext(
                "%(what)s takes %(needed)s of memory, and %(free)s are free now. Stop what "
                "else runs here, or take a smaller model.",
                what=what,
                needed=size(needed),
                free=size(free),
            )
        )


@contextmanager
def full_disk_explained(folder: Path, what: str) -> Iterator[None]:
    """Turn what the system says of a full disk into StorageUnavailable, with the number."""
    try:
        yield
    except OSError as failure:
        if failure.errno not in FULL:
            raise
        raise disk_is_full(folder, what) from failure


def disk_is_full(folder: Path, what: str) -> StorageUnavailable:
    """Return the error of a disk that was filled in the middle."""
    return StorageUnavailable(
        gettext(
            "The disk was full while %(what)s was fetched (%(free)s are free in "
            "%(folder)s). Make room and run it again: what is complete is kept.",
            what=what,
            free=size(disk_free(folder)),
            folder=folder,
        )
    )


def bytes_of(path: Path) -> int:
    """Return what a file or folder takes on the disk, whatever comes and goes in it meanwhile."""
    paths = [path] if path.is_file() else _files_below(path)
    total = 0
    for each in paths:
        with suppress(OSError):
            total += each.stat().st_size
    return total


def _files_below(folder: Path) -> Iterator[Path]:
    """Yield what is there; `os.walk` passes over folders that are gone meanwhile, `rglob` falls."""
    for parent, _, names in os.walk(folder):
        yield from (Path(parent) / name for name in names)


def size(count: float) -> str:
    """Return bytes as people say them: 491 MB, 2.2 GB."""
    if count < 999_500:
        return f"{count / 1e3:.0f} kB"
    return f"{count / 1e6:.0f} MB" if count < 999_500_000 else f"{tenths(count / 1e9)} GB"


def _meminfo(root: Path, name: str) -> int | None:
    try:
        lines = (root / "proc/meminfo").read_text("ascii").splitlines()
    except OSError:
        return None
    return next(
        (int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")), None
    )


def _pages() -> int:
    """Where there is no /proc, the whole memory stands for what is free."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _groups(root: Path) -> Iterator[tuple[int, int]]:
    """Yield limit and use of each control group that this process is in, where there is a limit."""
    top = root / "sys/fs/cgroup"
    for group in _own_groups(root, top):
        if (limit := _number(group / "memory.max")) is not None:
            yield limit, _used(group, "memory.current")
    first = top / "memory"  # version 1, whose root shows a container its own group
    if (limit := _number(first / "memory.limit_in_bytes")) is not None:
        yield limit, _used(first, "memory.usage_in_bytes")


def _used(group: Path, file: str) -> int:
    """Return what the group holds without the copies of files, which it would give back."""
    try:
        kept = dict(
            line.split() for line in (group / "memory.stat").read_text("ascii").splitlines()
        )
    except (OSError, ValueError):
        kept = {}
    return (_number(group / file) or 0) - int(kept.get("inactive_file", 0))


def _own_groups(root: Path, top: Path) -> list[Path]:
    """Return the process's own group of version 2 and those above it, up to the root's."""
    try:
        lines = (root / "proc/self/cgroup").read_text("ascii").splitlines()
    except OSError:
        lines = []
    own = next((line[3:].strip("/") for line in lines if line.startswith("0::")), "")
    group = top / own
    return [group, *(p for p in group.parents if p.is_relative_to(top))]


def _number(path: Path) -> int | None:
    """Return what a control group's file says; None for "max" and where there is no such file."""
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):
        return None
