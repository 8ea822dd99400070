"""The engine's numbers of this second, for whoever watches the dashboard. Knows no dashboard.

Nothing is read or sent while nobody watches.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Flask, current_app

from echo import hub
from echo.extensions import connections_in, socketio
from echo.generation import ModelStatus
from echo.services.turns import Turns

ROOM: Final = "live_stats"
EACH_SECONDS: Final = 1.0


class LiveStats:
    """Sends `live_stats` each second from the first watcher to the last."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._running = False

    @classmethod
    def here(cls) -> LiveStats:
        """Return the sender of the present application."""
        sender: LiveStats = current_app.extensions["live_stats"]
        return sender

    def watched(self) -> None:
        """Let the sender run: somebody has joined the room."""
        if not self._running:
            self._running = True
            hub.spawn(self._run)

    def _run(self) -> None:
        try:
            while _people_in(ROOM):
                socketio.emit("live_stats", now(self._app), to=ROOM, ignore_queue=True)
                hub.sleep(EACH_SECONDS)
        finally:
            self._running = False


def init_app(app: Flask) -> None:
    """Give the application its one sender."""
    app.extensions["live_stats"] = LiveStats(app)


def now(app: Flask) -> dict[str, Any]:
    """Return the numbers of this moment; `connected` counts open tabs of this process."""
    engine = Turns.of(app).engine
    counters, health = engine.counters(), engine.health()
    return {
        "generating": counters.running,
        "waiting": counters.queued,
        "tokens_per_second": round(counters.tokens_per_second, 1),
        "connected": _people_in(None),
        "engine": health.state,
        "restarts": health.restarts,
        "models": [_figures(status) for status in engine.models()],
    }


def _figures(status: ModelStatus) -> dict[str, Any]:
    """Return what changes from second to second about a model; its state comes by `models_changed`."""
    return {
        "name": status.name,
        "tokens_per_second": round(status.tokens_per_second, 1),
        "running": status.running,
        "waiting": status.waiting,
        "finished": status.finished,
        "failed": status.failed,
        "cancelled": status.cancelled,
    }


def _people_in(room: str | None) -> int:
    return sum(1 for _ in connections_in(room))
