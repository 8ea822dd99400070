"""Several processes that serve one Echo, on ports that follow each other; a proxy stands before them.

Starts them, starts anew what ends by itself, and ends all together. Knows nothing of what they serve.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Final

import structlog

from echo import config, hub, logs
from echo.config import ROOT, Settings
from echo.errors import ConfigurationError

log = structlog.get_logger()

LOOK_SECONDS: Final = 0.2
END_SECONDS: Final = 15.0
FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 30.0
STEADY_SECONDS: Final = 60.0
"""A process that lived so long is started anew at once when it ends."""


def serve_in(count: int) -> None:
    """Serve by `count` processes until told to stop.

    Raises:
        ConfigurationError: they would have nothing to meet in, or there are no ports for them.
    """
    settings = config.load()
    logs.configure(settings.log_level, settings.log_format)
    _refuse_apart(settings, count)
    children = [_Child(settings.port + number) for number in range(count)]
    stopping: list[int] = []
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda number, _frame: stopping.append(number))
    while not stopping:
        for child in children:
            child.keep_running()
        hub.sleep(LOOK_SECONDS)
    _end(children)


def _refuse_apart(settings: Settings, count: int) -> None:
    if not settings.redis_url:
        raise ConfigurationError("Several processes meet in Redis: set REDIS_URL.")
    if not settings.database_url.startswith("postgresql"):
        raise ConfigurationError("Several processes share a PostgreSQL database: set DATABASE_URL.")
    if not settings.port or settings.port + count > 2**16:
        raise ConfigurationError(f"PORT is the first of {count} ports that follow each other.")


class _Child:
    """One serving process; one that cannot be kept alive is started less and less often."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None
        self._began_at = 0.0
        self._due_at = 0.0
        self._pause = FIRST_PAUSE_SECONDS

    def keep_running(self) -> None:
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            log.warning("a process has ended", port=self.port, status=self.process.returncode)
            self._plan_next(now)
        if self.process is None and now >= self._due_at:
            environment = os.environ | {"PORT": str(self.port)}
            words = [sys.executable, str(ROOT / "run.py"), "serve"]
            self.process = subprocess.Popen(words, env=environment, start_new_session=True)
            self._began_at = now

    def _plan_next(self, now: float) -> None:
        self.process = None
        if now - self._began_at > STEADY_SECONDS:
            self._due_at, self._pause = now, FIRST_PAUSE_SECONDS
        else:
            self._due_at = now + self._pause
            self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)


def _end(children: list[_Child]) -> None:
    """Ask all to end, and end those that do not."""
    running = [child.process for child in children if child.process is not None]
    for process in running:
        process.terminate()
    until = time.monotonic() + END_SECONDS
    while any(process.poll() is None for process in running) and time.monotonic() < until:
        hub.sleep(LOOK_SECONDS)
    for process in running:
        process.kill()
        process.wait()
