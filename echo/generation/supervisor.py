"""Watches the engine's thread from another one, and replaces it when it dies or hangs in a step.

It does not know requests: those of a thread that is replaced end, each with a word. A thread that hangs
cannot be ended: it is left behind with the memory it holds, and lets go of it should it ever come back.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Final

from .config import EngineConfig
from .engine_thread import EngineThread

log = logging.getLogger(__name__)
LOOKS: Final = 4  # within the longest step
LONGEST_LOOK_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 30.0
FORGOTTEN_AFTER_SECONDS: Final = 600.0


class Supervisor:
    """Holds the present thread; `begin` is called with each one that takes over."""

    def __init__(
        self, thread: EngineThread, begin: Callable[[EngineThread], None], config: EngineConfig
    ) -> None:
        self.thread = thread
        self._begin = begin
        self._config = config
        self._over = threading.Event()
        self._swap = threading.Lock()
        self._failures: list[float] = []

    def start(self) -> None:
        self.thread.start()
        threading.Thread(target=self._watch, name="echo-engine-watch", daemon=True).start()

    def stop(self, timeout: float) -> None:
        """End the present thread and every stream; blocks for timeout at most."""
        with self._swap:
            self._over.set()
        self.thread.stop(timeout)

    def _watch(self) -> None:
        look = min(LONGEST_LOOK_SECONDS, self._config.step_seconds / LOOKS)
        while not self._over.wait(look):
            failure = self._failure(self.thread, time.monotonic())
            if failure is not None:
                self._replace(failure, time.monotonic())

    def _failure(self, thread: EngineThread, now: float) -> str | None:
        """Return why the thread must be replaced, if it must; a step that takes too long is given up."""
        if thread.end is not None:
            return thread.end[1] or "it has ended"
        since = thread.stepping_since
        if since is None or now - since <= self._config.step_seconds:
            return None
        text = f"a step of the model took more than {self._config.step_seconds:g} s"
        log.error("The engine hangs: %s. It hangs at:\n%s", text, _place(thread.ident))
        return text

    def _replace(self, failure: str, now: float) -> None:
        """Let another thread take over, later after each failure."""
        recent = [when for when in self._failures if when > now - FORGOTTEN_AFTER_SECONDS]
        self._failures = [*recent, now]
        pause = self._config.restart_pause_seconds * 2 ** len(recent)
        pause = min(pause, LONGEST_PAUSE_SECONDS)
        log.error("The engine is replaced (%s); it starts again in %.1f s", failure, pause)
        self.thread.give_up(failure)
        if self._over.wait(pause):
            return
        with self._swap:
            if self._over.is_set():
                return
            self.thread = self.thread.successor()
            self._begin(self.thread)
            self.thread.start()
        log.warning("The engine has started again")


def _place(ident: int | None) -> str:
    frame = sys._current_frames().get(ident or 0)
    return "".join(traceback.format_stack(frame)) if frame is not None else "(it is gone)"
