"""`models_changed`: which models everybody may choose, and what they are doing. Knows no engine's inside.

What a person is told depends on the role alone, so there is one room for each role. However much changes,
it is told four times a second at most, and the last state always. A connection is told when it begins: its
page may be older than this server.
"""

from __future__ import annotations

import time
from typing import Any, Final

from flask import Flask, current_app

from echo import hub, policies, signals
from echo.extensions import socketio
from echo.policies import RANKS, Right
from echo.services.serving import Models
from echo.services.turns.offers import offered
from echo.sockets import rooms

PAUSE_SECONDS: Final = 0.25


class ModelNews:
    """Sends `models_changed` soon after it is asked to; what comes before it was sent is joined."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._due: dict[str, str] = {}  # who is to be told, and of which role they are
        self._next_at = 0.0

    def tell_soon(self) -> None:
        self._add({rooms.of_role(role): role for role in RANKS})

    def greet(self, connection: str, role: str) -> None:
        """Tell one connection that begins."""
        self._add({connection: role})

    def _add(self, readers: dict[str, str]) -> None:
        if not self._due:
            hub.spawn(self._tell)
        self._due |= readers

    def _tell(self) -> None:
        hub.sleep(max(0.0, self._next_at - time.monotonic()))
        readers, self._due = self._due, {}  # before looking: a later change is told next time
        self._next_at = time.monotonic() + PAUSE_SECONDS
        with self._app.app_context():
            payloads = _payloads()
        for reader, role in readers.items():
            socketio.emit("models_changed", payloads[role], to=reader, ignore_queue=True)

    @classmethod
    def of(cls, app: Flask) -> ModelNews:
        """Return an application's teller."""
        teller: ModelNews = app.extensions["model_news"]
        return teller


def init_app(app: Flask) -> None:
    """Give the application its one teller, and listen to what services change."""
    app.extensions["model_news"] = ModelNews(app)
    signals.models_changed.connect(_models_changed)


def greet(connection: str, role: str) -> None:
    """Tell a connection of this role, which begins, what models there are now."""
    ModelNews.of(current_app).greet(connection, role)


def _models_changed(_sender: object) -> None:
    ModelNews.of(current_app).tell_soon()


def _payloads() -> dict[str, dict[str, Any]]:
    """Return what each role is told; administrators also how far one is that is being added.

    It is looked up once for all roles: while a model loads, this runs four times a second.
    """
    models = Models.here()
    views = models.views()
    told = list(zip(views, offered(views), strict=True))
    for_administrators = {"adding": models.adding_payload(), "mark": models.mark()}
    return {
        role: {"models": [one for view, one in told if view.is_for(role)]}
        | (for_administrators if policies.allows(role, Right.PEOPLE) else {})
        for role in RANKS
    }
