"""Random tokens for links, invitations and browsers, of which only a digest is stored. Knows no rows."""

from __future__ import annotations

import hashlib
import secrets


def new_token() -> str:
    """Return a token that nobody guesses: 256 random bits, safe in an address."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
