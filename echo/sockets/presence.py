"""Who is here: whose windows watch a conversation of several people, told to all of them when that changes.

What counts are the rooms, of every process: nobody says that they are here. Of conversations of one person
nothing is looked up and nothing told.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Flask, current_app, request
from flask_socketio import leave_room

from echo import cluster, hub, signals
from echo.errors import NotFound
from echo.extensions import connections_in, socketio
from echo.languages import gettext
from echo.models import Conversation
from echo.services.chats import conversations, together, wire
from echo.services.turns import Turns
from echo.sockets import audience, rooms

SETTLE_SECONDS: Final = 0.1
"""A window that is reloaded leaves and comes: what happens meanwhile is told at once."""


class Presence:
    """The conversations of several people that windows of this process watch, and whose news is due."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._cluster = cluster.of(app)
        self._watched: set[str] = set()
        self._due: set[str] = set()
        self._cluster.on("who_is_here", self._answer)
        self._cluster.on("leave_conversation", take_out)
        self._cluster.on_hearing(look_again)

    @classmethod
    def here(cls) -> Presence:
        """Return that of the present application."""
        found: Presence = current_app.extensions["presence"]
        return found

    def _answer(self, conversation_id: str) -> list[int]:
        """Return who is here, of a chat of several: only those are asked about."""
        if people := _here(conversation_id):
            self._watched.add(conversation_id)
        return sorted(people)

    def came(self, conversation_id: str) -> None:
        """Note that somebody watches a conversation of several people."""
        self._watched.add(conversation_id)
        self.changed(conversation_id)

    def changed(self, conversation_id: str) -> None:
        """Tell soon who is there, if it is a conversation of several people."""
        if conversation_id in self._watched and conversation_id not in self._due:
            self._due.add(conversation_id)
            hub.spawn(self._tell, conversation_id)

    def _tell(self, conversation_id: str) -> None:
        hub.sleep(SETTLE_SECONDS)
        self._due.discard(conversation_id)
        people = _here(conversation_id)
        if not people:
            self._watched.discard(conversation_id)
        for others in self._cluster.gather("who_is_here", conversation_id=conversation_id):
            people |= set(others)
        if not people:
            return
        with self._app.app_context():
            names = sorted(together.names_of(people).values(), key=str.casefold)
        payload = {"conversation_id": conversation_id, "people": names}
        socketio.emit("presence_changed", payload, to=rooms.of_conversation(conversation_id))


def init_app(app: Flask) -> None:
    """Look who comes and goes in this application."""
    app.extensions["presence"] = Presence(app)
    signals.member_left.connect(_member_left)
    signals.member_came.connect(_member_came)


def watch(row: Conversation, user_id: int) -> None:
    """Let the window that asks hear a conversation; raises NotFound where its person was just taken out.

    First it hears, then it is looked up whether it may: nobody comes in between.
    """
    room = rooms.of_conversation(row.id)
    was_here = request.sid in connections_in(room)  # type: ignore[attr-defined]
    audience.watch(row.id)
    if row.user_id != user_id and not together.is_member(row.id, user_id):
        leave_room(room)
        raise NotFound(gettext(conversations.NOT_FOUND), field="conversation_id")
    if row.members and not was_here:
        Presence.here().came(row.id)


def left(conversation_id: str) -> None:
    """Let the window that asks hear a conversation no more."""
    leave_room(rooms.of_conversation(conversation_id))
    Presence.here().changed(conversation_id)


def gone() -> None:
    """Note that a connection ends, with all that it has watched."""
    server: Any = socketio.server
    for room in server.rooms(request.sid):  # type: ignore[attr-defined]
        Presence.here().changed(rooms.conversation_in(room))


def take_out(user_id: int, conversation_id: str) -> None:
    """Let no window of a person's here hear a conversation any more; what they had asked for ends."""
    for turn in list(Turns.here().live.values()):
        if (turn.conversation_id, turn.user_id) == (conversation_id, user_id):
            turn.stop()
    server: Any = socketio.server
    for sid in connections_in(rooms.of_user(user_id)):
        server.leave_room(sid, rooms.of_conversation(conversation_id))
    Presence.here().changed(conversation_id)


def look_again() -> None:
    """Take out whoever is in a conversation no more: another process may have told it, unheard."""
    ids, people = rooms.watched_here(), rooms.people_here()
    may_hear = together.people_in(ids)
    for conversation_id in ids:
        for user_id in _here(conversation_id, people) - may_hear[conversation_id]:
            take_out(user_id, conversation_id)


def _member_left(user_id: int, conversation_id: str) -> None:
    take_out(user_id, conversation_id)
    cluster.here().tell("leave_conversation", user_id=user_id, conversation_id=conversation_id)
    payload = {"conversation_id": conversation_id, "restorable": False, "reason": "left"}
    socketio.emit("conversation_removed", payload, to=rooms.of_user(user_id))


def _member_came(user_id: int, conversation: Conversation) -> None:
    """The owner's windows watch already what is only now a conversation of several people."""
    Presence.here().came(conversation.id)
    told = wire.conversation(conversation, Turns.here().is_live(conversation.id))
    payload = {"conversation": wire.as_member(told), "reason": "invited"}
    socketio.emit("conversation_changed", payload, to=rooms.of_user(user_id))


def _here(conversation_id: str, people: dict[str, int] | None = None) -> set[int]:
    """Return the numbers of those whose windows of this process watch a conversation."""
    people = rooms.people_here() if people is None else people
    watching = connections_in(rooms.of_conversation(conversation_id))
    return {people[sid] for sid in watching if sid in people}
