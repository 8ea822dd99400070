"""Serving: the order of starting, and an orderly end. Knows eventlet's server through `hub` alone."""

from __future__ import annotations

import gc
import signal
import time
from typing import Any, Final

import structlog
from flask import Flask

from echo import cluster, config, engines, hub, instance_lock, logs, watching
from echo.admin.chart_worker import ChartWorker
from echo.app import create_app
from echo.cli import housekeeping, migrating, setup_link
from echo.config import Settings
from echo.errors import ConfigurationError
from echo.hub_lag import HubLag
from echo.models import MessageStatus
from echo.services.serving import Models
from echo.services.turns import Turns, interrupt_orphans
from echo.sockets import hub_bridge

log = structlog.get_logger()

GRACE_SECONDS: Final = 7.0
LAST_SECONDS: Final = 1.0
"""With the server's `CLOSE_SECONDS` and the engine's last words: ten seconds from the signal to the end."""


def serve() -> None:
    """Start everything and serve until told to stop; returns after an orderly end."""
    settings = config.load()
    logs.protect_output()
    logs.configure(settings.log_level, settings.log_format)
    instance_lock.share(settings.instance)
    app = create_app(settings)
    listener = _listener(settings)  # first: a second Echo must not touch the rows of this one
    cluster.of(app).start()
    prepare(app)
    turns = Turns.of(app)
    hub_bridge.start(turns, engines.wakeup_of(app))
    turns.engine.start()
    server = hub.Server(app, listener)
    address = setup_link.address(settings, server.port)
    gc.freeze()  # what stands now stays to the end, and is no longer looked through for garbage
    _greet(app, address)
    hub.spawn(housekeeping.run, app)
    hub.spawn(HubLag.of(app).run)
    watching.start(app)
    stop = hub.Wakeup()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.post())
    stop.wait()
    _end(app, server)


def _listener(settings: Settings) -> Any:
    try:
        return hub.listen(settings.host, settings.port)
    except OSError as failure:
        raise ConfigurationError(
            f"Cannot listen on {settings.host}:{settings.port} ({failure.strerror}). "
            "Stop the other program or set another HOST or PORT."
        ) from failure


def prepare(app: Flask) -> None:
    """Bring the database to the present revision and settle what a crash left behind."""
    with app.app_context():
        migrating.upgrade()
        interrupted = interrupt_orphans()
        if interrupted:
            log.warning("replies were interrupted by the last stop", count=interrupted)
        Models.of(app).refresh()


def _greet(app: Flask, address: str) -> None:
    print(f"Echo is at {address}", flush=True)
    if Settings.of(app).engine == "openai":
        print(f"It asks {', '.join(engines.servers_of(app))}.", flush=True)
    elif serving := engines.serving_of(app):
        print(f"It answers as {serving.files.name}.", *serving.passed_over, flush=True)
    with app.app_context():
        for line in setup_link.told(address):
            print(line, flush=True)


def _end(app: Flask, server: Any) -> None:
    """Stop accepting, let replies finish for a while, mark the rest, close everything: in ten seconds."""
    turns = Turns.of(app)
    began = time.monotonic()
    log.info("stopping", live=turns.calls.streams)
    server.stop_accepting()
    turns.titles.stop()
    if (adder := Models.of(app).adder) is not None:
        adder.stop()  # what is complete is kept; the child that fetches ends with us
    _wait_for_replies(turns, GRACE_SECONDS)
    interrupted = list(turns.live.values())
    for turn in interrupted:
        turn.stop(MessageStatus.INTERRUPTED)
    turns.calls.stop_all("The server is stopping. Please ask again shortly.")
    _wait_for_replies(turns, LAST_SECONDS)
    cluster.of(app).leave()
    server.close()
    turns.engine.stop(timeout=LAST_SECONDS)
    ChartWorker.of(app).stop()
    watching.stop(app)
    log.info(
        "stopped",
        interrupted=len(interrupted),
        unsaved=len(turns.live),
        seconds=round(time.monotonic() - began, 1),
    )


def _wait_for_replies(turns: Turns, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while turns.calls.streams and time.monotonic() < deadline:
        hub.sleep(0.05)
