"""When a model that has failed is loaded anew: soon, then later, and in the end after long pauses.

In the engine's thread. It does not know how models are loaded.
"""

from __future__ import annotations

import logging
import math
import time

from .config import EngineConfig
from .inbox import Inbox
from .served_model import ServedModel

log = logging.getLogger(__name__)


class Backoff:
    """The failures of all models, by their names."""

    def __init__(self, config: EngineConfig, inbox: Inbox) -> None:
        self._config = config
        self._inbox = inbox
        self._failures: dict[str, list[float]] = {}
        self._given_up: dict[str, list[float]] = {}
        self._again: dict[str, float] = {}

    def again_at(self, served: ServedModel) -> float:
        """When it is to be loaded; infinity where that is not so."""
        if served.state == "restarting":
            return served.wake_at
        return self._again.get(served.name, math.inf) if served.state == "failed" else math.inf

    def wanted(self, name: str) -> None:
        """Somebody asks for it anew: what was before does not count."""
        self._failures.pop(name, None)

    def failed(self, served: ServedModel, error: Exception) -> None:
        """Load it anew, later after each failure; one that failed too often within a short time is given up.

        Then its waiters are told, and it is tried again after a pause that doubles: nobody need be there.
        """
        now = time.monotonic()
        failures = _add(self._failures, served.name, now, self._config.quick_failure_seconds)
        text = f"{type(error).__name__}: {error}"
        if failures >= self._config.max_quick_failures:
            self._much_later(served, text, now)
            return
        served.state, served.error = "restarting", text
        served.restarts += 1
        served.wake_at = now + self._config.restart_pause_seconds * failures
        self._inbox.note_models()

    def _much_later(self, served: ServedModel, text: str, now: float) -> None:
        longest = self._config.longest_failed_pause_seconds
        times = _add(self._given_up, served.name, now, 3 * longest)
        pause = min(self._config.failed_pause_seconds * 2 ** (times - 1), longest)
        self.give_up(served, text)
        self._again[served.name] = now + pause
        log.error("The model %s keeps failing; it is loaded again in %.0f s", served.name, pause)

    def give_up(self, served: ServedModel, text: str) -> None:
        """It cannot be used, and waiting does not help."""
        self._again.pop(served.name, None)
        served.state, served.error = "failed", text
        served.doing, served.progress = "", None
        served.end_everything(text)
        self._inbox.note_models()


def _add(times: dict[str, list[float]], name: str, now: float, remembered: float) -> int:
    """Note that something happened now; return how often it has within the time that is remembered."""
    times[name] = [when for when in times.get(name, []) if when > now - remembered] + [now]
    return len(times[name])
