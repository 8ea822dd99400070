"""A person at a real pseudo-terminal, before the screen that a terminal would show. Knows no command."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import termios
import time
from collections.abc import Callable

import pyte

from tests.live.prefork import prefork
from tests.live.server import LiveServer

PATIENCE = 40.0
ROWS, COLUMNS = 30, 90
CTRL_C, CTRL_D, ALT_ENTER = "\x03", "\x04", "\x1b\r"


class _Screen(pyte.HistoryScreen):
    """A screen that answers when it is asked where the cursor is."""

    def __init__(self, master: int) -> None:
        super().__init__(COLUMNS, ROWS, history=2000)
        self._master = master

    def write_process_input(self, data: str) -> None:
        os.write(self._master, data.encode())


class Terminal:
    """`run.py` with these words in a window of its own."""

    def __init__(self, server: LiveServer, *words: str) -> None:
        self._master, self._slave = os.openpty()
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._screen = _Screen(self._master)
        self._stream = pyte.ByteStream(self._screen)
        self.written = b""
        """All that the program sent, sequences and all."""
        place = os.ttyname(self._slave)
        environment = {**server.environment, "TERM": "xterm-256color"}
        self.process = prefork().start(list(words), server.folder, environment, [place] * 3)

    @property
    def text(self) -> str:
        """What has been on the screen, from the first line on."""
        above = [
            "".join(line[column].data for column in range(COLUMNS))
            for line in self._screen.history.top
        ]
        return "\n".join(line.rstrip() for line in [*above, *self._screen.display]).rstrip()

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def until(self, true: Callable[[], bool], what: str) -> None:
        """Read on until something is true of the screen."""
        deadline = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < deadline, f"{what} did not come:\n{self.text}"
            self._read(0.1)

    def shows(self, text: str) -> None:
        self.until(lambda: text in self.text, text)

    def ask(self, line: str, answer: str) -> None:
        """Type a line at the prompt, and wait for words and for the next prompt after them."""
        before = len(self.text)
        self.type(f"{line}\r")
        self.until(lambda: answer in self.text[before:], answer)
        self.until(lambda: self.text.endswith("You:"), "the next prompt")

    def end(self) -> int:
        """Wait for the end and return the exit status."""
        self.until(lambda: self.process.poll() is not None, "the end")
        self._read(0.1)
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)
        os.close(self._slave)
        os.close(self._master)

    def _read(self, seconds: float) -> None:
        if select.select([self._master], [], [], seconds)[0]:
            data = os.read(self._master, 65536)
            self.written += data
            self._stream.feed(data)
