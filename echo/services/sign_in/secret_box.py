"""Keeps small secrets unreadable wherever they are stored. Does not know what they are for.

Every key is derived from SECRET_KEY (HKDF, RFC 5869), one for each purpose: a changed SECRET_KEY makes
what was sealed before unreadable for good.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

import structlog
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

from echo.errors import Conflict
from echo.languages import gettext, mark

log = structlog.get_logger()

UNREADABLE = mark(
    "This cannot be read any more: the server's secret key was changed after it was set up. "
    "Please ask the server's administrator."
)


def seal(text: str, purpose: str) -> str:
    """Return the text encrypted and signed (Fernet)."""
    return _box(purpose).encrypt(text.encode()).decode()


def unseal(sealed: str, purpose: str) -> str:
    """Return what was sealed for this purpose; raises Conflict when the key has changed since."""
    try:
        return _box(purpose).decrypt(sealed.encode()).decode()
    except InvalidToken:
        log.error("a sealed value cannot be read: SECRET_KEY was changed", purpose=purpose)
        raise Conflict(gettext(UNREADABLE)) from None


def keyed_hash(text: str, purpose: str) -> bytes:
    """Return the HMAC-SHA256 of the text: nobody without the server's key can try texts against it."""
    return hmac.digest(derived_key(purpose), text.encode(), hashlib.sha256)


def _box(purpose: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(derived_key(purpose)))


def derived_key(purpose: str) -> bytes:
    """Return 32 bytes that nothing else is sealed or signed with."""
    secret = str(current_app.config["SECRET_KEY"]).encode()
    return HKDF(SHA256(), 32, salt=None, info=f"echo {purpose}".encode()).derive(secret)
