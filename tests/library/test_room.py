"""Memory and disk: containers' limits count, sizes are said as people do, a full disk is one sentence."""

from __future__ import annotations

import errno
import shutil
import threading
from pathlib import Path

import pytest

from echo.errors import StorageUnavailable
from echo.services.library import room

KB = 1024


def machine(root: Path, total: int, available: int, group: str = "/", **files: str) -> Path:
    """A root folder that says so much memory (kB), with files of control groups."""
    for path, text in {
        "proc/meminfo": f"MemTotal:  {total} kB\nMemFree: 1 kB\nMemAvailable:  {available} kB\n",
        "proc/self/cgroup": f"0::{group}\n",
        **files,
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def test_memory_is_the_machines(tmp_path: Path) -> None:
    root = machine(tmp_path, 1000, 600)
    assert (room.memory_total(root), room.memory_available(root)) == (1000 * KB, 600 * KB)


def test_a_containers_limit_counts_and_its_copies_of_files_do_not(tmp_path: Path) -> None:
    top = "sys/fs/cgroup"
    root = machine(
        tmp_path, 1000, 600, "/app/echo",
        **{
            f"{top}/memory.max": "max\n",
            f"{top}/app/memory.max": f"{500 * KB}\n",
            f"{top}/app/memory.current": f"{300 * KB}\n",
            f"{top}/app/memory.stat": f"anon 1\ninactive_file {100 * KB}\n",
            f"{top}/app/echo/memory.max": f"{800 * KB}\n",
        },
    )  # fmt: skip
    assert (room.memory_total(root), room.memory_available(root)) == (500 * KB, 300 * KB)


def test_a_containers_limit_of_the_older_kind_counts(tmp_path: Path) -> None:
    group = "sys/fs/cgroup/memory/memory"
    root = machine(
        tmp_path, 1000, 600,
        **{f"{group}.limit_in_bytes": str(400 * KB), f"{group}.usage_in_bytes": str(500 * KB)},
    )  # fmt: skip
    assert (room.memory_total(root), room.memory_available(root)) == (400 * KB, 0)


def test_without_proc_the_whole_memory_counts(tmp_path: Path) -> None:
    assert room.memory_total(tmp_path) == room.memory_available(tmp_path) > 10**8


def test_this_machine_has_some(tmp_path: Path) -> None:
    assert 10**8 < room.memory_available() <= room.memory_total()
    assert room.disk_free(tmp_path / "not" / "yet") > 0


def test_what_comes_and_goes_is_counted_without_a_fall(tmp_path: Path) -> None:
    """pip makes and removes folders while it is watched."""
    (tmp_path / "stays").write_bytes(bytes(1000))
    done = threading.Event()

    def come_and_go() -> None:
        while not done.is_set():
            for number in range(20):
                (tmp_path / f"folder{number}" / "below").mkdir(parents=True, exist_ok=True)
                (tmp_path / f"folder{number}" / "file").write_bytes(bytes(10))
            for number in range(20):
                shutil.rmtree(tmp_path / f"folder{number}")

    other = threading.Thread(target=come_and_go)
    other.start()
    try:
        counted = {room.bytes_of(tmp_path) for _ in range(1000)}
    finally:
        done.set()
        other.join()
    assert min(counted) >= 1000
    assert max(counted) <= 1200
    assert room.bytes_of(tmp_path / "stays") == 1000
    assert room.bytes_of(tmp_path / "never") == 0


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 kB"), (1_499, "1 kB"), (999_499, "999 kB"), (999_500, "1 MB"), (491_400_064, "491 MB"),
     (999_499_999, "999 MB"), (999_500_000, "1.0 GB"), (2_160_000_000, "2.2 GB")],
)  # fmt: skip
def test_sizes_are_said_as_people_say_them(count: int, said: str) -> None:
    assert room.size(count) == said


def test_only_a_full_disk_is_explained_as_one(tmp_path: Path) -> None:
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        with (
            pytest.raises(StorageUnavailable, match="full while x was fetched"),
            room.full_disk_explained(tmp_path, "x"),
        ):
            raise OSError(number, "no")
    with pytest.raises(PermissionError), room.full_disk_explained(tmp_path, "x"):
        raise PermissionError(errno.EACCES, "no")


def test_both_numbers_are_said(tmp_path: Path) -> None:
    free = room.disk_free(tmp_path)
    room.refuse_too_little_disk(tmp_path, free // 2, "x")
    with pytest.raises(StorageUnavailable, match=r"x needs .* of free disk in .*, and .* are free"):
        room.refuse_too_little_disk(tmp_path, free, "x")
    room.refuse_too_little_memory(10, "x", total=10)
    with pytest.raises(StorageUnavailable, match=r"x needs 3 MB of memory .* has 2 MB"):
        room.refuse_too_little_memory(3_000_000, "x", total=2_000_000)
