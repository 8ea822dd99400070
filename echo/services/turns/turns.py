"""Turns: a question in, rows written, a reply submitted to the engine, and its end written.

Knows the engine by its public names only, and no sockets: who watches is told by signals.
"""

from __future__ import annotations

from functools import partial
from typing import Any, cast

import structlog
from flask import Flask, current_app

from echo import cluster, errors, languages, signals
from echo.config import Settings
from echo.extensions import db
from echo.generation import ChatMessage, Failed, Finished
from echo.languages import gettext
from echo.models import Conversation, Message, MessageStatus
from echo.services.chats import conversations, message_tree
from echo.services.documents import in_chats
from echo.services.documents.in_chats import NOTHING, Added
from echo.services.guardrails import decisions
from echo.services.serving import Models
from echo.services.storage import assign, undone_on_failure
from echo.services.turns import beginnings, ending, guarded, rows
from echo.services.turns.calls import Calls
from echo.services.turns.engine_requests import Around, EngineRequests
from echo.services.turns.everywhere import Everywhere
from echo.services.turns.live_turn import LiveTurn, Stream, split_pieces
from echo.services.turns.rows import Asked, Question
from echo.services.turns.starting import Starting
from echo.services.turns.titles import Titles

log = structlog.get_logger()


class Turns:
    """All turns of this process. `live` holds those in the making by the reply's id."""

    def __init__(self, app: Flask, models: Models, settings: Settings) -> None:
        self.app = app
        self.engine = models.engine
        self.requests = EngineRequests(self.engine, models, settings)
        self.live: dict[str, LiveTurn] = {}
        self.calls = Calls(app, self.requests, self.live)
        self.titles = Titles(app, self.requests, self.calls)
        self._starting = Starting()
        self.everywhere = Everywhere(self.live, self._starting, cluster.of(app))
        cluster.of(app).on_lost(self.reap)
        cluster.of(app).on_return(self.drop_lost)

    @classmethod
    def of(cls, app: Flask) -> Turns:
        return cast(Turns, app.extensions["turns"])

    @classmethod
    def here(cls) -> Turns:
        return cls.of(current_app)

    # ── what a person can do ────────────────────────────────────────────────────────────────

    def ask(self, user_id: int, question: Question) -> Asked:
        """Store a question and start its reply; the same `client_id` again returns the same rows.

        Raises:
            TooLong, InvalidInput, NotFound, QuotaExceeded, Busy, EngineFailed, StorageUnavailable.
        """
        if repeated := rows.already_asked(user_id, question.client_id):
            return repeated
        self.calls.refuse_spent(user_id)
        question = guarded.looked_at(question)
        conversation = beginnings.conversation_for(user_id, question)
        added = in_chats.wanted(user_id, question.documents, question.collections)
        ask = partial(self._ask_under, user_id, conversation, question, added)
        return beginnings.below(conversation, question.parent_id, ask)

    def edit(self, user_id: int, message_id: str, question: Question) -> Asked:
        """Ask a question of one's own chat anew in other words, as a sibling of the old one."""
        if repeated := rows.already_asked(user_id, question.client_id):
            return repeated
        self.calls.refuse_spent(user_id)
        old = conversations.own_message(user_id, message_id)
        if old.role != "user":
            raise errors.InvalidInput(gettext("Only a question can be edited."), field="message_id")
        conversation = conversations.own(user_id, old.conversation_id)
        seen = guarded.looked_at(question)
        return self._ask_under(user_id, conversation, seen, NOTHING, old.parent_id)

    def regenerate(
        self, user_id: int, message_id: str, model: str | None = None, zone: str | None = None
    ) -> Message:
        """Answer the same question again, maybe by another model, as a sibling of the old reply.

        Raises: as `rows.asked_reply`; whose chat it is may for all in it.
        """
        self.calls.refuse_spent(user_id)
        old = rows.asked_reply(user_id, message_id, or_owner=True)
        conversation = conversations.readable(user_id, old.conversation_id)
        question = conversations.readable_message(user_id, str(old.parent_id))
        around = self.requests.around(conversation, user_id, model, zone)
        seen = guarded.again(question)
        reply = self._new_reply(conversation, question, user_id, around, seen.refusal)
        history = rows.history(question.id)
        stream = self.requests.submit(conversation, reply, history, around, seen.refusal)
        with self._starting.own(reply):
            decided = decisions.of_message(seen.met, question)
            self._commit(stream, conversation, [reply], NOTHING, decided)
            self._go_live(reply, stream, zone=zone)
        return reply

    def continue_reply(self, user_id: int, message_id: str) -> Message:
        """Let a reply that was cut short go on in the same row.

        Raises:
            InvalidInput, Conflict: it is not cut short, or goes on already.
            Forbidden: somebody else has asked for it, who pays for what is added.
            NotFound, SignedOut, QuotaExceeded, Busy, EngineFailed, StorageUnavailable.
        """
        self.calls.refuse_spent(user_id)
        reply = rows.asked_reply(user_id, message_id)
        conversation = conversations.readable(user_id, reply.conversation_id)
        around = self.requests.around(conversation, user_id, reply.model)
        with self._starting.own(reply):
            claim = rows.claim(conversation, reply)
            cluster.of(self.app).forget_pieces(reply.id)
            with undone_on_failure(partial(rows.give_back, claim)):
                asked = conversation, reply, rows.history(str(reply.parent_id)), around
                refusal = guarded.standing(str(reply.parent_id))
                stream = self.requests.submit(*asked, prefix=reply.text, refusal=refusal)
            self._go_live(reply, stream, split_pieces(reply.text, reply.piece_lengths))
        return reply

    def stop(self, user_id: int, message_id: str) -> None:
        """Stop a reply; one that has ended already stays as it is."""
        self.everywhere.stop(rows.asked_reply(user_id, message_id, or_owner=True))

    def select_branch(self, user_id: int, message_id: str) -> Conversation:
        """Show the branch through this message, down to its newest leaf, to all who open the chat."""
        row = conversations.readable_message(user_id, message_id)
        conversation = conversations.readable(user_id, row.conversation_id)
        assign(conversation, head_id=message_tree.newest_leaf(message_id, conversation.id))
        signals.conversation_changed.send(conversation)
        return conversation

    def resume(self, user_id: int, message_id: str, after_seq: int) -> dict[str, Any]:
        """Return what came after piece `after_seq`; `reset` says that `text` replaces everything.

        So it does for a client that saw more than was saved before a crash, and for a text that a person has
        edited: its pieces are not those that were sent.
        """
        row = conversations.readable_message(user_id, message_id)
        ending.catch_up([row], self.live)
        turn = self.live.get(message_id)
        pieces = self.everywhere.pieces_of(row)
        known = {"seq": len(pieces), "status": turn.status if turn else row.status}
        if after_seq > len(pieces) or row.edited_at is not None:
            return {**known, "text": "".join(pieces) if row.is_live else row.text, "reset": True}
        return {**known, "text": "".join(pieces[after_seq:])}

    def is_live(self, conversation_id: str) -> bool:
        """Whether a reply of this conversation is being written."""
        return bool(self.everywhere.live_among({conversation_id}))

    # ── the engine's side ───────────────────────────────────────────────────────────────────

    def submit_waiting(self, turn: LiveTurn) -> None:
        """Submit a reply that had to wait for the one above it in the tree.

        Raises:
            Busy, EngineFailed: the caller ends the turn with it.
        """
        reply = db.session.get_one(Message, turn.message_id)
        conversation = db.session.get_one(Conversation, turn.conversation_id)
        around = self.requests.around(conversation, reply.user_id, reply.model, turn.zone)
        asked = conversation, reply, rows.history(str(reply.parent_id)), around
        with languages.spoken(turn.language):  # nobody asks at this moment
            turn.begin(self.requests.submit(*asked, guarded.standing(str(reply.parent_id))))

    def flush(self) -> None:
        """Write the text so far of every reply that has grown; called twice a second."""
        ending.flush(self.live.values())

    def finish(self, turn: LiveTurn, event: Finished | Failed) -> Message:
        """Write the reply's last state, take the turn off `live`, and return the row.

        Raises:
            StorageUnavailable: the turn stays as it is, to be finished when the database is back.
        """
        row = ending.finish(turn, event)
        self.live.pop(turn.message_id, None)
        if not turn.lost:
            signals.turn_ended.send(turn, row=row, end=event)
        return row

    def drop_lost(self) -> None:
        """Let go of the replies that others have ended, since this process was taken for dead."""
        for message_id in self.live.keys() - ending.still_own(self.live) - self._starting.keys():
            log.warning("a reply was taken from this process", message_id=message_id)
            self.live[message_id].lose()

    def abandon(self, turn: LiveTurn) -> None:
        """End a turn whose row cannot be written by any means; what is left of it is reaped."""
        self.live.pop(turn.message_id, None)
        turn.end(MessageStatus.INTERRUPTED)

    def reap(self) -> None:
        """Give every reply that is live in the database and that nobody writes its last state."""
        for row in ending.interrupt_all_but(lambda: self.live.keys() | self._starting.keys()):
            log.warning("a reply was written by nobody", message_id=row.id)
            signals.reply_reaped.send(row)

    # ── steps shared by the above ───────────────────────────────────────────────────────────

    def _ask_under(
        self,
        user_id: int,
        conversation: Conversation,
        question: Question,
        added: Added,
        parent_id: str | None,
        is_below_head: bool = False,
    ) -> Asked:
        around = self.requests.around(conversation, user_id, zone=question.zone)
        self.requests.refuse_too_long(question.text, around)
        message = rows.question(conversation, user_id, parent_id, question.text, question.client_id)
        reply = self._new_reply(conversation, message, user_id, around, question.refusal, added)
        stream = None  # the pump submits it once the reply above has ended
        if not self.everywhere.is_written(parent_id):
            history = [*rows.history(parent_id), ChatMessage("user", question.text)]
            stream = self.requests.submit(conversation, reply, history, around, question.refusal)
        decided = decisions.of_message(question.met, message)
        with self._starting.own(reply):
            what = [message, reply], added, decided, is_below_head
            if not self._commit(stream, conversation, *what):
                return rows.must_be_asked(user_id, question.client_id)
            self._go_live(reply, stream, question_id=message.id, zone=question.zone)
        return Asked(conversation, message, reply)

    def _new_reply(
        self,
        conversation: Conversation,
        question: Message,
        user_id: int,
        around: Around,
        refusal: str | None,
        added: Added = NOTHING,
    ) -> Message:
        reply = rows.reply(question, user_id, around.chosen.name)
        if refusal is not None:  # nothing is computed or looked up for it either
            return reply
        reply.steps, reply.sources = self.requests.given(
            conversation, user_id, question.text, around, added
        )
        self.calls.refuse_spent(user_id)  # rules and passages may have taken seconds
        return reply

    def _commit(self, stream: Stream | None, conversation: Conversation, *written: Any) -> bool:
        """Write the rows of a turn, as `rows.insert`; what cannot be stored is not generated either."""
        committed = False
        try:
            committed = rows.insert(conversation, *written)
        finally:
            if not committed and stream is not None:
                stream.cancel()
        return committed

    def _go_live(
        self,
        reply: Message,
        stream: Stream | None,
        pieces: list[str] | None = None,
        question_id: str | None = None,
        zone: str | None = None,
    ) -> None:
        turn = LiveTurn(
            message_id=reply.id,
            conversation_id=reply.conversation_id,
            user_id=reply.user_id,
            question_id=question_id,
            stream=stream,
            language=languages.here().code,
            zone=zone,
            pieces=pieces or [],
            saved_seq=len(pieces or []),
            earlier=rows.figures_of(reply),
        )
        self.live[reply.id] = turn
        if self._starting[reply.id].stopping:
            turn.stop()
        signals.turn_started.send(turn)
