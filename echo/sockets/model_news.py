"""`models_changed`: which models everybody may choose, and what they are doing. Knows no engine's inside.

What a person is told depends on the role alone, so there is one room for each role.
"""

from __future__ import annotations

from flask import Flask

from echo.extensions import socketio
from echo.policies import RANKS
from echo.services.turns.offers import offered
from echo.sockets import rooms


def tell(app: Flask) -> None:
    """Send each role the models that it may use."""
    with app.app_context():
        for role in RANKS:
            socketio.emit("models_changed", {"models": offered(role)}, to=rooms.of_role(role))
