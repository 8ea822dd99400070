"""What is measured, for programs that watch Echo. Knows services by what they announce; nobody knows it."""

from __future__ import annotations

from flask import Flask

from echo.watching import access_log, listening, metrics_page
from echo.watching.metrics import Metrics
from echo.watching.now import Now


def init_app(app: Flask) -> None:
    """Measure this application from now on, and show it at `/metrics`."""
    metrics = Metrics()
    metrics.registry.register(Now(app))
    app.extensions["metrics"] = metrics
    # signals hold their listeners weakly
    app.extensions["metrics_listener"] = listening.Listener(app, metrics)
    app.extensions["access_log"] = access_log.AccessLog(app)
    app.register_blueprint(metrics_page.blueprint)
