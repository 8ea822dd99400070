"""JSON over HTTP for programs. Knows services; no forms, no sockets."""

from __future__ import annotations

from flask import Flask

from echo.api import chat, description, rest, v1


def init_app(app: Flask) -> None:
    """Register the routes."""
    app.register_blueprint(chat.blueprint)
    for blueprint in (*v1.BLUEPRINTS, *rest.BLUEPRINTS, description.blueprint):
        app.register_blueprint(blueprint)
