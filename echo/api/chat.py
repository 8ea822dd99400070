"""`POST /chat`: a prompt in, an answer out, as JSON or word by word as server-sent events.

Knows turns, not how they are pumped: the same turn is seen live by every tab that watches. Once the program
hangs up, a reply that no tab watches is stopped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from flask import (
    Blueprint,
    Response,
    jsonify,
    request,
    stream_with_context,
)
from flask_login import current_user

from echo import hub, signals
from echo.clock import ZONE_COOKIE
from echo.errors import EngineFailed, InvalidInput, SignedOut
from echo.extensions import db
from echo.languages import gettext
from echo.models import Message, MessageStatus
from echo.services.chats import chat_settings, wire
from echo.services.guardrails import decisions
from echo.services.turns import Asked, LiveTurn, Question, Turns
from echo.text import message

blueprint = Blueprint("chat_api", __name__)

SETTINGS: Final = (
    "max_new_tokens", "temperature", "top_p", "top_k", "repetition_penalty", "model",
)  # fmt: skip
FIELDS: Final = ("prompt", "conversation_id", *SETTINGS)
LOOK_SECONDS: Final = 15.0  # a comment is sent after this silence, so that proxies keep the stream


@blueprint.post("/chat")
def chat() -> Response:
    """Answer a prompt. 400 names the field at fault; 503 says that the engine is busy or failed."""
    if not current_user.is_authenticated:
        raise SignedOut(gettext("Please sign in first."))
    turns = Turns.here()
    question = _question()
    asked = turns.ask(current_user.id, question)
    turn = turns.live[asked.reply.id]
    db.session.commit()  # the connection goes back while the answer is written
    if request.accept_mimetypes.best == "text/event-stream":
        events = stream_with_context(_events(turn, asked))
        return Response(events, mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})
    with hub.watching_reader(request.environ, partial(signals.reader_left.send, turn)):
        while not turn.ended:
            turn.updates.wait(LOOK_SECONDS)
    reply = _stored(asked)
    if reply.status == MessageStatus.FAILED:
        raise EngineFailed(
            wire.failure(reply) or gettext("The model could not answer. Please try again.")
        )
    return jsonify(_answer(reply))


def _question() -> Question:
    body: Any = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise InvalidInput(
            gettext("Send a JSON object with a prompt, as application/json."), field="prompt"
        )
    unknown = next((name for name in body if name not in FIELDS), None)
    if unknown is not None:
        raise InvalidInput(
            gettext("There is no field called “%(name)s”.", name=unknown[:40]), field=unknown[:40]
        )
    conversation_id = body.get("conversation_id")
    if conversation_id is not None and not isinstance(conversation_id, str):
        raise InvalidInput(gettext("conversation_id is a text."), field="conversation_id")
    chosen = {name: body[name] for name in SETTINGS if body.get(name) is not None}
    return Question(
        text=_prompt(body.get("prompt")),
        conversation_id=conversation_id,
        settings=chat_settings.checked(chosen),
        zone=request.cookies.get(ZONE_COOKIE),
    )


def _prompt(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidInput(gettext("The prompt is a text and must not be empty."), field="prompt")
    return message(value, "prompt")


def _stored(asked: Asked) -> Message:
    return db.session.get_one(Message, asked.reply.id, populate_existing=True)


def _answer(reply: Message) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "response": reply.text,
        "conversation_id": reply.conversation_id,
        "message_id": reply.id,
        "finish_reason": reply.finish_reason,
        "tokens": reply.tokens,
    }
    if reply.steps is not None:
        answer["steps"] = reply.steps
    if guard := _decided(reply):
        answer["guard"] = guard
    return answer


def _decided(reply: Message) -> list[dict[str, Any]]:
    """Return what rules have decided about an answer and its question."""
    question = db.session.get(Message, reply.parent_id)
    rows = [row for row in (question, reply) if row is not None and row.guarded]
    return [decisions.wire(each) for row in rows for each in row.decisions]


def _events(turn: LiveTurn, asked: Asked) -> Iterator[str]:
    """Yield `started`, then `message` events with pieces, then one `done` (or `error`) event."""
    leave = partial(signals.reader_left.send, turn)
    with hub.watching_reader(request.environ, leave):
        try:
            yield from _events_of(turn)
        except GeneratorExit:  # the reader was gone, or read nothing for too long
            leave()
            raise
    reply = _stored(asked)
    if reply.status == MessageStatus.FAILED:
        yield _event("error", {"code": reply.error_code, "text": wire.failure(reply)})
    else:
        yield _event("done", _answer(reply))


def _events_of(turn: LiveTurn) -> Iterator[str]:
    yield _event(
        "started", {"conversation_id": turn.conversation_id, "message_id": turn.message_id}
    )
    sent = 0
    while not (turn.ended and sent == turn.seq):
        if turn.seq > sent:
            text, sent = turn.since(sent), turn.seq
            yield _event("message", {"seq": sent, "text": text})
        elif not turn.updates.wait(LOOK_SECONDS):
            yield ": still here\n\n"


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
