"""The process that draws charts: started when first needed, asked in turn, replaced when it fails.

Knows the frames of `analytics/wire.py` and no chart. pandas and matplotlib live in that process alone: a
drawing there costs this one nothing but the wait of the one who asked.
"""

from __future__ import annotations

import itertools
import os
import socket
from pathlib import Path
from typing import Any, BinaryIO, Final

import structlog
from flask import Flask

from analytics import wire
from echo.child_process import ChildProcess
from echo.config import ROOT
from echo.errors import Busy, InvalidInput
from echo.languages import FOLDER, gettext, mark

log = structlog.get_logger()

FACES: Final = ROOT / "static" / "vendor" / "fonts"
PATIENCE_SECONDS: Final = 30.0
NOT_ANSWERING: Final = mark("The charts cannot be drawn just now. Please try again in a moment.")
NOT_STARTING: Final = mark(
    "The charts cannot be drawn: their process does not start. The log says why."
)
WAITING: Final = mark("Other charts are being drawn. Please try again.")


class ChartWorker(ChildProcess):
    """One drawing process."""

    def __init__(self, folder: Path, patience: float = PATIENCE_SECONDS) -> None:
        super().__init__(patience, WAITING)
        self._folder = folder  # where matplotlib keeps its list of faces
        self._ids = itertools.count(1)
        self.ready: dict[str, Any] = {}
        """What the process said of itself when it was ready."""

    @classmethod
    def of(cls, app: Flask) -> ChartWorker:
        """Return an application's drawing process."""
        worker: ChartWorker = app.extensions["chart_worker"]
        return worker

    def ask(self, header: dict[str, Any]) -> wire.Frame:
        """Send a request and return its answer; to be called within `turn`.

        Raises:
            InvalidInput: the process could not make sense of it.
            Busy: it does not answer.
        """
        try:
            answer = self._exchange(header)
        except (OSError, wire.Broken) as failure:
            log.warning("the chart process failed", error=str(failure))
            self.stop()
            raise Busy(gettext(NOT_ANSWERING), retry_after=5) from failure
        if not answer.header.get("ok"):
            log.warning("a chart was refused", error=answer.header.get("error"))
            raise InvalidInput(gettext("This chart cannot be drawn."), field="chart")
        return answer

    def start(self) -> None:
        """Start the process if it is not running, and wait until it is ready; raises Busy."""
        with self.turn():
            try:
                self._running()
            except (OSError, wire.Broken) as failure:
                log.error("the chart process does not start", error=str(failure))
                self.stop()
                raise Busy(gettext(NOT_STARTING), retry_after=5) from failure

    def _exchange(self, header: dict[str, Any]) -> wire.Frame:
        channel = self._running()
        channel.settimeout(self.patience)
        number = next(self._ids)
        channel.sendall(wire.encode({**header, "id": number}))
        answer = _next_frame(self._answers)
        if answer.header.get("id") != number:
            raise wire.Broken("the answer belongs to another request")
        return answer

    def _running(self) -> socket.socket:
        """Return the way to a process that is ready."""
        if (channel := self._open()) is not None:
            return channel
        environment = {**os.environ, "MPLCONFIGDIR": str(self._folder)}
        channel = self._launch("analytics.worker", str(FACES), str(FOLDER), environment=environment)
        said = _next_frame(self._answers).header
        if not said.get("ready"):
            raise wire.Broken(str(said.get("error")))
        self.ready = said
        return channel


def _next_frame(answers: BinaryIO) -> wire.Frame:
    frame = wire.read(answers)
    if frame is None:
        raise wire.Broken("the process has ended")
    return frame
