"""A process of our own that is asked over a socket: started when first needed, replaced when it fails.

Knows no protocol: who derives from it says what is sent and what comes back.
"""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO

from echo import hub
from echo.config import ROOT
from echo.errors import Busy


class ChildProcess:
    """One process, asked by one green thread at a time: the one whose `turn` it is."""

    def __init__(self, patience: float, waiting: str) -> None:
        self.patience = patience
        """Seconds without an answer after which the process is replaced, and a turn is not waited for."""
        self._waiting = waiting
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._answers: BinaryIO = io.BytesIO()
        self._busy = False
        self._freed = hub.Signal()

    def stop(self) -> None:
        """End the process; the next request starts a new one."""
        if self._socket is not None:
            self._answers.close()
            self._socket.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._socket = self._process = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for one's turn: the process does one thing at a time; raises Busy after a while."""
        while self._busy:
            if not self._freed.wait(self.patience):
                raise Busy(self._waiting, retry_after=5)
        self._busy = True
        try:
            yield
        finally:
            self._busy = False
            self._freed.notify()

    def _open(self) -> socket.socket | None:
        """Return the way to the process, if it is running."""
        alive = self._process is not None and self._process.poll() is None
        return self._socket if alive else None

    def _launch(self, *words: str, environment: Mapping[str, str] | None = None) -> socket.socket:
        """Start `python -m WORDS` anew, and return the way to it; what it says is in `_answers`."""
        self.stop()
        ours, theirs = socket.socketpair()
        with theirs:
            # a green socket does not block; a plain reader must
            os.set_blocking(theirs.fileno(), True)
            self._process = subprocess.Popen(
                [sys.executable, "-m", *words],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                cwd=ROOT,
                env=environment,
            )
        ours.settimeout(self.patience)
        self._socket, self._answers = ours, ours.makefile("rb")
        return ours
