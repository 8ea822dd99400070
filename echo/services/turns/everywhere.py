"""Replies wherever they are written: in this process, or in another one that serves the same Echo.

A live row names its writer (`messages.node`); its newest pieces are kept where every process reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from echo.cluster import Alone
from echo.extensions import db
from echo.models import Message
from echo.models.conversation import LIVE_STATUSES
from echo.services.turns.live_turn import LiveTurn, split_pieces
from echo.services.turns.starting import Start


@dataclass(frozen=True)
class Written:
    """A live reply as whoever opens its conversation needs it."""

    message_id: str
    pieces: list[str]
    status: str
    position: int | None = None
    """Its place in the queue, where this process knows it."""


class Everywhere:
    """Looks at live replies and stops them. `live` holds those of this process by their id.

    `starting`: those of this process that have no turn yet; they can be stopped too.
    """

    def __init__(
        self, live: Mapping[str, LiveTurn], starting: Mapping[str, Start], cluster: Alone
    ) -> None:
        self._live = live
        self._starting = starting
        self._cluster = cluster
        cluster.on("stop_reply", self._stop_reply)
        cluster.on("stop_conversation", self._stop_conversation)
        cluster.on("stop_user", self._stop_user)

    # ── looking ─────────────────────────────────────────────────────────────────────────────

    def pieces_of(self, row: Message) -> list[str]:
        """Return a reply's pieces up to the newest that anybody was shown."""
        if turn := self._live.get(row.id):
            return turn.pieces
        saved = split_pieces(row.text, row.piece_lengths)
        return saved + self._cluster.pieces_after(row.id, len(saved)) if row.is_live else saved

    def written_in(self, conversation_id: str) -> list[Written]:
        """Return the replies of a conversation that are being written."""
        here = [turn for turn in self._live.values() if turn.conversation_id == conversation_id]
        found = [
            Written(
                turn.message_id,
                turn.pieces,
                str(turn.status),
                place.position if (place := turn.place) else None,
            )
            for turn in here
        ]
        known = {turn.message_id for turn in here}
        return found + [
            Written(row.id, self.pieces_of(row), row.status)
            for row in self._rows_elsewhere(conversation_id)
            if row.id not in known
        ]

    def live_among(self, conversation_ids: Collection[str]) -> set[str]:
        """Return which of these conversations have a reply that is being written."""
        here = {turn.conversation_id for turn in self._live.values()}.intersection(conversation_ids)
        if not self._cluster.is_shared or not conversation_ids:
            return here
        found = db.session.scalars(
            select(Message.conversation_id).where(
                Message.conversation_id.in_(conversation_ids), self._is_elsewhere
            )
        )
        return here.union(found)

    def is_written(self, message_id: str | None) -> bool:
        """Whether a reply is being written."""
        if message_id in self._live:
            return True
        if not self._cluster.is_shared:
            return False
        query = select(Message.id).where(Message.id == message_id, self._is_elsewhere)
        return db.session.scalar(query) is not None

    def is_written_elsewhere(self, conversation_id: str) -> bool:
        """Whether another process writes a reply in this conversation."""
        if not self._cluster.is_shared:
            return False
        query = select(Message.id).where(
            Message.conversation_id == conversation_id, self._is_elsewhere
        )
        return db.session.scalar(query.limit(1)) is not None

    @property
    def _is_elsewhere(self) -> Any:
        return Message.status.in_(LIVE_STATUSES) & (Message.node != self._cluster.node)

    def _rows_elsewhere(self, conversation_id: str) -> list[Message]:
        if not self._cluster.is_shared:
            return []
        found = Message.conversation_id == conversation_id
        return list(db.session.scalars(select(Message).where(found, self._is_elsewhere)))

    # ── stopping ────────────────────────────────────────────────────────────────────────────

    def stop(self, row: Message) -> None:
        """Stop a reply; one that has ended already stays as it is."""
        self._stop_reply(row.id)
        is_here = row.id in self._live or row.id in self._starting
        if row.is_live and not is_here:
            self._cluster.tell("stop_reply", to=row.node, message_id=row.id)

    def stop_all_of(self, conversation_id: str) -> None:
        """Stop every reply of a conversation, which is being deleted or taken from its owner."""
        self._stop_conversation(conversation_id)
        self._cluster.tell("stop_conversation", conversation_id=conversation_id)

    def stop_all_of_user(self, user_id: int) -> None:
        """Stop every reply to a person whose account was switched off."""
        self._stop_user(user_id)
        self._cluster.tell("stop_user", user_id=user_id)

    def _stop_reply(self, message_id: str) -> None:
        self._stop(lambda turn: turn.message_id == message_id)

    def _stop_conversation(self, conversation_id: str) -> None:
        self._stop(lambda turn: turn.conversation_id == conversation_id)

    def _stop_user(self, user_id: int) -> None:
        self._stop(lambda turn: turn.user_id == user_id)

    def _stop(self, is_meant: Callable[[LiveTurn | Start], bool]) -> None:
        found: list[LiveTurn | Start] = [*self._live.values(), *self._starting.values()]
        for turn in filter(is_meant, found):
            turn.stop()
