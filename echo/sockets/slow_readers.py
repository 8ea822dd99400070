"""Clients that stopped reading: their send queue has no bound of its own, so they are cut off.

Knows queues, not what is in them. The client comes back and resumes; its turn goes on meanwhile.
"""

from __future__ import annotations

from typing import Any, Final

import structlog

from echo.extensions import socketio

log = structlog.get_logger()

PACKETS_BEHIND: Final = 1000  # about half a minute of one stream


def cut_off() -> int:
    """Close every connection that is too far behind; returns how many."""
    server: Any = socketio.server
    behind = [
        sid
        for sid, connection in list(server.eio.sockets.items())
        if connection.queue.qsize() > PACKETS_BEHIND
    ]
    for sid in behind:
        log.warning("a client stopped reading", connection=sid)
        server.eio.sockets[sid].close(wait=False, abort=True)
    return len(behind)
