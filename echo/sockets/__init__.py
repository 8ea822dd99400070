"""The real-time edge: events in, pieces out. Knows services, never the engine's inside."""

from __future__ import annotations

from engineio.payload import Payload
from flask import Flask

from echo.config import Settings
from echo.extensions import socketio
from echo.limits import SOCKET_PACKETS, SOCKET_PAYLOAD_BYTES
from echo.sockets import (
    events,
    hub_bridge,
    live_stats,
    model_news,
    presence,
    reply_pump,
    rooms,
    temporary,
    wire,
)
from echo.sockets.origins import OwnOrigins

__all__ = ["hub_bridge", "init_app"]


def init_app(app: Flask) -> None:
    """Bind Socket.IO, register the events and start pumping replies."""
    Payload.max_decode_packets = SOCKET_PACKETS  # beyond it Engine.IO drops them all in silence
    socketio.init_app(
        app,
        async_mode="eventlet",
        manage_session=False,  # the cookie of the connection is read anew at each event
        max_http_buffer_size=SOCKET_PAYLOAD_BYTES,
        message_queue=app.config["REDIS_URL"] or None,
        cors_allowed_origins=OwnOrigins(Settings.of(app)),
        ping_interval=20,
        ping_timeout=20,
        logger=wire.wire_log,
        engineio_logger=wire.wire_log,
    )
    wire.guard(app)
    events.register()
    live_stats.init_app(app)
    model_news.init_app(app)
    rooms.subscribe(app)
    reply_pump.subscribe(app)
    temporary.init_app(app)
    presence.init_app(app)
