"""Small things that are kept for some minutes and taken out once, such as challenges. Knows no meaning.

They live in the shared cache, not in the cookie: a cookie that is sent again would bring them back.
"""

from __future__ import annotations

import secrets
from typing import Any, Final

from echo.errors import StorageUnavailable
from echo.extensions import cache
from echo.languages import gettext, mark

NOT_KEPT: Final = mark("This could not be begun just now. Please try again in a moment.")


def put(kind: str, value: Any, seconds: int) -> str:
    """Keep `value` and return the key under which it can be taken once; raises StorageUnavailable."""
    key = secrets.token_urlsafe(18)
    if not cache.set(_name(kind, key), value, timeout=seconds):
        raise StorageUnavailable(gettext(NOT_KEPT), retry_after=5)
    return key


def look(kind: str, key: str | None) -> Any:
    """Return the value and keep it; None when it is unknown, taken or too old."""
    return cache.get(_name(kind, key)) if key else None


def take(kind: str, key: str | None) -> Any:
    """Return the value and forget it; None when it is unknown, taken or too old."""
    value = look(kind, key)
    deleted = value is not None and cache.delete(_name(kind, str(key)))
    return value if deleted else None  # of two at the same moment, the one that deleted has it


def _name(kind: str, key: str | None) -> str:
    return f"once/{kind}/{key}"
