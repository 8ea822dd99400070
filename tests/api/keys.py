"""Keys of programs for tests, and the headers that show them."""

from __future__ import annotations

from echo.models import User
from echo.scopes import Scope
from echo.services.sign_in import api_keys
from echo.services.sign_in.api_keys import Wish

USUAL = (Scope.CHAT,)


def key_of(user: User, *scopes: Scope, days: int | None = None) -> str:
    """Make a key of this person's; without scopes it asks models."""
    return api_keys.make(user, Wish("test", scopes or USUAL, days))[1]


def shows(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
