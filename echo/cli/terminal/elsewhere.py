"""An Echo elsewhere answers, through its `/v1`, which stores nothing that is said. Knows no terminal.

No system prompt and no help are added by that server to what a program says, so none is but the person's own.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

import requests
from requests import PreparedRequest, RequestException, Response, Session
from requests.auth import AuthBase

from echo import errors, hub
from echo.cli.terminal.answering import Stream
from echo.generation import (
    ChatMessage,
    Failed,
    Finished,
    FinishReason,
    StreamEvent,
    TextPiece,
    Timing,
    Usage,
)
from echo.remote.bodies import without_oldest
from echo.remote.server_events import EventTooLong, ServerEvents

TIMEOUTS: Final = (10.0, 60.0)
"""Seconds to connect, and of silence: a comment comes every 15 seconds."""
OUR_NAMES: Final = {"max_new_tokens": "max_tokens"}
"""What the engine calls otherwise than programs do."""
TOO_LONG: Final = "context_length_exceeded"
DONE: Final = b"[DONE]"
READ_BYTES: Final = 512
"""At most: what is not sent in chunks is waited for until there are so many."""


class Bearer(AuthBase):
    """The key, and never what a netrc file says instead."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


class Elsewhere:
    """The models of another machine's Echo that the key's owner may use."""

    def __init__(
        self,
        url: str,
        key: str,
        model: str | None,
        sampling: Mapping[str, Any],
        system: str | None = None,
    ) -> None:
        """Look who answers at `url`, the address that people use.

        Raises:
            SourceFailed: nobody does, or no Echo.
            SignedOut, Forbidden: the key is refused.
            NotFound: there is no such model.
        """
        self._base = f"{url.rstrip('/').removesuffix('/v1')}/v1"
        self._http = Session()
        self._http.auth = Bearer(key)
        self._sampling = {OUR_NAMES.get(name, name): value for name, value in sampling.items()}
        self._system = [{"role": "system", "content": system}] if system else []
        self.model = ""
        self.use(model or self._usual())

    def models(self) -> list[str]:
        return [str(one["id"]) for one in self._listed()]

    def use(self, name: str) -> None:
        names = self.models()
        if name not in names:
            raise errors.NotFound(f"There is no model {name} there, but {', '.join(names)}.")
        self.model = name

    def preparing(self) -> str | None:
        return None

    def ask(self, history: Sequence[ChatMessage]) -> Stream:
        """Ask the last message."""
        return Reply(partial(self._begun, history))

    def computed(self) -> Sequence[str]:
        """Return nothing: what programs ask is told to the model as it is."""
        return ()

    def close(self) -> None:
        self._http.close()

    def _begun(self, history: Sequence[ChatMessage]) -> Response:
        """Send the conversation; one that is too long for the model again without its oldest half."""
        messages = tuple(history)
        while True:
            response = self._send("POST", "/chat/completions", self._body(messages))
            if response.status_code == requests.codes.ok:
                return response
            failure = _failure(response)
            shorter = without_oldest(messages, share=0.5)
            if not isinstance(failure, errors.TooLong) or shorter == messages:
                raise failure
            messages = shorter

    def _body(self, history: Sequence[ChatMessage]) -> dict[str, Any]:
        said = [{"role": one.role, "content": one.content} for one in history]
        body = {"model": self.model, "messages": [*self._system, *said], "stream": True}
        return body | self._sampling

    def _usual(self) -> str:
        listed = self._listed()
        default = next((one for one in listed if one.get("is_default")), None)
        if not listed:
            raise errors.NotFound("There is no model there that you may use.")
        return str((default or listed[0])["id"])

    def _listed(self) -> list[dict[str, Any]]:
        response = self._send("GET", "/models")
        if response.status_code != requests.codes.ok:
            raise _failure(response)
        try:
            listed = response.json()["data"]
            if all(isinstance(one["id"], str) for one in listed):
                return list(listed)
        except (ValueError, TypeError, KeyError):
            pass
        raise _no_echo(response)

    def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Response:
        try:
            return self._http.request(
                method,
                self._base + path,
                json=body,
                stream=body is not None,
                timeout=TIMEOUTS,
                allow_redirects=False,
            )
        except RequestException as failure:
            raise errors.SourceFailed(
                f"Nobody answers at {self._base} ({_why(failure)}). Is Echo running there, and is "
                "the address right?"
            ) from failure


class Reply:
    """An answer on its way over the network, asked for and read by a green thread of its own."""

    def __init__(self, begin: Callable[[], Response]) -> None:
        self._begin = begin
        self._response: Response | None = None
        self._events: deque[StreamEvent] = deque()
        self._cancelled = False
        hub.spawn(self._run)

    def take(self) -> list[StreamEvent]:
        """Return what came since the last call."""
        return [self._events.popleft() for _ in range(len(self._events))]

    def cancel(self) -> None:
        """Hang up, which stops the model; whoever reads need not wait for that."""
        if self._cancelled:
            return
        self._cancelled = True
        self._events.append(Finished(FinishReason.CANCELLED, Usage(), Timing()))
        if self._response is not None:
            with suppress(ValueError, RuntimeError, OSError):  # it has ended in this moment
                self._response.raw.shutdown()

    def _run(self) -> None:
        try:
            with self._begin() as self._response:
                self._end(_failed("Stopped.") if self._cancelled else self._read(self._response))
        except errors.EchoError as refusal:
            self._end(_failed(refusal.text))
        except EventTooLong:
            self._end(_failed("What answers there sends something that never ends."))
        except Exception as failure:  # whatever a cut connection looks like from here
            self._end(_failed(f"The connection was lost ({_why(failure)})."))
        finally:
            self._response = None

    def _end(self, event: Finished | Failed) -> None:
        if not self._cancelled:
            self._events.append(event)

    def _read(self, response: Response) -> Finished | Failed:
        reason: str | None = None
        for chunk in _chunks(response):
            if "error" in chunk:
                return _failed(str(chunk["error"].get("message", "The answer failed.")))
            for choice in chunk.get("choices", ()):
                if text := choice.get("delta", {}).get("content"):
                    self._events.append(TextPiece(str(text), 1))
                reason = choice.get("finish_reason") or reason
        if reason is None:
            return _failed("The connection was lost.")
        ended = FinishReason.LENGTH if reason == "length" else FinishReason.STOP
        return Finished(ended, Usage(), Timing())


def _chunks(response: Response) -> Iterator[dict[str, Any]]:
    """Yield the objects of a stream of server-sent events."""
    events = ServerEvents()
    for part in response.iter_content(READ_BYTES):
        yield from (json.loads(data) for data in events.feed(part) if data != DONE)


def _failed(why: str) -> Failed:
    return Failed("engine_failed", why, Usage(), Timing())


def _failure(response: Response) -> errors.EchoError:
    """Return what a refusal means for a person."""
    if response.is_redirect:
        return errors.SourceFailed(
            f"That address leads on to {response.headers['Location']}: give the one where Echo itself "
            "answers."
        )
    try:
        error = response.json()["error"]
        code, words = error.get("code"), str(error["message"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return _no_echo(response)
    kinds = {401: errors.SignedOut, 403: errors.Forbidden, 404: errors.NotFound}
    if response.status_code == 401:
        words = f"The key is refused: {words} Make one under Profile, Keys."
    kind = (
        errors.TooLong if code == TOO_LONG else kinds.get(response.status_code, errors.EngineFailed)
    )
    return kind(words)


def _no_echo(response: Response) -> errors.SourceFailed:
    return errors.SourceFailed(
        f"What answers at {response.url} is no Echo (status {response.status_code}). Give the address "
        "that you open in the browser."
    )


def _why(failure: Exception) -> str:
    """Return the innermost reason, which says most."""
    while failure.__cause__ is not None or failure.__context__ is not None:
        inner = failure.__cause__ or failure.__context__
        if not isinstance(inner, Exception):
            break
        failure = inner
    return str(failure).strip() or type(failure).__name__
