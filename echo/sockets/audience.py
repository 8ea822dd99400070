"""Whether a reply of this process is watched at other processes too: its pieces are sent there only then.

Each piece that is sent to all costs every process the reading of it. Nobody is left out for good: until all
others have said that nobody watches, pieces go to all; who opens the chat afterwards says so (`watching`);
where this process was deaf meanwhile (`hearing`), they go to all again. A window that has missed some asks
for them once the next one, or the end, arrives.
"""

from __future__ import annotations

from flask import Flask, request
from flask_socketio import join_room

from echo import cluster, hub
from echo.extensions import socketio
from echo.services.turns import LiveTurn, Turns
from echo.sockets import rooms


class Audience:
    """The replies of this process of which all others have said that nobody watches them there."""

    def __init__(self, app: Flask) -> None:
        self._cluster = cluster.of(app)
        self._asking: set[LiveTurn] = set()
        self._alone: dict[LiveTurn, int] = {}  # and since which time of hearing without a break
        self._cluster.on("watching", self._opened)
        self._cluster.on_return(_tell_all)

    def begin(self, turn: LiveTurn) -> None:
        """Find out who watches, while the first pieces are sent to all."""
        if self._cluster.is_shared:
            self._asking.add(turn)
            hub.spawn(self._ask, turn)

    def end(self, turn: LiveTurn) -> None:
        """Forget it."""
        self._asking.discard(turn)
        self._alone.pop(turn, None)

    def is_here_alone(self, turn: LiveTurn) -> bool:
        """Whether nobody watches elsewhere."""
        return self._alone.get(turn) == self._cluster.hearing

    def _ask(self, turn: LiveTurn) -> None:
        heard_since = self._cluster.hearing
        room = rooms.of_conversation(turn.conversation_id)
        answers = self._cluster.gather("is_anybody_in", room=room)
        alive = self._cluster.alive()
        have_all_said_no = alive is not None and answers == [False] * (len(alive) - 1)
        if turn in self._asking and have_all_said_no:
            self._alone[turn] = heard_since
        self._asking.discard(turn)

    def _opened(self, conversation_id: str) -> None:
        for turn in [*self._asking, *self._alone]:
            if turn.conversation_id == conversation_id:
                self.end(turn)


def watch(conversation_id: str) -> None:
    """Let the window that asks hear all of a chat from now on, also what another process writes in it."""
    if not socketio.server.manager.is_connected(request.sid, "/"):  # type: ignore[attr-defined]
        return  # it left while this was looked after
    join_room(rooms.of_conversation(conversation_id))
    if Turns.here().everywhere.is_written_elsewhere(conversation_id):
        cluster.here().tell("watching", conversation_id=conversation_id)


def _tell_all() -> None:
    """Say it of all windows: while this process stood still it was asked for none of them."""
    for conversation_id in rooms.watched_here():
        cluster.here().tell("watching", conversation_id=conversation_id)
