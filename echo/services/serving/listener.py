"""The processes that turn sound into words: a decoder for each file, and one listener, ended when idle.

Knows the lines of `echo/hearing/decoding.py` and `echo/hearing/worker.py`, and no model. Here nothing of
the sound is written down: it goes through sockets.
"""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import structlog
from flask import Flask

from echo.child_process import (
    PASSIVE,
    ChildProcess,
    Places,
    ResidentProcess,
    bare_environment,
    read_whole,
)
from echo.errors import EngineFailed, InvalidInput, TooLong
from echo.hearing.decoding import RATE
from echo.languages import gettext, mark, said
from echo.limits import (
    SOUND_BYTES,
    SOUND_DECODING_MEMORY_BYTES,
    SOUND_DECODING_SECONDS,
    SOUND_HEARING_MEMORY_BYTES,
    SOUND_HEARING_SECONDS,
    SOUND_SECONDS,
    SOUNDS_WAITING,
)

log = structlog.get_logger()

IDLE_SECONDS: Final = 600.0
CHUNK: Final = 1 << 20
LINE_BYTES: Final = 1_000_000
ALONE: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Libraries would take memory for a thread of each core, which a small process may not have."""
WAITING: Final = mark("Others are being listened to. Please try again.")
FAILED: Final = mark("The speech model does not answer. The log says why.")
STOPPED: Final = mark("Reading this file took too long or too much memory, so it was stopped.")
MANY: Final = mark("Sound of yours is being listened to already. Please wait for it.")
REFUSALS: Final = (
    mark("There is no sound in this file."),
    mark(
        "This is no sound that can be read, or it is damaged: flac, m4a, mp3, mp4, mpeg, mpga, oga, ogg, wav "
        "and webm are."
    ),
    mark("This is longer than %(minutes)s minutes: send it in parts."),
)
"""What the process that decodes says, which knows no reader."""


@dataclass(frozen=True)
class Wanted:
    """How to listen: a code of a language (None: find out), words that may occur, the sampling."""

    language: str | None = None
    prompt: str | None = None
    temperature: float | None = None


@dataclass(frozen=True)
class Heard:
    """What was said: the language, the length of the sound in seconds, and stretches of speech."""

    language: str
    seconds: float
    segments: list[dict[str, Any]]

    @property
    def text(self) -> str:
        """All of it, as one text."""
        return "".join(segment["text"] for segment in self.segments).strip()


class Decoder(ChildProcess):
    """A process for each file: what a hostile one does to it ends with it."""

    def __init__(self) -> None:
        super().__init__(float(SOUND_DECODING_SECONDS), WAITING)

    def samples(self, file: IO[bytes], size: int) -> bytes:
        """Return a file's samples, 16 bits each, 16,000 a second; the process has ended then.

        Raises:
            InvalidInput: there is no sound in it, it cannot be read, or it is too long.
            EngineFailed: the process does not start.
        """
        try:
            channel = self._launch("echo.hearing.decoding", environment=bare_environment() | ALONE)
        except OSError as failure:  # of this machine, not of the file
            log.error("the decoding process does not start", error=str(failure))
            raise EngineFailed(gettext(FAILED), retry_after=5) from failure
        try:
            return self._exchange(channel, file, size)
        except (OSError, ValueError) as failure:  # ended by its limits, or silent for too long
            raise InvalidInput(gettext(STOPPED), field="file") from failure
        finally:
            self.stop()

    def _exchange(self, channel: socket.socket, file: IO[bytes], size: int) -> bytes:
        limits = {"seconds": SOUND_SECONDS, "memory": SOUND_DECODING_MEMORY_BYTES}
        asked = {"bytes": size, "patience": SOUND_DECODING_SECONDS, **limits}
        channel.sendall(json.dumps(asked).encode() + b"\n")
        while chunk := file.read(CHUNK):
            channel.sendall(chunk)
        found = json.loads(self._answers.readline(LINE_BYTES))
        if "refused" in found:
            raise InvalidInput(said(found["refused"], REFUSALS), field="file")
        return read_whole(self._answers, 2 * min(found["samples"], SOUND_SECONDS * RATE))


class Listener(ResidentProcess):
    """One process for one model's folder; sounds are heard one after another."""

    def __init__(self, idle: float = IDLE_SECONDS) -> None:
        super().__init__(float(SOUND_HEARING_SECONDS), WAITING, idle)
        self._decoder = Decoder()
        self._places = Places(SOUNDS_WAITING, MANY)
        self._languages: frozenset[str] = frozenset()

    @classmethod
    def of(cls, app: Flask) -> Listener:
        """Return an application's."""
        found: Listener = app.extensions.setdefault("listener", cls())
        return found

    def hear(self, folder: Path, user_id: int, file: IO[bytes], wanted: Wanted) -> Heard:
        """Return what is said in a file of sound.

        Raises:
            TooLong: it has more bytes than it may.
            InvalidInput: no sound is in it, it cannot be read, or the language is none.
            RateLimited: as much of this person's is waiting already as may.
            Busy: others are listened to for too long.
            EngineFailed: the process does not start, or does not answer.
        """
        size = file.seek(0, 2)
        file.seek(0)
        if size > SOUND_BYTES:
            raise TooLong(
                gettext("A file of sound has at most %(most)s MB.", most=SOUND_BYTES // 1_000_000),
                field="file",
            )
        with self._places.of(user_id), self._use():
            samples = self._decoder.samples(file, size)
            try:
                return self._exchange(folder, samples, wanted)
            except (OSError, ValueError, KeyError) as failure:
                log.error("the listening process failed", error=str(failure))
                self.stop()
                raise EngineFailed(gettext(FAILED), retry_after=5) from failure

    def _exchange(self, folder: Path, samples: bytes, wanted: Wanted) -> Heard:
        channel = self._running(folder)
        if wanted.language and wanted.language not in self._languages:
            raise InvalidInput(
                gettext(
                    "“%(language)s” is no language that this model hears: send a code such as "
                    "en or de.",
                    language=wanted.language,
                ),
                field="language",
            )
        asked = {"samples": len(samples) // 2, **vars(wanted)}
        deadline = time.monotonic() + self.patience
        channel.settimeout(self.patience)  # what the last sound left of its time does not count
        channel.sendall(json.dumps(asked).encode() + b"\n")
        channel.sendall(memoryview(samples))  # what is left is not copied for each piece
        segments: list[dict[str, Any]] = []
        while True:
            channel.settimeout(max(0.01, deadline - time.monotonic()))
            found: dict[str, Any] = json.loads(self._next_line())
            if "error" in found:
                log.error("sound cannot be listened to", error=found["error"])
                raise EngineFailed(gettext(FAILED))
            if "end" in found:
                return Heard(found["end"]["language"], found["end"]["seconds"], segments)
            segments.append(found["segment"])

    def _running(self, folder: Path) -> socket.socket:
        """Return the way to a process that is ready."""
        if (channel := self._open()) is not None:
            return channel
        words = "echo.hearing.worker", str(folder), str(SOUND_HEARING_MEMORY_BYTES)
        channel = self._launch(*words, environment=bare_environment() | PASSIVE)
        self._languages = frozenset(json.loads(self._next_line())["languages"])
        self._end_when_idle()
        return channel
