"""Ctrl-C while an answer is written: it is counted, so that the answer can end in order. Knows no answer."""

from __future__ import annotations

import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

ENOUGH: Final = 2
"""So often in a row: whoever presses it wants to leave."""


class Interrupts:
    """How often Ctrl-C was pressed since the last line."""

    def __init__(self) -> None:
        self.count = 0

    @property
    def leaving(self) -> bool:
        """Tell whether it was pressed often enough to leave."""
        return self.count >= ENOUGH

    def press(self) -> None:
        """Count one."""
        self.count += 1

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count what is pressed meanwhile instead of breaking off wherever the program is."""
        former = signal.signal(signal.SIGINT, lambda *_: self.press())
        try:
            with _without_echo():
                yield
        finally:
            signal.signal(signal.SIGINT, former)


@contextmanager
def _without_echo() -> Iterator[None]:
    """Let the terminal not show what is typed (^C, too): it would stand in the midst of the answer."""
    if not sys.stdin.isatty():
        yield
        return
    keyboard = sys.stdin.fileno()
    former, silent = termios.tcgetattr(keyboard), termios.tcgetattr(keyboard)
    silent[3] &= ~termios.ECHO
    termios.tcsetattr(keyboard, termios.TCSANOW, silent)
    try:
        yield
    finally:
        termios.tcsetattr(keyboard, termios.TCSANOW, former)
