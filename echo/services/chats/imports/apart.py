"""Runs `taking_apart` in a process of its own and reads what it wrote. Knows no format and no rows."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from echo import hub
from echo.child_process import bare_environment
from echo.config import ROOT
from echo.errors import Busy, InvalidInput
from echo.extensions import db
from echo.languages import carried, gettext, mark
from echo.services.chats.imports import reasons
from echo.services.chats.imports.found import Chat, Skipped

PROGRAM: Final = "echo.services.chats.imports.taking_apart"
SECONDS: Final = 60  # until the process is ended, whatever it does
LOOK_SECONDS: Final = 0.02
AT_ONCE: Final = 2
SLICE_SECONDS: Final = 0.01  # of reading; then others have their turn
DIED: Final = mark("This file is too large, too deeply nested or takes too long to read.")

_reading = 0
"""How many files are taken apart now in this process: each takes a core and memory."""


@contextmanager
def taken_apart(source: IO[bytes]) -> Iterator[Iterable[Chat | Skipped]]:
    """Give what is in a file, chat by chat and as often as one likes, without waiting for it on the hub.

    Raises:
        InvalidInput: it is no export that Echo knows, or cannot be read within the limits.
        Busy: several are being read already.
    """
    global _reading
    if is_full():
        raise Busy(
            gettext("Several imports are being read. Please try again in a moment."), retry_after=10
        )
    with tempfile.TemporaryDirectory(prefix="echo-import-") as folder:
        file = Path(folder) / "file"
        _reading += 1
        try:
            db.session.commit()  # the connection goes back meanwhile
            hub.run_native(carried(_run), source, file)
        finally:
            _reading -= 1
        yield _Found(file.parent / "found")


def is_full() -> bool:
    """Tell whether as many files as may be are being read already."""
    return _reading >= AT_ONCE


def _run(source: IO[bytes], file: Path) -> None:
    """Store the file and let it be taken apart; to be called from a native thread."""
    with file.open("wb") as copy:
        while block := source.read(1 << 20):
            copy.write(block)
    with (file.parent / "found").open("wb") as found:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", PROGRAM, str(file)],
            cwd=ROOT,
            env=bare_environment(),
            stdin=subprocess.DEVNULL,
            stdout=found,
            stderr=subprocess.DEVNULL,
        )
        clock, deadline = threading.Event(), time.monotonic() + SECONDS
        while process.poll() is None:
            if time.monotonic() > deadline:
                process.kill()
            clock.wait(LOOK_SECONDS)
    if process.returncode != 0:
        raise InvalidInput(gettext(DIED), field="file")


def _skipped(told: dict[str, str]) -> Skipped:
    return Skipped(reasons.named(told["title"]), reasons.said(told["reason"]))


class _Found:
    """What the process wrote, from its beginning each time."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __iter__(self) -> Iterator[Chat | Skipped]:
        with self._file.open("rb") as written:
            yield from _read(written)


def _read(written: IO[bytes]) -> Iterator[Chat | Skipped]:
    began = time.monotonic()
    for line in written:
        if time.monotonic() - began > SLICE_SECONDS:
            hub.sleep()
            began = time.monotonic()
        told = json.loads(line)
        if "refused" in told:
            raise InvalidInput(reasons.said(told["refused"]), field="file")
        yield Chat.of_json(told["chat"]) if "chat" in told else _skipped(told["skipped"])
