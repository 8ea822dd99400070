"""Programs that fetch for us, each in a process of its own, watched natively. It knows none of them.

To be called from the command line or from a native thread: it waits on native locks, never greenly. What the
program says goes to files, since a full pipe would stop it.
"""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from echo.services.library.progress import Work

LOOK_SECONDS: Final = 0.1
END_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Said:
    """How the program ended and what it wrote."""

    status: int
    output: str
    errors: str


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    work: Work,
    look: Callable[[], None],
    given: bytes = b"",
) -> Said:
    """Run a program to its end, calling `look` a few times each second; it ends with us, whatever happens.

    Raises:
        Conflict: the work was stopped.
    """
    with (
        tempfile.TemporaryFile(dir=work.pieces) as asked,
        tempfile.TemporaryFile(dir=work.pieces) as output,
        tempfile.TemporaryFile(dir=work.pieces) as errors,
    ):
        asked.write(given)
        asked.seek(0)
        process = subprocess.Popen(
            command,
            cwd=work.pieces,
            env=dict(environment),
            stdin=asked,
            stdout=output,
            stderr=errors,
        )
        try:
            while process.poll() is None:
                look()
                work.cancel.wait(LOOK_SECONDS)
                work.refuse_if_stopped()
        finally:
            _end(process)
        return Said(process.returncode, _text(output), _text(errors))


def _end(process: subprocess.Popen[bytes]) -> None:
    """See that the process is gone; it may first remove what it has half done."""
    deadline = time.monotonic() + END_SECONDS
    if process.poll() is None:
        process.terminate()
    while process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
        threading.Event().wait(0.01)


def _text(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")
