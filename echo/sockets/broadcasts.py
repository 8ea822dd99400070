"""What services announce, passed on to the owner's tabs. Knows no rows' insides."""

from __future__ import annotations

from typing import Any

from flask import current_app

from echo import hub, signals
from echo.extensions import socketio
from echo.models import Conversation
from echo.services.chats import wire
from echo.sockets import rooms

GRACE_SECONDS = 0.2  # the notice leaves before the connection is closed


def subscribe() -> None:
    """Listen to the services' signals (a second call changes nothing)."""
    signals.conversation_changed.connect(_conversation_changed)
    signals.conversation_removed.connect(_conversation_removed)
    signals.access_ended.connect(_access_ended)
    signals.account_closed.connect(_account_closed)


def _conversation_changed(row: Conversation) -> None:
    live = current_app.extensions["turns"].is_live(row.id)
    payload = {"conversation": wire.conversation(row, live)}
    socketio.emit("conversation_changed", payload, to=rooms.of_user(row.user_id))


def _conversation_removed(user_id: int, conversation_id: str) -> None:
    current_app.extensions["turns"].stop_all_of(conversation_id)
    payload = {"conversation_id": conversation_id}
    socketio.emit("conversation_removed", payload, to=rooms.of_user(user_id))


def _access_ended(user_id: int, device_id: str | None, reason: str) -> None:
    room = rooms.of_device(device_id) if device_id else rooms.of_user(user_id)
    socketio.emit("session_ended", {"reason": reason}, to=room)
    hub.spawn(_disconnect, room)


def _account_closed(user_id: int) -> None:
    """Nothing goes on in the name of somebody who is out: neither shown nor paid for."""
    current_app.extensions["turns"].stop_all_of_user(user_id)


def _disconnect(room: str) -> None:
    """Close every connection in the room; joining again needs a device that is still signed in."""
    hub.sleep(GRACE_SECONDS)
    server: Any = socketio.server
    for sid, _ in list(server.manager.get_participants("/", room)):
        server.disconnect(sid)
