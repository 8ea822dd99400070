"""Temporary chats: a question with all that was said before it, and its answer to that one connection alone.

Nothing is looked up and nothing kept: who leaves stops their answers. Knows calls, no rows.
"""

from __future__ import annotations

from typing import Any, Final

import structlog
from flask import Flask, current_app, request

from echo import hub, languages, request_ids
from echo.errors import SignedOut
from echo.extensions import socketio
from echo.languages import gettext, said
from echo.models import GuardPlace, User
from echo.services.chats import failures
from echo.services.turns import (
    Failed,
    LiveCall,
    TemporaryQuestion,
    Turns,
    ask_temporary,
    ended_as,
)
from echo.sockets import access, payloads
from echo.sockets.access import event

log = structlog.get_logger()

Answer = dict[str, Any]
LOOK_SECONDS: Final = 1.0


def init_app(app: Flask) -> None:
    """Keep the answers of this application by their connections, and stop those of one that ends."""
    app.extensions["temporary_answers"] = TemporaryAnswers()


class TemporaryAnswers:
    """The answers in the making, by connection and by their ids."""

    def __init__(self) -> None:
        self._of: dict[str, dict[str, LiveCall]] = {}

    @classmethod
    def here(cls) -> TemporaryAnswers:
        """Return those of the present application."""
        found: TemporaryAnswers = current_app.extensions["temporary_answers"]
        return found

    def begin(self, connection: str, call: LiveCall) -> None:
        """Tell this connection, and nobody else, how an answer grows and ends."""
        self._of.setdefault(connection, {})[call.id] = call
        hub.spawn(request_ids.carried(languages.carried(self._run)), connection, call)

    def stop(self, connection: str, call_id: str) -> None:
        """Stop an answer of this connection; another's, or one that has ended, stays as it is."""
        if call := self._of.get(connection, {}).get(call_id):
            call.stop()

    def stop_all(self, connection: str) -> None:
        """Nobody reads them any more."""
        for call in self._of.get(connection, {}).values():
            call.stop()

    # ── in a green thread of each answer ────────────────────────────────────────────────────

    def _run(self, connection: str, call: LiveCall) -> None:
        try:
            seq = self._pump(connection, call)
            _tell(connection, call, "message_finished", _end_of(call, seq))
        except Exception:
            log.exception("a temporary answer failed", call=call.id)
            call.stop()
        finally:
            self._forget(connection, call)

    def _pump(self, connection: str, call: LiveCall) -> int:
        """Send pieces as they come, to the end; return how many were sent."""
        seq, given, place = 0, 0, None
        while call.end is None or given < len(call.pieces):
            if new := call.pieces[given:]:
                given, seq = given + len(new), seq + 1
                text = "".join(piece.text for piece in new)
                _tell(connection, call, "receive_message", {"seq": seq, "text": text})
            elif (now := call.stream.place) is not None and now != place:
                place = now
                told = {"position": now.position, "eta_seconds": round(now.eta_seconds, 1)}
                _tell(connection, call, "message_queued", told)
            else:
                if not socketio.server.manager.is_connected(connection, "/"):
                    call.stop()  # it left before this answer was known by it
                call.updates.wait(LOOK_SECONDS)
        return seq

    def _forget(self, connection: str, call: LiveCall) -> None:
        mine = self._of.get(connection, {})
        mine.pop(call.id, None)
        if not mine:
            self._of.pop(connection, None)


@event("ask_temporary")
def ask(_user: User, raw: Any) -> Answer:
    asked = payloads.ask_temporary(raw)
    device = access.current_device()
    if device is None:  # it ended a moment ago
        raise SignedOut(gettext("You are signed out. Please sign in again."))
    question = TemporaryQuestion(asked.messages, asked.settings, access.zone())
    call, steps = ask_temporary(Turns.here(), device, question)
    TemporaryAnswers.here().begin(_connection(), call)
    told: Answer = {"message_id": call.id, "model": call.model}
    if steps:
        told["steps"] = steps
    about = [each for each in call.decided if each["place"] == GuardPlace.QUESTION]
    return {**told, "guard": about} if about else told


@event("stop_temporary")
def stop(_user: User, raw: Any) -> Answer:
    TemporaryAnswers.here().stop(_connection(), payloads.message_id(raw))
    return {}


def left() -> None:
    TemporaryAnswers.here().stop_all(_connection())


def _connection() -> str:
    sid: str = request.sid  # type: ignore[attr-defined]
    return sid


def _tell(connection: str, call: LiveCall, name: str, payload: Answer) -> None:
    socketio.emit(name, {"message_id": call.id, **payload}, to=connection)


def _end_of(call: LiveCall, seq: int) -> Answer:
    """Return how an answer ended, in the words of any other."""
    end = call.end
    if end is None:
        raise LookupError("an answer is told to have ended once it has")
    usage, timing = end.usage, end.timing
    told: Answer = {
        "status": "interrupted" if call.refused else ended_as(end),
        "finish_reason": "failed" if isinstance(end, Failed) else str(end.reason),
        "seq": seq,
        "tokens": {
            "prompt": usage.prompt,
            "cached": usage.cached,
            "completion": usage.completion,
        },
        "timing": {
            "queue_ms": round(timing.queue_ms),
            "first_token_ms": timing.first_token_ms and round(timing.first_token_ms),
            "total_ms": round(timing.total_ms),
        },
    }
    if call.refused:
        told["error"] = {"code": "engine_failed", "text": said(call.refused, failures.TEXTS)}
    elif isinstance(end, Failed):
        told["error"] = {"code": end.code, "text": said(end.text, failures.TEXTS)}
    answers = [each for each in call.decided if each["place"] == GuardPlace.ANSWER]
    return {**told, "guard": answers} if answers else told
