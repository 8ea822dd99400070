"""What an input costs: processor time of this process, so that a busy machine changes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

HELD = 0.4
"""Seconds of processor time that one request may take; before it was mended each of these took many."""


@contextmanager
def cheap(what: str, seconds: float = HELD) -> Iterator[None]:
    """Fail when the block takes more processor time."""
    began = time.process_time()
    yield
    taken = time.process_time() - began
    assert taken < seconds, f"{what} took {taken:.2f} s"
