"""What is measured, for programs that watch Echo. Knows services by what they announce; nobody knows it."""

from __future__ import annotations

from contextlib import suppress
from typing import Final
from urllib.parse import unquote

from flask import Flask

from echo import hub
from echo.config import Settings
from echo.errors import ConfigurationError
from echo.watching import access_log, listening, metrics_page
from echo.watching.metrics import Metrics
from echo.watching.now import Now

LAST_SECONDS: Final = 0.5
NOT_INSTALLED: Final = (
    "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed: `make traces` does that "
    "(or: .venv/bin/pip install -r requirements-traces.txt). Or leave the setting out."
)


def init_app(app: Flask) -> None:
    """Measure this application from now on, and show it at `/metrics`."""
    metrics = Metrics()
    metrics.registry.register(Now(app))
    app.extensions["metrics"] = metrics
    # signals hold their listeners weakly
    app.extensions["metrics_listener"] = listening.Listener(app, metrics)
    app.extensions["access_log"] = access_log.AccessLog(app)
    app.register_blueprint(metrics_page.blueprint)
    if Settings.of(app).otlp_endpoint:
        _trace(app, Settings.of(app))


def _trace(app: Flask, settings: Settings) -> None:
    try:  # who does not trace does without its libraries
        from echo.watching.span_sender import SpanSender
        from echo.watching.tracing import Tracing
    except ImportError as missing:
        raise ConfigurationError(NOT_INSTALLED) from missing

    sender = SpanSender(settings.otlp_endpoint, _headers(settings.otlp_headers))
    app.extensions["span_sender"] = sender
    app.extensions["tracing"] = Tracing(app, sender)


def _headers(text: str) -> dict[str, str]:
    """Return `name=value,name=value` as headers; values are quoted as in an address."""
    pairs = (pair.partition("=") for pair in text.split(",") if pair.strip())
    return {name.strip(): unquote(value.strip()) for name, _, value in pairs}


def start(app: Flask) -> None:
    """Send traces from now on, where they are wanted; for the serving process."""
    if "span_sender" in app.extensions:
        hub.spawn(app.extensions["span_sender"].run)


def stop(app: Flask) -> None:
    """Send the last of them, if that can be done at once."""
    if "span_sender" in app.extensions:
        with suppress(TimeoutError), hub.time_limit(LAST_SECONDS):
            app.extensions["span_sender"].send(LAST_SECONDS)
