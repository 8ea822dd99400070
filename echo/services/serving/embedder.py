"""The process that turns texts into vectors: started when first needed, asked in turn, ended when idle.

Knows the lines of `echo/generation/embedding.py` and no model.
"""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import structlog
from flask import Flask

from echo.child_process import Line, ResidentProcess
from echo.errors import EngineFailed, TooLong
from echo.languages import gettext, mark, number

log = structlog.get_logger()

PATIENCE_SECONDS: Final = 120.0
IDLE_SECONDS: Final = 600.0
Form = Literal["float", "base64"]
WAITING: Final = mark("Others are embedding texts. Please try again.")
FAILED: Final = mark("The embedding model does not answer. The log says why.")


@dataclass(frozen=True)
class Embedded:
    """A vector of length 1 for each text, as JSON, and the tokens of all of them."""

    vectors: list[str]
    tokens: int


class Embedder(ResidentProcess):
    """One process for one model's folder."""

    def __init__(self, idle: float = IDLE_SECONDS) -> None:
        super().__init__(PATIENCE_SECONDS, WAITING, idle)
        self.bulk = Line(WAITING)
        """Who brings many texts, batch by batch, waits here first: others then wait for one batch of one."""

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
        with self._use():
            try:
                found, vectors = self._exchange(folder, texts, form)
            except (OSError, ValueError) as failure:
                log.error("the embedding process failed", error=str(failure))
                self.stop()
                raise EngineFailed(gettext(FAILED), retry_after=5) from failure
        if found.get("error") == "too_long":
            raise TooLong(
                gettext(
                    "Text %(index)s has %(tokens)s tokens; this model reads %(limit)s.",
                    index=found["index"],
                    tokens=number(found["tokens"]),
                    limit=number(found["limit"]),
                ),
                field="input",
            )
        if "error" in found:
            log.error("texts cannot be embedded", error=found["error"])
            raise EngineFailed(gettext(FAILED))
        return Embedded(vectors, found["tokens"])

    def _exchange(
        self, folder: Path, texts: list[str], form: Form
    ) -> tuple[dict[str, Any], list[str]]:
        channel = self._running(folder)
        channel.sendall(json.dumps({"texts": texts, "form": form}).encode() + b"\n")
        found: dict[str, Any] = json.loads(self._next_line())
        return found, [self._next_line().decode() for _ in range(found.get("count", 0))]

    def _running(self, folder: Path) -> socket.socket:
        """Return the way to a process that is ready."""
        if (channel := self._open()) is not None:
            return channel
        channel = self._launch("echo.generation.embedding", str(folder))
        self._next_line()
        self._end_when_idle()
        return channel
