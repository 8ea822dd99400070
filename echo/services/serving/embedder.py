"""The process that turns texts into vectors: started when first needed, asked in turn, ended when idle.

Knows the lines of `echo/generation/embedding.py` and no model.
"""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

import structlog
from flask import Flask

from echo import hub
from echo.config import ROOT
from echo.errors import Busy, EngineFailed, TooLong

log = structlog.get_logger()

PATIENCE_SECONDS: Final = 120.0
IDLE_SECONDS: Final = 600.0
LOOK_SECONDS: Final = 30.0
Form = Literal["float", "base64"]
FAILED: Final = "The embedding model does not answer. The log says why."


@dataclass(frozen=True)
class Embedded:
    """A vector of length 1 for each text, as JSON, and the tokens of all of them."""

    vectors: list[str]
    tokens: int


class Embedder:
    """One process for one model's folder, asked by one green thread at a time."""

    def __init__(self, patience: float = PATIENCE_SECONDS, idle: float = IDLE_SECONDS) -> None:
        self._patience = patience
        self._idle = idle
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._lines: BinaryIO = io.BytesIO()
        self._busy = False
        self._freed = hub.Signal()
        self._used_at = 0.0
        self._watched = False

    @classmethod
    def of(cls, app: Flask) -> Embedder:
        """Return an application's."""
        found: Embedder = app.extensions.setdefault("embedder", cls())
        return found

    def embed(self, folder: Path, texts: list[str], form: Form) -> Embedded:
        """Return the texts' vectors as lists of numbers, or as the base64 of little-endian 32-bit floats.

        Raises:
            TooLong: one of them is longer than the model reads.
            Busy: others are asking for too long.
            EngineFailed: the process does not start, or does not answer.
        """
        with self._turn():
            try:
                found, vectors = self._exchange(folder, texts, form)
            except (OSError, ValueError) as failure:
                log.error("the embedding process failed", error=str(failure))
                self.stop()
                raise EngineFailed(FAILED, retry_after=5) from failure
            finally:
                self._used_at = time.monotonic()
        if found.get("error") == "too_long":
            raise TooLong(
                f"Text {found['index']} has {found['tokens']:,} tokens; this model reads "
                f"{found['limit']:,}.",
                field="input",
            )
        if "error" in found:
            log.error("texts cannot be embedded", error=found["error"])
            raise EngineFailed(FAILED)
        return Embedded(vectors, found["tokens"])

    def stop(self) -> None:
        """End the process; the next request starts a new one."""
        if self._socket is not None:
            self._lines.close()
            self._socket.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._socket = self._process = None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        while self._busy:
            if not self._freed.wait(self._patience):
                raise Busy("Others are embedding texts. Please try again.", retry_after=5)
        self._busy = True
        try:
            yield
        finally:
            self._busy = False
            self._freed.notify()

    def _exchange(
        self, folder: Path, texts: list[str], form: Form
    ) -> tuple[dict[str, Any], list[str]]:
        channel = self._running(folder)
        channel.sendall(json.dumps({"texts": texts, "form": form}).encode() + b"\n")
        found: dict[str, Any] = json.loads(self._next_line())
        return found, [self._next_line() for _ in range(found.get("count", 0))]

    def _next_line(self) -> str:
        line = self._lines.readline()
        if not line.endswith(b"\n"):
            raise OSError("the process has ended")
        return line[:-1].decode()

    def _running(self, folder: Path) -> socket.socket:
        """Return the way to a process that is ready."""
        alive = self._process is not None and self._process.poll() is None
        if alive and self._socket is not None:
            return self._socket
        self.stop()
        ours, theirs = socket.socketpair()
        with theirs:
            os.set_blocking(
                theirs.fileno(), True
            )  # a green socket does not block, a plain reader must
            self._process = subprocess.Popen(
                [sys.executable, "-m", "echo.generation.embedding", str(folder)],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                cwd=ROOT,
            )
        ours.settimeout(self._patience)
        self._socket, self._lines = ours, ours.makefile("rb")
        self._next_line()
        if not self._watched:
            self._watched = True
            hub.spawn(self._end_when_idle)
        return ours

    def _end_when_idle(self) -> None:
        """Give the memory back while nobody asks."""
        while self._process is not None:
            hub.sleep(min(LOOK_SECONDS, self._idle))
            if not self._busy and time.monotonic() - self._used_at >= self._idle:
                self.stop()
        self._watched = False
