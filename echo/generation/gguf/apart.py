"""`convert` in a process of its own, with limits: a hostile file can end that process, not this one.

To be called from a native thread; it waits on nothing that could be green. Its news come through
a file, not a pipe: nobody can block the other by not reading. It does not know what is converted.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

from ..errors import ModelLoadError
from . import place
from .conversion import Progress, is_current
from .errors import border
from .summary import inspect

LOOK_EVERY: Final = 0.05  # seconds
MEMORY: Final = 3 << 30  # bytes of address space; a conversion takes about 1 GB of it
SECONDS: Final = 120  # of computing, and one more for each megabyte of the file
BESIDE: Final = 256 << 20  # bytes that one file may be longer than the weights
NEEDED: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
PACKAGE: Final = __name__.rpartition(".")[0]
ROOT: Final = Path(__file__).resolve().parents[PACKAGE.count(".") + 1]


@dataclass(frozen=True)
class Limits:
    memory: int  # bytes of address space
    seconds: int  # of computing
    file_bytes: int  # of each file that is written


def convert_apart(
    source: Path,
    target: Path,
    dtype: str,
    progress: Progress,
    *,
    limits: Limits | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """As `convert`; `cancelled` is asked about twenty times a second.

    Raises ModelLoadError also when the process dies: out of memory, out of time, killed, cancelled.
    """
    with border(source):
        if is_current(source, target, dtype):
            progress(1.0, "Ready")
            return
        limits = limits or _limits(source, dtype)
    done = False
    with tempfile.TemporaryFile() as news, tempfile.TemporaryFile() as complaints:
        process = _start(source, target, dtype, limits, news, complaints)
        try:
            last = _follow(process, news, progress, cancelled)
            done = "done" in last
        finally:
            _end(process)
            if not done:
                place.discard(target)
        if not done:
            reason = last.get("error") or f"{source.name}: {_death(process.returncode, complaints)}"
            raise ModelLoadError(reason)


def _limits(source: Path, dtype: str) -> Limits:
    """Also refuses at once what the header alone shows to be no model."""
    summary = inspect(source)
    return Limits(
        memory=MEMORY,
        seconds=SECONDS + (summary.file_bytes >> 20),
        file_bytes=summary.served_bytes.get(dtype, 0) + BESIDE,
    )


def _start(
    source: Path, target: Path, dtype: str, limits: Limits, news: IO[bytes], complaints: IO[bytes]
) -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in NEEDED if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", PACKAGE, str(source.absolute()),
         str(target.absolute()), dtype, json.dumps(asdict(limits))],
        cwd=ROOT,
        env=environment | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        stdout=news,
        stderr=complaints,
    )  # fmt: skip


def _follow(
    process: subprocess.Popen[bytes],
    news: IO[bytes],
    progress: Progress,
    cancelled: Callable[[], bool],
) -> dict[str, Any]:
    """Pass on what the process tells until it has ended; return the last thing it said."""
    clock, at, last = threading.Event(), 0, dict[str, Any]()
    while True:
        ended = process.poll() is not None  # asked first: what it said before that is read below
        text = os.pread(news.fileno(), 1 << 20, at)
        lines, _, _ = text.rpartition(b"\n")
        at += len(lines) + 1 if lines else 0
        for line in lines.splitlines():
            last = json.loads(line)
            if "fraction" in last:
                progress(last["fraction"], last["doing"])
        if ended and not lines:
            return last
        if cancelled():
            return {"error": "The conversion was cancelled."}
        clock.wait(LOOK_EVERY)


def _end(process: subprocess.Popen[bytes]) -> None:
    clock = threading.Event()
    while process.poll() is None:
        process.kill()
        clock.wait(LOOK_EVERY)


def _death(code: int, complaints: IO[bytes]) -> str:
    """Why a process ended without a word."""
    if code == -signal.SIGXCPU:
        return "converting it took too long."
    if code == -signal.SIGXFSZ:
        return "its served form became larger than its header said."
    if code == -signal.SIGKILL:
        return "the conversion was killed; most likely the machine ran out of memory."
    size = os.fstat(complaints.fileno()).st_size
    tail = os.pread(complaints.fileno(), 2_000, max(0, size - 2_000)).decode("utf-8", "replace")
    said = tail.strip().splitlines()[-1:] or [f"exit status {code}"]
    return f"the conversion failed ({said[0][:200]})."
