"""How adding a model tells how far it is, and is stopped. Knows neither who listens nor what is fetched."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from echo.errors import Conflict
from echo.languages import gettext


@dataclass(frozen=True)
class Step:
    """How far it is: bytes done of `total`, what is being done in a few words, and maybe news in `note`."""

    done: int
    total: int
    what: str
    note: str = ""


Progress = Callable[[Step], None]
"""Takes the steps, a few each second; called from the thread that adds the model."""


def silent(_step: Step) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Work:
    """One model being added: where its files go, who hears of it, and what stops it."""

    name: str
    home: Path
    progress: Progress = silent
    cancel: threading.Event = field(default_factory=threading.Event)

    @property
    def pieces(self) -> Path:
        """Where what is not complete lies; removed at the end."""
        return self.home / "pieces"

    def refuse_if_stopped(self) -> None:
        """Raise Conflict when it was stopped."""
        if self.cancel.is_set():
            raise Conflict(
                gettext("Adding “%(name)s” was stopped. What is complete is kept.", name=self.name)
            )
