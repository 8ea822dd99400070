"""The process that reads one document. Knows the lines of `echo/parsing/worker.py` and no format."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

from flask import Flask

from echo.child_process import ChildProcess, bare_environment
from echo.limits import (
    DOCUMENT_CHARS,
    DOCUMENT_MEMORY_BYTES,
    DOCUMENT_PAGES,
    DOCUMENT_PICTURE_BYTES,
    DOCUMENT_PICTURE_PIXELS,
    DOCUMENT_PICTURE_SIDES,
    DOCUMENT_SECONDS,
)
from echo.services.documents import refusals

QUEUE_SECONDS: Final = 6 * 3600.0  # eighteen people's twenty files, each as slow as it may be
SIDE, PREVIEW = DOCUMENT_PICTURE_SIDES
PICTURE: Final = {
    "pixels": DOCUMENT_PICTURE_PIXELS,
    "side": SIDE,
    "preview": PREVIEW,
    "bytes": DOCUMENT_PICTURE_BYTES,
}
LIMITS: Final = {"pages": DOCUMENT_PAGES, "chars": DOCUMENT_CHARS, "picture": PICTURE}
LINE_BYTES: Final = 1_000_000  # ten passages with their terms, were each sign escaped, take a third


class ReaderProcess(ChildProcess):
    """One document at a time; each has a process of its own."""

    def __init__(self) -> None:
        super().__init__(float(DOCUMENT_SECONDS), refusals.WAITING)
        self.taken: set[str] = set()
        """The ids of documents that wait for it here, or are being read."""
        self.seconds = float(DOCUMENT_SECONDS)
        self.memory = DOCUMENT_MEMORY_BYTES

    @classmethod
    def of(cls, app: Flask) -> ReaderProcess:
        """Return an application's."""
        found: ReaderProcess = app.extensions.setdefault("document_reader", cls())
        return found

    def turn_of(self, user_id: int) -> AbstractContextManager[None]:
        """Wait for the documents that came before: nobody looks on meanwhile, so it may take long.

        One person's many let those of others in between.
        """
        return self._line.turn(QUEUE_SECONDS, user_id)

    def read(self, path: Path, name: str, key: str) -> Iterator[dict[str, Any]]:
        """Yield what the process says of a file; to be called within `turn`.

        Whatever becomes of it, the last is `{"end": …}` or `{"refused": why}`, and the process has ended.
        """
        try:
            yield from self._said({"path": str(path), "name": name, "key": key})
        except (OSError, ValueError):  # killed by the system, by its limits, or silent for too long
            yield {"refused": refusals.STOPPED}
        finally:
            self.stop()

    def _said(self, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
        deadline = time.monotonic() + self.seconds
        channel = self._launch("echo.parsing.worker", environment=bare_environment())
        limits = LIMITS | {"memory": self.memory, "seconds": max(1, round(self.seconds))}
        channel.sendall(json.dumps(asked | limits).encode() + b"\n")
        while True:
            channel.settimeout(max(0.01, deadline - time.monotonic()))
            line = self._answers.readline(LINE_BYTES)
            if not line.endswith(b"\n"):
                raise OSError("the process has ended, or says what no document holds")
            said: dict[str, Any] = json.loads(line)
            yield said
            if "end" in said or "refused" in said:
                return
