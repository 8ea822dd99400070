"""Tells a person's tabs what is left of the day's allowances. Knows no roles and no turns."""

from __future__ import annotations

from flask import Flask

from echo import hub
from echo.errors import NotFound
from echo.extensions import socketio
from echo.services.turns import quotas
from echo.sockets import rooms


def tell(app: Flask, user_id: int) -> None:
    """Announce the allowances soon, in a task of its own: no turn waits for it or fails with it."""
    hub.spawn(_tell, app, user_id)


def _tell(app: Flask, user_id: int) -> None:
    with app.app_context():
        try:
            status = quotas.status(user_id)
        except NotFound:
            return  # the account was deleted meanwhile
        socketio.emit("quota_changed", {"quota": status.as_payload()}, to=rooms.of_user(user_id))
