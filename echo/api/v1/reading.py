"""A call on its way to the program that asked: begun, read as it comes, stopped when nobody reads.

Knows no form of answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from flask import Response, g, request

from echo import errors, hub
from echo.extensions import db
from echo.services.turns import Call, Finished, LiveCall, TextPiece, Turns

LOOK_SECONDS: Final = 15.0
"""A comment is sent after this silence, so that proxies keep the stream."""
as_json: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
STILL_HERE: Final = ": still here\n\n"


def ask(wanted: Call) -> LiveCall:
    """Begin a call in the name of whose key this request shows."""
    with naming_models():
        call = Turns.here().calls.ask(g.program, wanted)  # whose door this was has put it there
    db.session.commit()  # the connection goes back while the answer is written
    return call


@contextmanager
def naming_models() -> Iterator[None]:
    """Raise NotFound where a model that is named is not here, as programs are told of it."""
    try:
        yield
    except errors.InvalidInput as refusal:
        if refusal.field == "model":
            raise errors.NotFound(refusal.text, field="model") from refusal
        raise


def whole(call: LiveCall) -> Finished:
    """Wait for the end; raises what went wrong."""
    with hub.watching_reader(request.environ, call.stop):
        while call.end is None:
            call.updates.wait(LOOK_SECONDS)
    return call.finished()


Told = Callable[[errors.EchoError], str]


def streamed(call: LiveCall, events: Iterable[str], told: Told) -> Response:
    """Answer with server-sent events; what is refused at once is still an answer with its own status.

    `told` puts into words what goes wrong later.
    """
    with hub.watching_reader(request.environ, call.stop):
        if not call.pieces and call.end is None:
            call.updates.wait(LOOK_SECONDS)
    if call.end is not None and not call.pieces:
        call.finished()
    body = _watched(
        call, events, told, request.environ
    )  # without the request, which is over by then
    return Response(body, mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})


def _watched(
    call: LiveCall, events: Iterable[str], told: Told, environ: Mapping[str, Any]
) -> Iterator[str]:
    with hub.watching_reader(environ, call.stop):
        try:
            yield from events
        except errors.EchoError as failure:
            yield told(failure)
        finally:
            call.stop()  # one whose reader was gone, or read nothing for too long


def news(call: LiveCall) -> Iterator[list[TextPiece]]:
    """Yield what has come since the last look, all of it together; nothing after a long silence."""
    given = 0
    while call.end is None or given < len(call.pieces):
        if new := call.pieces[given:]:
            given += len(new)
            yield new
        elif not call.updates.wait(LOOK_SECONDS):
            yield []


def text_of(pieces: Iterable[TextPiece]) -> str:
    return "".join(piece.text for piece in pieces)


def event(data: dict[str, Any], name: str | None = None) -> str:
    """Return one server-sent event."""
    text = as_json(data)
    return f"event: {name}\ndata: {text}\n\n" if name else f"data: {text}\n\n"
