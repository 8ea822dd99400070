"""One green task for each turn: stream → row and room, to the end, whether or not anybody watches.

It also announces the turn, so that whoever watches sees the reply, however it was asked for. Knows turns and
rooms; not connections: a browser that leaves changes nothing here.
"""

from __future__ import annotations

from typing import Any, Final

import structlog
from flask import Flask

from echo import cluster, errors, hub, request_ids, signals
from echo.extensions import db, socketio
from echo.generation import Failed, Finished, FinishReason, TextPiece, Timing, Usage
from echo.models import Conversation, Message
from echo.services.chats import failures, message_tree, wire
from echo.services.turns import LiveTurn, Turns, pace
from echo.services.turns import rows as turn_rows
from echo.sockets import rooms
from echo.sockets.audience import Audience

log = structlog.get_logger()

LOOK_SECONDS: Final = 1.0
FLUSH_SECONDS: Final = 0.5
LAPSED_SECONDS: Final = 0.05
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 15.0
NOTHING = Usage(0, 0, 0), Timing(0, None, 0)


def subscribe(app: Flask) -> None:
    """Pump every turn that starts in this application."""
    pump = Pump(app)
    app.extensions["reply_pump"] = pump  # signals hold their listeners weakly
    signals.turn_started.connect(pump.start)
    signals.reply_reaped.connect(_reaped)
    signals.reply_given.connect(_tell_given)


class Pump:
    """Moves replies from the engine to rooms and rows."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._cluster = cluster.of(app)
        self._audience = Audience(app)
        self._flushing = False

    @property
    def turns(self) -> Turns:
        return Turns.of(self._app)

    def start(self, turn: LiveTurn) -> None:
        """Begin to pump a turn, and to write what grows."""
        if turn.message_id not in self.turns.live:
            return  # another application of this process (tests have several)
        hub.spawn(request_ids.carried(self._run), turn)
        rooms.tell_quota(self._app, turn.user_id)
        if not self._flushing:
            self._flushing = True
            hub.spawn(self._flush_for_as_long_as_it_takes)

    def _run(self, turn: LiveTurn) -> None:
        """Pump to the end; whatever fails, the turn ends and everybody is told."""
        end: Finished | Failed = Failed("engine_failed", failures.LOST, *NOTHING)
        try:
            self._announce(turn)
            self._audience.begin(turn)
            end = self._wait_for_turn_above(turn) or self._pump(turn)
        except Exception:
            log.exception("pump failed", message_id=turn.message_id)
            if turn.stream is not None:
                turn.stream.cancel()
        finally:
            self._audience.end(turn)
            self._finish(turn, end)

    def _announce(self, turn: LiveTurn) -> None:
        """Tell every tab that watches, before the first piece, and the owner's list of conversations."""
        with self._app.app_context():
            try:
                room = rooms.of_conversation(turn.conversation_id)
                socketio.emit("message_started", _started(turn), to=room)
                _tell_lists(turn.conversation_id)
            except Exception:  # the reply goes on; who opens the conversation sees it
                log.exception("turn not announced", message_id=turn.message_id)

    def _wait_for_turn_above(self, turn: LiveTurn) -> Failed | Finished | None:
        """Let the reply above in the tree end first, since it belongs to this one's prompt."""
        if turn.stream is not None:
            return None
        with self._app.app_context():
            above = turn_rows.above(turn.message_id)
            db.session.commit()  # the connection goes back meanwhile
            while not turn.stopping and self.turns.everywhere.is_written(above):
                self._wait_for_news_of(above)
        if turn.stopping:
            return Finished(FinishReason.CANCELLED, *NOTHING)
        with self._app.app_context():
            try:
                self.turns.submit_waiting(turn)
            except errors.EchoError as refusal:
                return Failed(refusal.code, refusal.text, *NOTHING)
        return None

    def _wait_for_news_of(self, message_id: str | None) -> None:
        """Wait until a reply has grown, or a moment for one that another process writes."""
        if turn := self.turns.live.get(str(message_id)):
            turn.updates.wait(LOOK_SECONDS)
        else:
            db.session.commit()
            hub.sleep(LOOK_SECONDS / 4)

    def _pump(self, turn: LiveTurn) -> Finished | Failed:
        """Send pieces as they come: the first at once, then all that a tick has gathered."""
        place = None
        while True:
            end = self._send_pieces(turn)
            if end is not None:
                return end
            place = self._tell_place(turn, place)
            if turn.seq:
                hub.sleep(pace.tick(self.turns.calls.streams))
            turn.news.wait(LOOK_SECONDS)

    def _send_pieces(self, turn: LiveTurn) -> Finished | Failed | None:
        if turn.stream is None:
            raise LookupError("a turn is pumped once its stream exists")
        while self._cluster.has_lapsed():  # others may have ended it: looked up at the next beat
            hub.sleep(LAPSED_SECONDS)
        events = turn.stream.take()
        pieces = [event for event in events if isinstance(event, TextPiece)]
        text = "".join(piece.text for piece in pieces)
        if text and not turn.lost:
            self._cluster.keep_piece(turn.message_id, turn.seq + 1, text)  # before anybody sees it
            seq = turn.append(text, sum(piece.tokens for piece in pieces))
            near = self._audience.is_here_alone(turn)
            self._emit(turn, "receive_message", {"seq": seq, "text": text}, near=near)
        return next((e for e in events if not isinstance(e, TextPiece)), None)

    def _tell_place(self, turn: LiveTurn, told: Any) -> Any:
        """Say where in the queue the turn is, whenever that changed."""
        place = turn.place
        if place is None or place == told:
            return told
        payload = {"position": place.position, "eta_seconds": round(place.eta_seconds, 1)}
        self._emit(turn, "message_queued", payload)
        return place

    def _finish(self, turn: LiveTurn, end: Finished | Failed) -> None:
        with self._app.app_context():
            try:
                row = self._saved(turn, end)
            except Exception as failure:
                log.exception("reply not saved", message_id=turn.message_id)
                self.turns.abandon(turn)
                self._emit(turn, "message_finished", _unsaved(turn, failure))
                return
            if turn.lost and row.is_live:
                return  # it goes on elsewhere
            # a lost one's again: since others told it, windows may have heard more, or opened it here
            self._emit(turn, "message_finished", _finished(row))
            if turn.lost:
                return
            rooms.tell_quota(self._app, turn.user_id)
            _tell_lists(turn.conversation_id)

    def _saved(self, turn: LiveTurn, end: Finished | Failed) -> Message:
        """Write the reply's end, however long the database is away: nobody is told before it is stored."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return self.turns.finish(turn, end)
            except errors.StorageUnavailable:
                log.warning("reply not saved yet", message_id=turn.message_id, again_in=pause)
            hub.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _emit(
        self, turn: LiveTurn, name: str, payload: dict[str, Any], *, near: bool = False
    ) -> None:
        """Tell every window that watches; `near`: those at this process."""
        room = rooms.of_conversation(turn.conversation_id)
        told = {"message_id": turn.message_id, **payload}
        socketio.emit(name, told, to=room, ignore_queue=near)

    def _flush_for_as_long_as_it_takes(self) -> None:
        """Write grown texts twice a second while anything is live."""
        try:
            while self.turns.live:
                hub.sleep(FLUSH_SECONDS)
                with self._app.app_context():
                    self._flush_once()
        finally:
            self._flushing = False

    def _flush_once(self) -> None:
        try:
            self.turns.flush()
        except errors.StorageUnavailable:
            log.warning("texts not saved yet", live=len(self.turns.live))
        except Exception:
            log.exception("texts not saved", live=len(self.turns.live))


def _started(turn: LiveTurn) -> dict[str, Any]:
    new = [id_ for id_ in (turn.question_id, turn.message_id) if id_ is not None]
    rows = [db.session.get_one(Message, id_) for id_ in new]
    payloads = wire.messages(rows, message_tree.siblings(rows))
    return {
        "conversation_id": turn.conversation_id,
        "message": payloads[0] if turn.question_id else None,
        "reply": payloads[-1],
    }


def _tell_lists(conversation_id: str) -> None:
    conversation = db.session.get(Conversation, conversation_id)
    if conversation is not None and conversation.deleted_at is None:
        signals.conversation_changed.send(conversation)


def _reaped(row: Message) -> None:
    """Tell who watches how a reply has ended that no turn was writing."""
    payload = {"message_id": row.id, **_finished(row)}
    socketio.emit("message_finished", payload, to=rooms.of_conversation(row.conversation_id))
    _tell_lists(row.conversation_id)


def _tell_given(message_id: str, conversation_id: str, given: dict[str, Any]) -> None:
    """Tell who watches what the model has called for, before the words that follow."""
    chat = db.session.get_one(Conversation, conversation_id)
    db.session.expire(chat, ["members"])  # somebody may have come since it was read
    row = db.session.get_one(Message, message_id, populate_existing=True)
    told = wire.messages([row], {})[0]
    payload = {"message_id": message_id, **{name: told[name] for name in given}}
    socketio.emit("message_steps", payload, to=rooms.of_conversation(conversation_id))


def _finished(row: Message) -> dict[str, Any]:
    payload = wire.messages([row], {})[0]
    names = (
        "status",
        "finish_reason",
        "seq",
        "tokens",
        "timing",
        "error",
        "guard",
        "steps",
        "sources",
    )
    return {name: payload[name] for name in names if name in payload}


def _unsaved(turn: LiveTurn, failure: Exception) -> dict[str, Any]:
    text = failure.text if isinstance(failure, errors.EchoError) else failures.UNSAVED
    return {
        "status": "failed",
        "finish_reason": "failed",
        "seq": turn.seq,
        "tokens": None,
        "timing": None,
        "error": {"code": "storage", "text": text},
    }
