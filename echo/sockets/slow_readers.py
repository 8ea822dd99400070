"""Clients that stopped reading: their send queue has no bound of its own, so they are cut off.

Knows queues and how much waits in them, not what that says. The client comes back and resumes; its turn goes
on meanwhile.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final
from weakref import WeakKeyDictionary

import structlog

from echo import hub
from echo.extensions import socketio
from echo.websocket import BoundedWebSocket

log = structlog.get_logger()

PACKETS_BEHIND: Final = 1000  # about half a minute of one stream
CHARS_BEHIND: Final = 8_000_000  # some of the longest pages of a chat
LONG_CHARS: Final = CHARS_BEHIND // PACKETS_BEHIND
"""What waits is counted when a longer packet comes: of shorter ones their number is bound enough."""

_wires: WeakKeyDictionary[Any, BoundedWebSocket] = WeakKeyDictionary()


def guard() -> None:
    """Look at a client's queue whenever something is put into it, and empty it when nobody will read it."""
    eio = socketio.server.eio
    eio.send_packet = partial(_send, eio.send_packet)
    eio.on("disconnect", partial(_ended, eio.handlers["disconnect"]))


def has_wire(connection: Any, wire: BoundedWebSocket) -> None:
    """Note by which WebSocket a connection is read."""
    _wires[connection] = wire


def _send(first: Any, sid: str, packet: Any) -> None:
    first(sid, packet)
    connection = socketio.server.eio.sockets.get(sid)
    if connection is not None and _is_behind(connection.queue, packet):
        hub.spawn(_cut_off, sid, connection)  # whoever sends has others to tell too


def _is_behind(queue: Any, newest: Any) -> bool:
    waiting = queue.qsize()
    if waiting > PACKETS_BEHIND:
        return True
    counts = waiting > 1 and _chars(newest) > LONG_CHARS
    return counts and sum(map(_chars, queue.queue)) > CHARS_BEHIND


def _chars(packet: Any) -> int:
    return len(packet.data) if packet is not None and isinstance(packet.data, str | bytes) else 0


def _cut_off(sid: str, connection: Any) -> None:
    if connection.closing or connection.closed:
        return
    log.warning("a client stopped reading", connection=sid)
    connection.close(wait=False, abort=True, reason=socketio.server.reason.TRANSPORT_ERROR)
    if (wire := _wires.get(connection)) is not None:
        wire.cut()


def _ended(first: Any, sid: str, reason: str) -> Any:
    """Let go of what waits, unless the server itself has ended it: its last words are still read."""
    connection = socketio.server.eio.sockets.get(sid)
    if connection is not None and reason != socketio.server.reason.SERVER_DISCONNECT:
        while not connection.queue.empty():
            connection.queue.get(block=False)
            connection.queue.task_done()
    return first(sid, reason)
