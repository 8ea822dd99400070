"""Who hears what: the rooms' names, and what services announce, passed on to the tabs of those in it.

Knows no rows' insides.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from flask import Flask, current_app

from echo import cluster, hub, signals
from echo.errors import NotFound
from echo.extensions import connections_in, socketio
from echo.models import Conversation, Message
from echo.services.chats import folders, message_tree, wire
from echo.services.sign_in import devices, endings
from echo.services.site_settings import Banner
from echo.services.turns import LiveCall, LiveTurn, Turns, quotas

GRACE_SECONDS = 0.2  # the notice leaves before the connection is closed


def of_conversation(conversation_id: str) -> str:
    """Every tab that watches this conversation."""
    return f"conversation:{conversation_id}"


def watched_here() -> list[str]:
    """Return the ids of the conversations that some window of this process watches."""
    return _ids_here(of_conversation(""))


def people_here() -> dict[str, int]:
    """Return whose each connection of this process is, by one look at all rooms."""
    server: Any = socketio.server
    return {
        sid: user_id
        for room, sids in list(server.manager.rooms.get("/", {}).items())
        if isinstance(room, str) and (user_id := user_in(room)) is not None
        for sid in list(sids)
    }


def _ids_here(prefix: str) -> list[str]:
    server: Any = socketio.server
    return [
        room.removeprefix(prefix)
        for room in list(server.manager.rooms.get("/", {}))
        if isinstance(room, str) and room.startswith(prefix)
    ]


def of_user(user_id: int) -> str:
    """Every tab of this user."""
    return f"user:{user_id}"


def conversation_in(room: str) -> str:
    """Return the id of the conversation that a room is for; empty: for none."""
    prefix = of_conversation("")
    return room.removeprefix(prefix) if room.startswith(prefix) else ""


def user_in(room: str) -> int | None:
    """Return the number of the person whose room it is, if it is one's."""
    number = room.removeprefix("user:")
    return int(number) if number != room and number.isdigit() else None


def of_device(device_id: str) -> str:
    """Every tab of this signed-in browser."""
    return f"device:{device_id}"


def of_role(role: str) -> str:
    """Every tab of the people who had this role when they connected."""
    return f"role:{role}"


def subscribe(app: Flask) -> None:
    """Listen to the services' signals, and to the other processes that serve this Echo."""
    cluster.of(app).on("close_room", _close_here)
    cluster.of(app).on_hearing(look_again)
    cluster.of(app).on("is_anybody_in", lambda room: any(connections_in(room)))
    signals.message_changed.connect(_message_changed)
    signals.conversation_changed.connect(_conversation_changed)
    signals.conversation_removed.connect(_conversation_removed)
    signals.folders_changed.connect(_folders_changed)
    signals.banner_changed.connect(_banner_changed)
    signals.access_ended.connect(_access_ended)
    signals.account_closed.connect(_account_closed)
    reader_left = app.extensions["reader_left"] = partial(_reader_left, app)
    signals.reader_left.connect(reader_left)  # signals hold their listeners weakly
    signals.call_ended.connect(_call_ended)


def _message_changed(row: Message) -> None:
    payload = {"message": wire.message(row, message_tree.siblings([row])[row.id])}
    socketio.emit("message_changed", payload, to=of_conversation(row.conversation_id))


def _conversation_changed(row: Conversation) -> None:
    told = wire.conversation(row, Turns.here().is_live(row.id))
    socketio.emit("conversation_changed", {"conversation": told}, to=of_user(row.user_id))
    payload = {"conversation": wire.as_member(told)}
    for member in row.members:
        socketio.emit("conversation_changed", payload, to=of_user(member.user_id))


def _conversation_removed(
    user_id: int, conversation_id: str, restorable: bool, members: Sequence[int]
) -> None:
    Turns.here().everywhere.stop_all_of(conversation_id)
    payload = {"conversation_id": conversation_id, "restorable": restorable}
    socketio.emit("conversation_removed", payload, to=of_user(user_id))
    for member in members:  # what its owner deletes only they put back
        payload = {"conversation_id": conversation_id, "restorable": False}
        socketio.emit("conversation_removed", payload, to=of_user(member))


def _folders_changed(user_id: int, moved: bool) -> None:
    told = [wire.folder(row) for row in folders.of(user_id)]
    socketio.emit("folders_changed", {"folders": told, "moved": moved}, to=of_user(user_id))


def _banner_changed(banner: Banner) -> None:
    socketio.emit("banner_changed", banner._asdict())


def _access_ended(user_id: int, device_id: str | None, reason: str) -> None:
    _end(of_device(device_id) if device_id else of_user(user_id), reason)


def _end(room: str, reason: str) -> None:
    socketio.emit("session_ended", {"reason": reason}, to=room)
    cluster.here().tell("close_room", room=room)
    _close_here(room)


def look_again() -> None:
    """End the sessions here that ended elsewhere while this process could not hear of it."""
    here = _ids_here(of_device(""))
    for device_id in set(here) - devices.working(here):
        _end(of_device(device_id), endings.SIGNED_OUT)


def _close_here(room: str) -> None:
    hub.spawn(_disconnect, socketio.server, room)


def _account_closed(user_id: int) -> None:
    """Nothing goes on in the name of somebody who is out: neither shown nor paid for."""
    Turns.here().everywhere.stop_all_of_user(user_id)


def _reader_left(app: Flask, turn: LiveTurn) -> None:
    """Stop a reply that nobody waits for any more; one that a tab watches, of whatever process, goes on."""
    if turn.message_id not in Turns.of(app).live:
        return  # it has ended, or belongs to another application of this process (tests have several)
    room = of_conversation(turn.conversation_id)
    if not any(connections_in(room)) and not cluster.of(app).ask("is_anybody_in", room=room):
        turn.stop()


def _call_ended(call: LiveCall) -> None:
    """Tell what is left of the day, where somebody looks: programs end many calls."""
    if call.route != quotas.TITLES and any(connections_in(of_user(call.user_id))):
        app: Any = current_app
        tell_quota(app._get_current_object(), call.user_id)


def _disconnect(server: Any, room: str) -> None:
    """Close every connection in the room; joining again needs a device that is still signed in."""
    hub.sleep(GRACE_SECONDS)
    if server is not socketio.server:
        return  # its application is no more (tests have several, one after the other)
    for sid in connections_in(room):
        server.disconnect(sid)


def tell_quota(app: Flask, user_id: int) -> None:
    """Announce what is left of the day's allowances soon, in a task of its own: no turn waits for it."""
    hub.spawn(_tell_quota, app, user_id)


def _tell_quota(app: Flask, user_id: int) -> None:
    with app.app_context():
        try:
            status = quotas.status(user_id)
        except NotFound:
            return  # the account was deleted meanwhile
        socketio.emit("quota_changed", {"quota": status.as_payload()}, to=of_user(user_id))
