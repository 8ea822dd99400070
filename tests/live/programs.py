"""Keys of programs on a real server. Knows no one client."""

from __future__ import annotations

from echo.extensions import db
from echo.scopes import Scope
from echo.services.accounts import accounts
from echo.services.sign_in import api_keys
from echo.services.sign_in.api_keys import Wish
from tests.live import accounts as made
from tests.live.server import PASSWORD, LiveServer


def key_on(server: LiveServer, name: str, *scopes: Scope) -> str:
    """Make an account on the server, and return a key of its own."""
    made.make(server.app, name, PASSWORD, "user")
    with server.app.app_context():
        user = accounts.find(name)
        assert user is not None, name
        key = api_keys.make(user, Wish("a program", scopes or (Scope.CHAT,)))[1]
        db.engine.dispose()
    return key


def revoke_all(server: LiveServer, name: str) -> None:
    """Revoke every key of somebody's, from another process than the server's."""
    with server.app.app_context():
        user = accounts.find(name)
        assert user is not None, name
        for row in api_keys.living(user.id):
            api_keys.revoke(row)
        db.engine.dispose()
