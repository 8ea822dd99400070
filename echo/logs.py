"""Structured logs to standard error: readable lines or JSON. Knows no logger's name."""

from __future__ import annotations

import contextlib
import logging
import re
import sys
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import structlog
from structlog.typing import Processor

QUIET = (
    "engineio",
    "socketio",
    "eventlet.wsgi",
    "alembic",
    "PIL",
    "authlib",  # writes a sign-in's secrets at DEBUG
)
KEPT_ERRORS: Final = 20
PLACEHOLDER: Final = re.compile(r"%[-+ #0]*[\d.]*[a-z]")
"""Where a line of the standard library's has what it was told."""


@dataclass(frozen=True)
class LoggedError:
    """A failure as it may be shown: what happened and where, but none of the words that came with it."""

    at: datetime
    logger: str
    event: str
    kind: str
    """The exception's class, where there was one."""
    request_id: str


class LastErrors(logging.Handler):
    """Counts what is logged as an error, by any thread, and keeps the newest."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.count = 0
        self._kept: deque[LoggedError] = deque(maxlen=KEPT_ERRORS)

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1
        said = record.msg if isinstance(record.msg, dict) else {"event": record.msg}
        moment = datetime.fromtimestamp(record.created, UTC)
        self._kept.append(
            LoggedError(
                moment,
                record.name,
                PLACEHOLDER.sub("…", str(said.get("event", ""))),
                _kind_raised(record, said),
                str(said.get("request_id") or getattr(record, "request_id", "")),
            )
        )

    def newest(self) -> list[LoggedError]:
        """Return what is kept, the newest first."""
        return list(reversed(self._kept))


def _kind_raised(record: logging.LogRecord, said: dict[str, Any]) -> str:
    """Return the class of what was raised; structlog has made a traceback of it already."""
    if record.exc_info and record.exc_info[0]:
        return record.exc_info[0].__name__
    lines = str(said.get("exception", "")).strip().splitlines()
    return lines[-1].partition(":")[0].rpartition(".")[2] if lines else ""


logged_errors = LastErrors()
"""Of the whole process, as the log is."""


class PatientStream:
    """A stream that nobody is told of where it cannot be written: a full disk costs lines of a log, no more.

    eventlet writes to standard error inside its hub, which ends with the whole process when that fails.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lost = 0

    def write(self, text: str) -> int:
        """Write, or count what is lost; the first line afterwards says how much."""
        try:
            if self._lost:
                self._stream.write(f"({self._lost} pieces of this log could not be written)\n")
                self._lost = 0
            self._stream.write(text)
        except OSError:
            self._lost += 1
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def protect_output() -> None:
    """Let nothing fail because standard output or standard error cannot be written."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, PatientStream):
            setattr(sys, name, PatientStream(stream))


def configure(level: str, style: str) -> None:
    """Send structlog's and the standard library's records through one formatter.

    Raises nothing; safe for native threads, since locks are native (see `run.py`).
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder(["request_id"])],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=level, handlers=[handler, logged_errors], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
