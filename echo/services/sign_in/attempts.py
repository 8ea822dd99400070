"""Tries to sign in that are refused, announced for whoever counts them. Knows no way of signing in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from echo import signals
from echo.errors import RateLimited, WrongCredentials


@contextmanager
def announced() -> Iterator[None]:
    """Announce how a try ends that fails in the block (or in the function that this decorates)."""
    try:
        yield
    except WrongCredentials:
        signals.sign_in_refused.send("wrong")
        raise
    except RateLimited:
        signals.sign_in_refused.send("blocked")
        raise
