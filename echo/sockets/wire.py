"""The wire's guard: bounded connections, well-formed packets, few log lines. Knows no events and no rights.

It stands between the WSGI server and Socket.IO, for WebSockets and for polling alike. What is malformed ends
its connection with one line of log; what is too long is answered; who does not connect in time is closed.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

import structlog
from flask import Flask

from echo import hub
from echo.extensions import network_of, socketio
from echo.limits import (
    SOCKET_CONNECT_SECONDS,
    SOCKET_PAYLOAD_BYTES,
    SOCKET_POST_BYTES,
    SOCKET_VISITORS_A_SECOND,
    SOCKET_VISITORS_BURST,
)
from echo.services.sign_in import devices
from echo.sockets import packets, slow_readers
from echo.sockets.budgets import NETWORKS_REMEMBERED, Bucket, Purse
from echo.sockets.wire_log import WireLog
from echo.websocket import BoundedWebSocket, BoundedWebSockets, Overlong

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = structlog.get_logger()

PATH: Final = "/socket.io"
CHUNK: Final = 64_000
wire_log = WireLog()


def guard(app: Flask) -> None:
    """Put the guard around the Socket.IO server that is bound to this application."""
    eio = socketio.server.eio
    eio._async = {**eio._async, "websocket": _websockets}
    first = eio.handlers["connect"]
    eio.on("connect", partial(_connected, first))
    slow_readers.guard()
    server = socketio.server
    server._handle_connect = partial(_forget_who_has_gone, server, server._handle_connect)
    app.wsgi_app = PollingGuard(app.wsgi_app, partial(_is_visitor, app))  # type: ignore[method-assign]


def _websockets(handler: Any, _server: Any) -> BoundedWebSockets:
    return BoundedWebSockets(handler, partial(_bound, handler.__self__))


def _bound(reader: Any, connection: BoundedWebSocket) -> None:
    slow_readers.has_wire(reader, connection)
    network = network_of(connection.environ.get("REMOTE_ADDR", ""))
    connection.bound(SOCKET_PAYLOAD_BYTES, Purse(network).pay, partial(_pass, network))


def _pass(network: str, connection: BoundedWebSocket, said: Any) -> Any:
    """Return what Engine.IO may read; answer what is too long; end what is malformed."""
    try:
        if not isinstance(said, Overlong):
            packets.check(said)
            return said
        for answer in packets.answers_to_overlong(said):
            connection.send(packets.MESSAGE + answer)
    except packets.Malformed as fault:
        wire_log.malformed(network, str(fault))
        connection.refuse("This is no packet that is taken here.")
    return None


def _connected(first: Callable[..., Any], sid: str, environ: dict[str, Any]) -> Any:
    hub.spawn(_close_unless_connected, sid)
    return first(sid, environ)


def _close_unless_connected(sid: str) -> None:
    """Close a connection that has joined no namespace in time: nobody who is let in waits so long."""
    hub.sleep(SOCKET_CONNECT_SECONDS)
    if not _has_joined(sid):
        end_connection(sid)


def _forget_who_has_gone(
    server: Any, let_in: Callable[..., None], sid: str, namespace: str | None, data: Any
) -> None:
    """Forget a connection that ended before or while it was let in: python-socketio keeps it for ever."""
    if sid in server.environ:
        let_in(sid, namespace, data)
    if sid not in server.environ:
        space = namespace or "/"
        if (member := server.manager.sid_from_eio_sid(sid, space)) is not None:
            server.manager.disconnect(member, space, ignore_queue=True)


def end_connection(sid: str) -> None:
    """End a connection at once. Engine.IO's own way waits until its client has asked for the rest."""
    found = socketio.server.eio.sockets.pop(sid, None)
    if found is not None:
        found.close(wait=False, reason=socketio.server.reason.SERVER_DISCONNECT)


def _has_joined(sid: str) -> bool:
    return socketio.server.manager.sid_from_eio_sid(sid, "/") is not None


@lru_cache(maxsize=NETWORKS_REMEMBERED)
def _handshakes_of(network: str) -> Bucket:
    return Bucket(SOCKET_VISITORS_A_SECOND, SOCKET_VISITORS_BURST)


class PollingGuard:
    """Reads the body of each polling POST, within bounds, and passes on what is well-formed.

    Each handshake holds memory until it is closed unconnected, and no wire that could be counted: visitors,
    who will not be let in, have few.
    """

    def __init__(self, app: WSGIApplication, is_visitor: Callable[[WSGIEnvironment], bool]) -> None:
        self._app = app
        self._is_visitor = is_visitor

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not environ.get("PATH_INFO", "").startswith(PATH):
            return self._app(environ, start_response)
        query = parse_qs(environ.get("QUERY_STRING", ""))
        if "j" in query:  # JSONP: an answer that any page may run as a script
            return _refuse(start_response, "400 Bad Request", "JSONP is not spoken here.")
        if environ["REQUEST_METHOD"] == "POST":
            return self._post(environ, start_response, (query.get("sid") or [""])[0])
        if _is_handshake(query) and self._is_visitor(environ):
            network = network_of(environ.get("REMOTE_ADDR", ""))
            if not _handshakes_of(network).room():
                wire_log.malformed(network, "too many visitors' handshakes")
                return _refuse(start_response, "429 Too Many Requests", "Please sign in first.")
        return self._app(environ, start_response)

    def _post(
        self, environ: WSGIEnvironment, start_response: StartResponse, sid: str
    ) -> Iterable[bytes]:
        network = network_of(environ.get("REMOTE_ADDR", ""))
        length = environ.get("CONTENT_LENGTH") or ""
        if not (length.isascii() and length.isdigit()):
            return _refuse(start_response, "411 Length Required", "Say how long the body is.")
        if int(length[:20]) > SOCKET_POST_BYTES:
            return _refuse(start_response, "413 Content Too Large", "This is far too large.")
        if sid not in socketio.server.eio.sockets:
            return _refuse(start_response, "400 Bad Request", "There is no such connection.")
        body = _read(environ["wsgi.input"], int(length), Purse(network))
        try:
            text = body.decode()
            if len(body) > SOCKET_PAYLOAD_BYTES:
                return _answer_overlong(start_response, sid, text)
            packets.check_all(text.split("\x1e"))
        except (UnicodeDecodeError, packets.Malformed) as fault:
            wire_log.malformed(network, str(fault)[:60])
            end_connection(sid)
            return _refuse(
                start_response, "400 Bad Request", "This is no packet that is taken here."
            )
        return self._app({**environ, "wsgi.input": io.BytesIO(body)}, start_response)


def _is_handshake(query: dict[str, list[str]]) -> bool:
    return "sid" not in query and query.get("transport", ["polling"])[0] == "polling"


def _is_visitor(app: Flask, environ: WSGIEnvironment) -> bool:
    """Tell whether a request's cookie is of nobody who was ever signed in; no row is looked up for that."""
    session = app.session_interface.open_session(app, app.request_class(environ))
    return session is None or devices.SESSION_KEY not in session


def _read(stream: Any, length: int, purse: Purse) -> bytes:
    pieces = []
    while length > 0 and (piece := stream.read(min(CHUNK, length))):
        purse.pay(len(piece))
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def _answer_overlong(start_response: StartResponse, sid: str, text: str) -> Iterable[bytes]:
    """Acknowledge each event of the body as too long; a connection that has not joined is ended."""
    if not _has_joined(sid):
        end_connection(sid)
        return _refuse(start_response, "413 Content Too Large", "This is too large.")
    for answer in packets.answers_to_overlong(text):
        socketio.server.eio.send(sid, answer)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]


def _refuse(start_response: StartResponse, status: str, why: str) -> Iterable[bytes]:
    answer = json.dumps({"status": "error", "field": None, "message": why}).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))]
    if status.startswith("429"):
        headers.append(("Retry-After", "5"))
    start_response(status, [*headers, ("Connection", "close")])
    return [answer]
