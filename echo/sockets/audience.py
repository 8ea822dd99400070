"""Whether a reply of this process is watched at other processes too: its pieces are sent there only then.

Each piece that is sent to all costs every process the reading of it. Nobody is left out: until all others
have said that nobody watches, pieces go to all; who opens the chat afterwards says so (`watching`), and a
window that has missed pieces meanwhile asks for them once the next one, or the end, arrives.
"""

from __future__ import annotations

from flask import Flask
from flask_socketio import join_room

from echo import cluster, hub
from echo.services.turns import LiveTurn, Turns
from echo.sockets import rooms


class Audience:
    """The chats with replies of this process that nobody watches elsewhere."""

    def __init__(self, app: Flask) -> None:
        self._cluster = cluster.of(app)
        self._here_alone: set[str] = set()
        self._watched: set[str] = set()  # those that others have opened since it was asked
        self._cluster.on("watching", self._opened)

    def begin(self, turn: LiveTurn) -> None:
        """Find out who watches, while the first pieces are sent to all."""
        if self._cluster.is_shared:
            self._watched.discard(turn.conversation_id)
            hub.spawn(self._ask, turn)

    def end(self, turn: LiveTurn) -> None:
        """Forget it; another reply of the same chat is sent to all from now on."""
        self._here_alone.discard(turn.conversation_id)

    def is_here_alone(self, turn: LiveTurn) -> bool:
        """Whether nobody watches elsewhere."""
        return turn.conversation_id in self._here_alone

    def _ask(self, turn: LiveTurn) -> None:
        answers = self._cluster.gather(
            "is_anybody_in", room=rooms.of_conversation(turn.conversation_id)
        )
        alive = self._cluster.alive()
        have_all_said_no = alive is not None and answers == [False] * (len(alive) - 1)
        if have_all_said_no and not turn.ended and turn.conversation_id not in self._watched:
            self._here_alone.add(turn.conversation_id)

    def _opened(self, conversation_id: str) -> None:
        self._watched.add(conversation_id)
        self._here_alone.discard(conversation_id)


def watch(conversation_id: str) -> None:
    """Let the window that asks hear all of a chat from now on, also what another process writes in it."""
    join_room(rooms.of_conversation(conversation_id))
    if Turns.here().everywhere.is_written_elsewhere(conversation_id):
        cluster.here().tell("watching", conversation_id=conversation_id)
