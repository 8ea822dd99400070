"""What the sockets' libraries write, in short lines and few: whoever sends nonsense fills no disk."""

from __future__ import annotations

import sys
from typing import Any, Final

import structlog

from echo.sockets.budgets import Bucket

log = structlog.get_logger()

LINES_A_MINUTE: Final = 10


class WireLog:
    """A logger for Socket.IO and Engine.IO, and for what is malformed; beyond its lines it only counts."""

    level = 0

    def __init__(self) -> None:
        self._lines = Bucket(LINES_A_MINUTE / 60, LINES_A_MINUTE)
        self._left_out = 0

    def malformed(self, network: str, what: str) -> None:
        """Note that a connection was ended."""
        self._write(log.warning, "malformed packet", network=network, what=what)

    def exception(self, text: str, *_words: Any) -> None:
        """Note a failure of Echo's own, with its traceback."""
        self._write(log.error, str(text)[:80], exc_info=sys.exc_info())

    def error(self, text: str, *words: Any, **_how: Any) -> None:
        self._write(log.warning, "refused by the sockets", what=_said(text, words))

    def warning(self, text: str, *words: Any, **_how: Any) -> None:
        self._write(log.warning, "sockets", what=_said(text, words))

    def info(self, *_words: Any, **_how: Any) -> None:
        """Each packet: nobody reads that."""

    debug = info

    def _write(self, write: Any, text: str, **facts: Any) -> None:
        if self._lines.room():
            left_out = {"left_out": self._left_out} if self._left_out else {}
            self._left_out = 0
            write(text, **facts, **left_out)
        else:
            self._left_out += 1


def _said(text: str, words: tuple[Any, ...]) -> str:
    return (str(text) % words if words else str(text))[:120]
