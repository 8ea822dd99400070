"""A process of our own that is asked over a socket: started when first needed, replaced when it fails.

Knows no protocol: who derives from it says what is sent and what comes back.
"""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import IO, BinaryIO, Final, NamedTuple

from echo import hub
from echo.config import ROOT
from echo.errors import Busy, RateLimited
from echo.languages import gettext

LOOK_SECONDS: Final = 30.0
NEEDED: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
PASSIVE: Final = {"OMP_WAIT_POLICY": "PASSIVE", "OPENBLAS_NUM_THREADS": "1"}
"""Threads between two operations sleep: who answers goes first (`run.py`)."""


def bare_environment() -> dict[str, str]:
    """Return what of the environment a program needs to run: for one that reads what strangers send.

    No secret and no address of Echo's is in it.
    """
    return {name: os.environ[name] for name in NEEDED if name in os.environ}


def read_whole(source: IO[bytes], size: int) -> bytes:
    """Read so many bytes; raises OSError where there are fewer."""
    found = source.read(size)
    if len(found) != size:
        raise OSError("the process has ended")
    return found


class Places:
    """How much of one person's may go on or wait at a time."""

    def __init__(self, most: int, refusal: str) -> None:
        self._most = most
        self._refusal = refusal
        self.taken: Counter[int] = Counter()

    @contextmanager
    def of(self, user_id: int) -> Iterator[None]:
        """Hold one of a person's places; raises RateLimited where there is none left."""
        if self.taken[user_id] >= self._most:
            raise RateLimited(gettext(self._refusal), retry_after=2)
        self.taken[user_id] += 1
        try:
            yield
        finally:
            self.taken[user_id] -= 1
            self.taken += Counter()  # forgets who has none


class _Wait(NamedTuple):
    latch: hub.Latch
    person: object


class Line:
    """Green threads that do something one at a time, in the order in which they came.

    Who has had its turn hands it to the next: whoever comes again at once stands behind those who wait. Where
    several wait for one person, the turns go round among people.
    """

    def __init__(self, waiting: str) -> None:
        self._waiting = waiting
        self._waits: list[_Wait] = []  # the first has its turn
        self._turns = 0
        # by person of those who wait, the number of their last turn, or of the one in which they came
        self._had: dict[object, int] = {}

    @property
    def is_free(self) -> bool:
        """Tell whether nobody has a turn."""
        return not self._waits

    @contextmanager
    def turn(self, patience: float, person: object = None) -> Iterator[None]:
        """Wait for one's turn; raises Busy where it has not come after so many seconds."""
        mine = _Wait(hub.Latch(), person)
        self._waits.append(mine)
        self._had.setdefault(person, self._turns)
        try:
            if self._waits[0] is not mine and not mine.latch.wait(patience):
                raise Busy(gettext(self._waiting), retry_after=5)
            yield
        finally:
            was_first = self._waits[0] is mine
            self._waits.remove(mine)
            if not self._waits:
                self._had.clear()
            elif was_first:
                self._hand_on(person)

    def _hand_on(self, person: object) -> None:
        """Give the turn to whoever came first of those whose person has had none for the longest time."""
        self._turns += 1
        self._had[person] = self._turns
        self._had = {each.person: self._had[each.person] for each in self._waits}
        following = min(self._waits, key=lambda each: self._had[each.person])
        self._waits.remove(following)
        self._waits.insert(0, following)
        following.latch.notify()


class ChildProcess:
    """One process, asked by one green thread at a time: the one whose `turn` it is."""

    def __init__(self, patience: float, waiting: str) -> None:
        self.patience = patience
        """Seconds without an answer after which the process is replaced, and a turn is not waited for."""
        self._line = Line(waiting)
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._answers: BinaryIO = io.BytesIO()

    def stop(self) -> None:
        """End the process; the next request starts a new one."""
        if self._socket is not None:
            self._answers.close()
            self._socket.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._socket = self._process = None

    def turn(self) -> AbstractContextManager[None]:
        """Wait for one's turn: the process does one thing at a time; raises Busy after a while."""
        return self._line.turn(self.patience)

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


class ResidentProcess(ChildProcess):
    """One that stays for the next request, and ends when none has come for a while: it holds much memory."""

    def __init__(self, patience: float, waiting: str, idle: float) -> None:
        super().__init__(patience, waiting)
        self._idle = idle
        self._used_at = 0.0
        self._watched = False

    @contextmanager
    def _use(self) -> Iterator[None]:
        """Have one's turn, and count the time without requests from its end on."""
        with self.turn():
            try:
                yield
            finally:
                self._used_at = time.monotonic()

    def _next_line(self) -> bytes:
        """Return the next line that the process says, without its end; raises OSError where it has ended."""
        line = self._answers.readline()
        if not line.endswith(b"\n"):
            raise OSError("the process has ended")
        return line[:-1]

    def _end_when_idle(self) -> None:
        """Look after the process from now on, in a green thread."""
        if not self._watched:
            self._watched = True
            hub.spawn(self._look_after)

    def _look_after(self) -> None:
        while self._process is not None:
            hub.sleep(min(LOOK_SECONDS, self._idle))
            if self._line.is_free and time.monotonic() - self._used_at >= self._idle:
                with self.turn():  # at once; who comes meanwhile waits until it has ended
                    self.stop()
        self._watched = False
