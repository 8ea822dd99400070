"""Random tokens, stored as digests, and marks that tell whether values have changed. Knows no rows."""

from __future__ import annotations

import hashlib
import json
import secrets


def new_token() -> str:
    """Return a token that nobody guesses: 256 random bits, safe in an address."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def mark_of(*values: object) -> str:
    """Return a mark of values that JSON holds: it changes when any of them does."""
    return digest(json.dumps(values))[:16]
