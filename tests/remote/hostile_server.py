"""A small server of OpenAI's protocol that does what the last message tells it. Knows no Echo."""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORDS = ("Grüße", " aus", " der", " 🦜-Welt", ",\n", "\t日本", "語", " é")
"""With characters of two, three and four bytes."""
TEXT = "".join(WORDS)
USAGE = {"prompt_tokens": 11, "completion_tokens": 8, "prompt_tokens_details": {"cached_tokens": 3}}
PATIENCE = 20.0
FLOOD_SECONDS = 5.0


class HostileServer:
    """Serves on a free port in native threads, until `stop`."""

    def __init__(
        self,
        models: tuple[str, ...] = ("hostile",),
        window: int | None = None,
        behaves: bool = False,
    ) -> None:
        self.behaves = behaves  # whatever it is told
        self.locked = False
        self.models = [{"id": name, "max_model_len": window} for name in models]
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.hung_up = threading.Event()
        self.written = 0
        self.go_on = threading.Event()
        self.connections: list[socket.socket] = []
        self._listen(0)

    def _listen(self, port: int) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # Echo hangs up often
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def start_again(self) -> None:
        self._listen(self.port)

    def times(self, question: str) -> int:
        """How often it was asked this."""
        return sum(_question(body) == question for body in self.bodies)


def _question(body: dict[str, Any]) -> str:
    if "prompt" in body:
        return str(body["prompt"])
    return next(one["content"] for one in reversed(body["messages"]) if one["role"] == "user")


def chunk(text: str | None = None, reason: str | None = None, **more: Any) -> bytes:
    delta = {} if text is None else {"content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    found = {"object": "chat.completion.chunk", "choices": [choice], **more}
    return f"data: {json.dumps(found, ensure_ascii=False)}\n\n".encode()


def usage() -> bytes:
    return f"data: {json.dumps({'choices': [], 'usage': USAGE})}\n\n".encode()


DONE = b"data: [DONE]\n\n"


def well() -> Iterator[bytes]:
    yield from (chunk(word) for word in WORDS)
    yield chunk(None, "stop")
    yield usage()
    yield DONE


def _handler(owner: HostileServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            owner.connections.append(self.connection)

        def log_message(self, *_: Any) -> None: ...

        def do_GET(self) -> None:
            if owner.locked:
                self.json(401, {"error": {"message": "who are you?"}})
            elif self.path == "/v1/models":
                self.json(200, {"object": "list", "data": owner.models})
            else:
                self.json(404, {"error": {"message": "no such page"}})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            owner.headers.append(dict(self.headers))
            owner.paths.append(self.path)
            owner.bodies.append(body)
            question = _question(body)
            answer = ANSWERS.get(question.split(":")[0])
            with suppress(OSError):
                if answer is None or owner.behaves:
                    self.stream(well())
                else:
                    answer(self, owner, body)
                return
            owner.hung_up.set()

        def json(self, status: int, found: Any, **headers: str) -> None:
            self.whole(status, json.dumps(found).encode(), "application/json", **headers)

        def whole(self, status: int, body: bytes, kind: str, **headers: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def begin(self, kind: str = "text/event-stream; charset=utf-8") -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()

        def stream(self, parts: Iterator[bytes], pause: float = 0.0) -> None:
            self.begin()
            for part in parts:
                self.part(part)
                owner.written += 1
                time.sleep(pause)
            self.part(b"")

        def part(self, data: bytes) -> None:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

        def cut(self) -> None:
            """End the connection in the middle, as a killed process does."""
            self.close_connection = True
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)

    return Handler


# ── what it does ────────────────────────────────────────────────────────────────────────────


def _bytewise(handler: Any, owner: HostileServer, body: dict[str, Any]) -> None:
    """Half lines and half characters: each byte in a packet of its own."""
    whole = b": a comment\r\n\r\n" + b"".join(well()).replace(b"\n", b"\r\n")
    handler.stream(whole[n : n + 1] for n in range(len(whole)))


def _stream(*parts: bytes) -> Callable[..., None]:
    return lambda handler, *_: handler.stream(iter(parts))


def _status(status: int, message: str = "no", **headers: str) -> Callable[..., None]:
    return lambda handler, *_: handler.json(status, {"error": {"message": message}}, **headers)


def _first(bad: Callable[..., None]) -> Callable[..., None]:
    """Badly the first time that a question comes, then well."""

    def answer(handler: Any, owner: HostileServer, body: dict[str, Any]) -> None:
        if owner.times(_question(body)) == 1:
            bad(handler, owner, body)
        else:
            handler.stream(well())

    return answer


def _silent(handler: Any, owner: HostileServer, body: dict[str, Any]) -> None:
    owner.go_on.wait(PATIENCE)
    handler.cut()


def _end_without_end(handler: Any, owner: HostileServer, body: dict[str, Any]) -> None:
    """All is said, but the body stays open."""
    handler.begin()
    for part in well():
        handler.part(part)
    owner.go_on.wait(PATIENCE)
    handler.cut()


def _flood_after_end(handler: Any, owner: HostileServer, body: dict[str, Any]) -> None:
    handler.begin()
    for part in well():
        handler.part(part)
    until = time.monotonic() + FLOOD_SECONDS
    while time.monotonic() < until:
        handler.part(chunk("!") * 200)


def _headers_only(handler: Any, owner: HostileServer, body: dict[str, Any]) -> None:
    handler.begin()
    for _ in itertools.takewhile(lambda _: not owner.go_on.is_set(), itertools.count()):
        handler.part(b": still here\n\n")  # a comment is no word
        time.sleep(0.05)


def _stuck(handler: Any, owner: HostileServer, body: dict[str, Any]) -> None:
    handler.begin()
    handler.part(chunk("Half of"))
    owner.go_on.wait(PATIENCE)
    handler.cut()


def _cut(handler: Any, owner: HostileServer, body: dict[str, Any]) -> None:
    handler.begin()
    handler.part(chunk("Half of"))
    handler.wfile.write(b"ff\r\ndata: {")
    handler.cut()


def _ends_early(handler: Any, owner: HostileServer, body: dict[str, Any]) -> None:
    handler.stream(iter([chunk("Half of")]))


def _endless(handler: Any, owner: HostileServer, body: dict[str, Any]) -> None:
    handler.stream((chunk(f" word{n}") for n in itertools.count()), pause=0.002)


def _flood(handler: Any, owner: HostileServer, body: dict[str, Any]) -> None:
    """Events without a word, faster than they can be read."""
    until = time.monotonic() + FLOOD_SECONDS
    many = chunk() * 200
    handler.stream(itertools.takewhile(lambda _: time.monotonic() < until, itertools.repeat(many)))


def _flood_later(handler: Any, owner: HostileServer, body: dict[str, Any]) -> None:
    handler.begin()
    handler.part(chunk("Half of"))
    until = time.monotonic() + FLOOD_SECONDS
    while time.monotonic() < until:
        handler.part(chunk() * 200)


def _endless_line(handler: Any, owner: HostileServer, body: dict[str, Any]) -> None:
    handler.stream(itertools.chain([b"data: "], itertools.repeat(b"x" * 10_000)))


def _picky(handler: Any, owner: HostileServer, body: dict[str, Any]) -> None:
    """As OpenAI's own newer models: no extensions, and another name for the bound."""
    for name in ("top_k", "repetition_penalty", "repeat_penalty"):
        if name in body:
            text = f"Unrecognized request argument supplied: {name}"
            return handler.json(400, {"error": {"message": text, "param": None}})  # type: ignore[no-any-return]
    if "max_tokens" in body:
        text = "Unsupported parameter: 'max_tokens' is not supported with this model."
        found = {"message": text, "param": "max_tokens", "code": "unsupported_parameter"}
        return handler.json(400, {"error": found})  # type: ignore[no-any-return]
    return handler.stream(well())  # type: ignore[no-any-return]


def _short(handler: Any, owner: HostileServer, body: dict[str, Any]) -> None:
    """It reads three messages at most."""
    if len(body["messages"]) <= 3:
        return handler.stream(well())  # type: ignore[no-any-return]
    text = "This model's maximum context length is 16 tokens."
    return handler.json(400, {"error": {"message": text, "code": "context_length_exceeded"}})  # type: ignore[no-any-return]


def _whole(handler: Any, owner: HostileServer, body: dict[str, Any]) -> None:
    """It does not stream."""
    message = {"role": "assistant", "content": TEXT}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    handler.json(200, {"choices": choices, "usage": USAGE})


def _tells_the_key(handler: Any, owner: HostileServer, body: dict[str, Any]) -> None:
    key = handler.headers["Authorization"].split()[1]
    handler.json(500, {"error": {"message": f"I know {key}"}})


def _page(handler: Any, *_: Any) -> None:
    handler.whole(200, b"<!doctype html><html><h1>Welcome to nginx</h1></html>", "text/html")


def _proxy_page(handler: Any, *_: Any) -> None:
    handler.whole(502, b"<html><h1>502 Bad Gateway</h1></html>", "text/html")


def thought(text: str) -> bytes:
    delta = {"reasoning_content": text}
    return f"data: {json.dumps({'choices': [{'delta': delta}]})}\n\n".encode()


def called(number: int, arguments: str, name: str = "") -> bytes:
    function = {"arguments": arguments} | ({"name": name} if name else {})
    delta = {"tool_calls": [{"index": number, "id": "c", "function": function}]}
    return f"data: {json.dumps({'choices': [{'delta': delta}]})}\n\n".encode()


def escaped(text: str) -> bytes:
    return f"data: {json.dumps({'choices': [{'delta': {'content': text}}]})}\n\n".encode()


STOP = chunk(None, "stop")
ANSWERS: dict[str, Callable[..., None]] = {
    "bytewise": _bytewise,
    "no usage": _stream(*map(chunk, WORDS), STOP, DONE),
    "no end mark": _stream(*map(chunk, WORDS), STOP),
    "no reason": _stream(*map(chunk, WORDS), DONE),
    "long": _stream(chunk("a"), chunk("b", "length"), usage(), DONE),
    "garbage": _stream(b"data: {not json\n\n"),
    "other json": _stream(b'data: {"choices": {"delta": []}}\n\n'),
    "number": _stream(b'data: {"choices": [{"delta": {"content": 7}}]}\n\n'),
    "broken letters": _stream(b'data: {"choices": [{"delta": {"content": "\xff\xfe"}}]}\n\n'),
    "garbage later": _stream(chunk("Half of"), b"data: {not json\n\n"),
    "error later": _stream(chunk("Half of"), b'data: {"error": {"message": "out of memory"}}\n\n'),
    "halves": _stream(escaped("a \ud83e"), escaped("\udd9c b"), escaped("\udd9c\0"), STOP, DONE),
    "thinks": _stream(thought("Hm"), thought(", well."), chunk("Yes."), STOP, DONE),
    "calls": _stream(
        called(0, "", "look"),
        called(0, '{"at": '),
        called(0, '"sea"}'),
        called(1, "", "wait"),
        chunk(None, "tool_calls"),
        DONE,
    ),
    "401": _status(401, "wrong key sk-very-secret-key"),
    "404": _status(404),
    "429": _status(429, Retry_After="300"),
    "429 at once": _status(429, Retry_After="0"),
    "503 long ago": _status(503, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"),
    "429 first": _first(_status(429, Retry_After="0.05")),
    "500": _status(500),
    "500 first": _first(_status(500)),
    "503 first": _first(_proxy_page),
    "cut first": _first(lambda handler, *_: handler.cut()),
    "wrong": _status(400, "temperature must be below 1"),
    "redirect": _status(307, Location="http://127.0.0.1:9/v1/chat/completions"),
    "silent": _silent,
    "headers only": _headers_only,
    "stuck": _stuck,
    "cut": _cut,
    "ends early": _ends_early,
    "endless": _endless,
    "endless line": _endless_line,
    "end without end": _end_without_end,
    "flood after end": _flood_after_end,
    "flood": _flood,
    "flood later": _flood_later,
    "picky": _picky,
    "short": _short,
    "whole": _whole,
    "page": _page,
    "proxy page": _proxy_page,
    "tells the key": _tells_the_key,
}
