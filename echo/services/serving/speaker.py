"""The process that turns words into sound, ended when idle. Knows the lines of `echo/speaking/worker.py`.

A text is spoken piece by piece, and each piece waits for its turn: a long text keeps no short one waiting.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog
from flask import Flask

from echo.child_process import PASSIVE, Places, ResidentProcess, bare_environment, read_whole
from echo.errors import EngineFailed
from echo.languages import gettext, mark
from echo.limits import SPEECH_MEMORY_BYTES, SPEECH_SECONDS, SPEECHES_AT_ONCE
from echo.speaking.pieces import pieces

log = structlog.get_logger()

WORKER = "echo.speaking.worker"
IDLE_SECONDS: Final = 600.0
WAITING: Final = mark("Others are being read to. Please try again.")
FAILED: Final = mark("The voice does not answer. The log says why.")
MANY: Final = mark("Texts of yours are being read already. Please wait for them.")


@dataclass(frozen=True)
class Manner:
    """How to speak: a voice's file, how fast, samples a second (None: as many as the voice makes)."""

    voice: Path
    speed: float = 1.0
    rate: int | None = None


@dataclass(frozen=True)
class Sound:
    """A piece that is spoken: samples of 16 bits, one channel, so many a second."""

    rate: int
    samples: bytes


class Speaker(ResidentProcess):
    """One process for all voices; pieces are spoken one after another."""

    def __init__(self, idle: float = IDLE_SECONDS) -> None:
        super().__init__(float(SPEECH_SECONDS), WAITING, idle)
        self._places = Places(SPEECHES_AT_ONCE, MANY)

    @classmethod
    def of(cls, app: Flask) -> Speaker:
        """Return an application's."""
        found: Speaker = app.extensions.setdefault("speaker", cls())
        return found

    def speak(self, user_id: int, text: str, manner: Manner) -> Generator[Sound]:
        """Yield a text's pieces as they are spoken; whoever closes this hears no more.

        Raises:
            RateLimited: as many of this person's texts are being spoken as may.
            Busy: others are spoken to for too long.
            EngineFailed: the process does not start, or does not answer.
        """
        with self._places.of(user_id):
            for piece in pieces(text):
                yield self._say(piece, manner)

    def _say(self, piece: str, manner: Manner) -> Sound:
        with self._use():
            try:
                return self._exchange(piece, manner)
            except (OSError, ValueError, KeyError) as failure:
                log.error("the speaking process failed", error=str(failure))
                self.stop()
                raise EngineFailed(gettext(FAILED), retry_after=5) from failure

    def _exchange(self, piece: str, manner: Manner) -> Sound:
        if (channel := self._open()) is None:
            words = WORKER, str(SPEECH_MEMORY_BYTES)
            channel = self._launch(*words, environment=bare_environment() | PASSIVE)
            self._end_when_idle()
        asked = {"text": piece, **vars(manner), "voice": str(manner.voice)}
        channel.sendall(json.dumps(asked).encode() + b"\n")
        found: dict[str, Any] = json.loads(self._next_line())
        if "error" in found:
            log.error("a text cannot be spoken", error=found["error"])
            raise EngineFailed(gettext(FAILED))
        return Sound(found["rate"], read_whole(self._answers, 2 * found["samples"]))
