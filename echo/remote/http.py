"""HTTP to one server elsewhere, by urllib3 over green sockets. Knows no answers.

Each request has a connection of its own from a pool that never waits: no lock is held while anything is read.
Redirects are not followed, for the key would go along; no proxy of the environment is asked.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from echo import hub
from echo.remote import failures
from echo.remote.answers import garbage
from echo.remote.config import base_of
from echo.remote.failures import Again, RemoteFailure

CONNECT_SECONDS: Final = 5.0
READ_BYTES: Final = 65_536
MOST_BODY_BYTES: Final = 1_000_000
KEPT_CONNECTIONS: Final = 64
END_SECONDS: Final = 0.05
TURN_SECONDS: Final = 0.005
"""Of reading without a pause; then others have theirs."""


class Door:
    """The way to one server; holds its key."""

    def __init__(self, address: str, key: str, silence_seconds: float) -> None:
        self._base = urlsplit(base_of(address)).path
        self._headers = {"Accept": "text/event-stream, application/json", "User-Agent": "Echo"}
        self._key = key
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._pool = urllib3.connection_from_url(
            address,
            maxsize=KEPT_CONNECTIONS,
            block=False,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=silence_seconds),
            **({"ssl_context": ssl.create_default_context()} if address[:6] == "https:" else {}),
        )

    def hide(self, text: str) -> str:
        """Return a text of the server's without the key, should it have repeated that."""
        return text.replace(self._key, "•••") if self._key else text

    def get(self, path: str) -> Any:
        """Return the JSON at a path; raises RemoteFailure."""
        with self._answer("GET", path, None) as answer:
            return _read_json(answer)

    @contextmanager
    def post(self, path: str, body: dict[str, Any]) -> Iterator[Reply]:
        """Ask; the reply is read within the block, after which the connection is closed or kept.

        Raises:
            RemoteFailure: in the block too.
        """
        data = json.dumps(body, ensure_ascii=False).encode()
        with self._answer("POST", path, data) as answer:
            yield Reply(answer)

    @contextmanager
    def _answer(
        self, method: str, path: str, data: bytes | None
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        headers = self._headers | ({"Content-Type": "application/json"} if data else {})
        answer: urllib3.BaseHTTPResponse | None = None
        try:
            answer = self._pool.urlopen(
                method, self._base + path, body=data, headers=headers,
                redirect=False, preload_content=False, decode_content=False,
            )  # fmt: skip
            if answer.status != 200:
                raise failures.of_status(answer.status, answer.headers, _body(answer))
            yield answer
        except (HTTPError, OSError) as failure:
            raise _broken(failure, begun=answer is not None) from failure
        finally:
            if answer is not None:
                answer.close()  # what has been read to its end has gone back to the pool before


class Reply:
    """The body of an answer that has begun."""

    def __init__(self, answer: urllib3.BaseHTTPResponse) -> None:
        self._answer = answer
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        self.is_stream = kind == "text/event-stream"
        if not self.is_stream and kind != "application/json":
            raise garbage(f"it sent {kind[:60] or 'something without a type'}")

    def chunks(self) -> Iterator[bytes]:
        """Yield what comes, as it comes.

        Green sockets give up the hub only where nothing has come yet: a server that sends without a pause
        would keep it, and no time limit would ever be noticed.
        """
        began = time.monotonic()
        while chunk := self._answer.read1(READ_BYTES):
            yield chunk
            if time.monotonic() - began > TURN_SECONDS:
                hub.sleep()
                began = time.monotonic()

    def finish(self) -> None:
        """Read the body's end behind the last word, if it comes soon: else the connection is not kept."""
        with suppress(TimeoutError, HTTPError, OSError), hub.time_limit(END_SECONDS):
            for _ in self.chunks():
                pass

    def whole(self) -> bytes:
        """Return all of it, from a server that does not stream."""
        return _body(self._answer)


def _body(answer: urllib3.BaseHTTPResponse) -> bytes:
    body = b""
    while chunk := answer.read1(READ_BYTES):
        body += chunk
        if len(body) > MOST_BODY_BYTES:
            raise RemoteFailure(
                failures.ENDLESS, "a body of more than a megabyte", again=Again.ELSEWHERE
            )
    return body


def _read_json(answer: urllib3.BaseHTTPResponse) -> Any:
    try:
        return json.loads(_body(answer))
    except (ValueError, RecursionError) as problem:
        raise garbage("it sent no JSON") from problem


def _broken(failure: Exception, begun: bool) -> RemoteFailure:
    """Return what a connection's failure means."""
    reason = str(failure).rpartition(": ")[2] or type(failure).__name__
    if begun:
        return RemoteFailure(failures.CUT, f"the connection broke: {reason}")
    return RemoteFailure(failures.AWAY, f"no connection: {reason}")
