"""How long tests wait for what must come, and how: by looking for it, never by a guessed pause."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import eventlet

T = TypeVar("T")

PATIENCE = 60.0
"""For what comes by itself, in seconds: a busy machine takes its time."""
SOON = 10.0
"""For what is told by an event: who looks for it now and then needs longer."""


def until(true: Callable[[], T], what: str) -> T:
    """Let this process's green threads run until `true()` is; return what it gave."""
    found = None
    with eventlet.Timeout(PATIENCE, AssertionError(f"not in {PATIENCE} s: {what}")):
        while not (found := true()):
            eventlet.sleep(0.005)
    return found
