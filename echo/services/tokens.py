"""Random tokens, stored as digests, and marks that tell whether values have changed. Knows no rows."""

from __future__ import annotations

import hashlib
import json
import secrets

from echo.errors import Conflict
from echo.languages import gettext


def new_token() -> str:
    """Return a token that nobody guesses: 256 random bits, safe in an address."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def refuse_changed(seen: str | None, now: str, said: str) -> None:
    """Raise Conflict (field "version") where `seen` is not the present mark; None: nothing was seen."""
    if seen is not None and seen != now:
        raise Conflict(gettext(said), field="version")


def mark_of(*values: object) -> str:
    """Return a mark of values that JSON holds: it changes when any of them does."""
    return digest(json.dumps(values))[:16]
