"""What somebody had sent when they were asked who they are: it waits until that is proved. Knows no form.

Sealed, for it may hold a password; one for each person, so that nobody fills the cache.
"""

from __future__ import annotations

import json
import secrets
from typing import Final, NamedTuple

from echo.errors import StorageUnavailable
from echo.extensions import cache
from echo.languages import gettext, mark
from echo.services.sign_in import secret_box

KEPT_SECONDS: Final = 15 * 60
KEPT_CHARS: Final = 200_000
PURPOSE: Final = "kept form"
NOT_KEPT: Final = mark("This could not be kept just now. Please send it again in a moment.")

Fields = list[tuple[str, str]]


class KeptForm(NamedTuple):
    """Where it was sent to, as path and query, and its fields in their order."""

    path: str
    fields: Fields


def keep(user_id: int, form: KeptForm) -> str | None:
    """Keep the form in place of the person's last one; returns its key, None where it is too long.

    Raises:
        StorageUnavailable: the cache takes nothing.
    """
    if sum(len(name) + len(value) for name, value in form.fields) > KEPT_CHARS:
        return None
    key = secrets.token_urlsafe(18)
    sealed = secret_box.seal(json.dumps([key, *form]), PURPOSE)
    if not cache.set(_name(user_id), sealed, timeout=KEPT_SECONDS):
        raise StorageUnavailable(gettext(NOT_KEPT), retry_after=5)
    return key


def look(user_id: int, key: str) -> KeptForm | None:
    """Return the person's form of this key, None where it is taken, too old or another's."""
    sealed = cache.get(_name(user_id))
    if sealed is None:
        return None
    known, path, fields = json.loads(secret_box.unseal(sealed, PURPOSE))
    if not secrets.compare_digest(known.encode(), key.encode()):
        return None
    return KeptForm(path, [(name, value) for name, value in fields])


def take(user_id: int, key: str) -> KeptForm | None:
    """Return the same and forget it: it is sent once."""
    form = look(user_id, key)
    return form if form is not None and cache.delete(_name(user_id)) else None


def _name(user_id: int) -> str:
    return f"kept_form/{user_id}"
