"""Loads another model while the old one serves, to be swapped between turns.

It does not know when that is: the engine's thread asks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

from .counters import EngineHealth
from .runner import ModelRunner


class ModelSwap:
    """The new runner is built in a helper thread; torch may lose its second core by that."""

    def __init__(self, build: Callable[[], ModelRunner], news: Callable[[], None]) -> None:
        self.build = build
        self.done: Future[EngineHealth] = Future()
        self.runner: ModelRunner | None = None
        self._news = news
        self._thread = threading.Thread(target=self._load, name="echo-model-loader", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _load(self) -> None:
        try:
            self.runner = self.build()
        except Exception as error:
            self.done.set_exception(error)
        finally:
            self._news()
