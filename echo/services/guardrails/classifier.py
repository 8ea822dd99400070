"""The process that says of what kind a text is: started when first needed, asked in turn, ended when idle.

Knows the lines of `echo/generation/classifying.py` and no model.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from functools import lru_cache
from typing import Any, Final

import structlog

from echo.child_process import ResidentProcess, bare_environment
from echo.config import Settings
from echo.errors import EngineFailed
from echo.languages import gettext, mark
from echo.services.tokens import digest

log = structlog.get_logger()

PATIENCE_SECONDS: Final = 60.0
IDLE_SECONDS: Final = 600.0
REMEMBERED: Final = 64  # a question is judged when it is asked, and again by whoever asks it anew
WAITING: Final = "Others are asking the classifier. Please try again."
FAILED: Final = mark("The classifier of the guardrails does not answer. The log says why.")


class Classifier(ResidentProcess):
    """One process for one model's folder."""

    def __init__(self, folder: str, idle: float = IDLE_SECONDS) -> None:
        super().__init__(PATIENCE_SECONDS, WAITING, idle)
        self._folder = folder
        self._labels: list[str] = []
        self._scores: OrderedDict[str, dict[str, float]] = OrderedDict()

    def labels(self) -> list[str]:
        """Return what it tells apart; raises EngineFailed, Busy."""
        with self._use():
            self._asked(None)
        return self._labels

    def scores(self, text: str) -> dict[str, float]:
        """Return how likely each label is for a text.

        Raises:
            Busy: others are asking for too long.
            EngineFailed: the process does not start, or does not answer.
        """
        key = digest(text)
        if (known := self._scores.get(key)) is not None:
            self._scores.move_to_end(key)
            return known
        with self._use():
            found = self._asked({"text": text})
        if "scores" not in found:
            log.error("a text cannot be classified", error=found.get("error"))
            raise EngineFailed(gettext(FAILED))
        self._scores[key] = found["scores"]
        if len(self._scores) > REMEMBERED:
            self._scores.popitem(last=False)
        return self._scores[key]

    def _asked(self, asked: dict[str, Any] | None) -> dict[str, Any]:
        """Start the process where it does not run, and return its answer, if anything is asked."""
        try:
            channel = self._open()
            if channel is None:
                words = "echo.generation.classifying", self._folder
                channel = self._launch(*words, environment=bare_environment())
                self._labels = json.loads(self._next_line())["labels"]
                self._end_when_idle()
            if asked is None:
                return {}
            channel.sendall(json.dumps(asked).encode() + b"\n")
            found: dict[str, Any] = json.loads(self._next_line())
        except (OSError, ValueError) as failure:
            log.error("the classifying process failed", error=str(failure))
            self.stop()
            raise EngineFailed(gettext(FAILED), retry_after=5) from failure
        return found


@lru_cache(1)
def of(folder: str) -> Classifier:
    """Return the classifier of a folder; a server has one."""
    return Classifier(folder)


def folder() -> str:
    """Return the folder that this server names; nothing where it names none."""
    named = Settings.here().guard_classifier
    return str(named) if named else ""
