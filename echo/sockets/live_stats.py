"""The numbers of this second, of all processes, for whoever watches the dashboard. Knows no dashboard.

Nothing is read or sent while nobody watches.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from flask import Flask, current_app

from echo import cluster, hub
from echo.extensions import connections_in, socketio
from echo.generation import ModelStatus
from echo.services.turns import Turns

ROOM: Final = "live_stats"
EACH_SECONDS: Final = 1.0
COUNTED: Final = ("generating", "waiting", "tokens_per_second", "connected", "restarts")
"""What is added up over the processes; of a model it is all but its name."""


class LiveStats:
    """Sends `live_stats` each second from the first watcher to the last."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._running = False
        cluster.of(app).on("live_stats", lambda: now(app))

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
                socketio.emit("live_stats", everywhere(self._app), to=ROOM, ignore_queue=True)
                hub.sleep(EACH_SECONDS)
        finally:
            self._running = False


def init_app(app: Flask) -> None:
    """Give the application its one sender."""
    app.extensions["live_stats"] = LiveStats(app)


def everywhere(app: Flask) -> dict[str, Any]:
    """Return the numbers of this moment of all processes that answer; `processes` says how many do."""
    each = [now(app), *cluster.of(app).gather("live_stats")]
    states = [one["engine"] for one in each]
    return {
        **_summed(each, COUNTED),
        "engine": next((state for state in states if state != "ready"), states[0]),
        "models": _by_name([model for one in each for model in one["models"]]),
        "processes": len(each),
    }


def _by_name(models: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the figures of each model once, whichever processes serve it."""
    together: dict[str, list[dict[str, Any]]] = {}
    for model in models:
        together.setdefault(model["name"], []).append(model)
    return [
        {"name": name, **_summed(each, each[0].keys() - {"name"})}
        for name, each in together.items()
    ]


def _summed(each: list[dict[str, Any]], names: Iterable[str]) -> dict[str, Any]:
    return {name: round(sum(one[name] for one in each), 1) for name in names}


def now(app: Flask) -> dict[str, Any]:
    """Return the numbers of this process at this moment; `connected` counts its open tabs."""
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
