"""One answer: asked of a server, of another one where that fails before the first word, read to its end.

In a green thread of its own, which is ended where the answer is cancelled. Knows no queue.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from typing import Any, Final

import structlog

from echo import hub
from echo.generation import (
    Failed,
    Finished,
    FinishReason,
    QueuePlace,
    Timing,
    Usage,
)
from echo.remote import bodies, failures
from echo.remote.answers import AnswerReader, Delta
from echo.remote.asked import Asked
from echo.remote.config import RemoteConfig
from echo.remote.failures import Again, RemoteFailure
from echo.remote.http import Reply
from echo.remote.server import Server
from echo.remote.server_events import EventTooLong, ServerEvents

log = structlog.get_logger()

TRIES: Final = 4
LONGEST_WAIT_SECONDS: Final = 10.0
"""For a server that rests, where no other one can be asked."""
USAGE_SECONDS: Final = 5.0
"""The wait for what an answer took, once its words have ended."""
MOST_CHARS_PER_TOKEN: Final = 16
MOST_CHARS: Final = 1_000
"""Of an answer, beside those of its tokens."""
DONE: Final = b"[DONE]"

Choose = Callable[[set[Server]], Server | None]
"""Returns the server to ask now, if one can be; not these."""


class Answering:
    """Writes one stream. `end` is what has come of it, also where it is left in the middle."""

    def __init__(
        self,
        asked: Asked,
        candidates: list[Server],
        choose: Choose,
        config: RemoteConfig,
        news: Callable[[], None],
    ) -> None:
        self._asked = asked
        self._candidates = candidates
        self._choose = choose
        self._config = config
        self._news = news
        self._messages = asked.request.messages
        self._pieces = 0
        self._chars = 0
        self._usage: Usage | None = None
        self._stop = ""
        self._began_at: float | None = None
        self._first_at: float | None = None

    # ── the end ─────────────────────────────────────────────────────────────────────────────

    def cancelled(self) -> Finished:
        """Return the end of an answer that somebody stopped."""
        return self._finished(FinishReason.CANCELLED)

    def failed(self, failure: RemoteFailure) -> Failed:
        """Return the end of one that did not come, or not to its end."""
        return Failed(failure.code, failure.text, self._took(), self._timing())

    def _finished(self, reason: FinishReason) -> Finished:
        return Finished(reason, self._took(), self._timing(), self._stop)

    def _took(self) -> Usage:
        """Return the server's figures, else what was seen: its pieces, and nothing of the prompt."""
        return self._usage or Usage(None, None, self._pieces)

    def _timing(self) -> Timing:
        now, accepted = time.monotonic(), self._asked.stream.accepted_at
        first = self._first_at
        return Timing(
            queue_ms=1000 * ((self._began_at or now) - accepted),
            first_token_ms=None if first is None else 1000 * (first - accepted),
            total_ms=1000 * (now - accepted),
        )

    # ── tries ───────────────────────────────────────────────────────────────────────────────

    def run(self) -> Finished | Failed:
        """Answer; whatever a server does, this ends."""
        without: set[Server] = set()
        failure = RemoteFailure(failures.AWAY, "no server can be asked")
        for _ in range(TRIES):
            server = self._server(without)
            if server is None:
                break
            try:
                return self._finished(self._at(server))
            except RemoteFailure as this:
                failure = this
                server.failed(failure, **self._asked.request.trace)
            if self._pieces or failure.again is Again.NOWHERE:
                return self.failed(failure)  # never again after the first word
            if failure.again is Again.ELSEWHERE:
                without.add(server)
        else:
            return self.failed(failure)
        if not without:
            failure = self._resting() or failure
        return self.failed(failure)

    def _server(self, without: set[Server]) -> Server | None:
        """Return a server that can be asked, at once or after a short rest."""
        if server := self._choose(without):
            return server
        rests = [server.rest for server in self._candidates if server not in without]
        if not rests or min(rests) > LONGEST_WAIT_SECONDS:
            return None
        self._asked.stream.place = QueuePlace(1, round(min(rests), 1))
        hub.sleep(min(rests) * (1 + random.random() / 4))
        self._asked.stream.place = None
        return self._choose(without)

    def _resting(self) -> RemoteFailure | None:
        """Return why the server that rests the shortest does."""
        resting = [server for server in self._candidates if server.rest]
        if not resting:
            return None
        server = min(resting, key=lambda one: one.rest)
        return RemoteFailure(server.words, server.error or "")

    def _at(self, server: Server) -> FinishReason:
        """Ask one server, again where it only has to be asked otherwise; raises RemoteFailure."""
        while True:
            body = self._body(server)
            try:
                return self._read(server, body)
            except RemoteFailure as failure:
                if self._pieces or not self._otherwise(server, body, failure):
                    raise

    def _body(self, server: Server) -> dict[str, Any]:
        request = self._asked.request
        window = (server.models or {}).get(request.model) or self._config.context_length
        self._messages = bodies.fitting(request, self._messages, window)
        return server.known.trim(bodies.body_of(request, self._messages, window))

    def _otherwise(self, server: Server, body: dict[str, Any], failure: RemoteFailure) -> bool:
        """Whether the request is changed so that the server may take it."""
        if failure.unknown:
            return server.known.learn(failure.unknown, body)
        if failure.code != "too_long" or self._asked.request.whole:
            return False
        shorter = bodies.without_oldest(self._messages, share=0.5)
        changed = shorter != self._messages
        self._messages = shorter
        return changed

    # ── one try ─────────────────────────────────────────────────────────────────────────────

    def _read(self, server: Server, body: dict[str, Any]) -> FinishReason:
        began = time.monotonic()
        self._began_at = self._began_at or began
        deadline = began + self._config.first_seconds
        reason: FinishReason | None = None
        server.load += 1
        try:
            with closing(self._deltas(server, body)) as deltas:
                while delta := self._next(deltas, deadline, reason):
                    self._usage = delta.usage or self._usage
                    if reason is not None:
                        if delta.text:  # it does not keep to the end
                            break
                        continue
                    if delta.text:
                        self._put(server, delta, began)
                        deadline = time.monotonic() + self._config.pause_seconds
                    reason = delta.reason or self._bound()
                    if reason is not None:
                        self._stop = delta.stop
                        deadline = time.monotonic() + USAGE_SECONDS
        finally:
            server.load -= 1
        if reason is None:
            raise RemoteFailure(failures.CUT, "its answer broke off without an end")
        server.answered()
        return reason

    def _next(
        self, deltas: Iterator[Delta], deadline: float, reason: FinishReason | None
    ) -> Delta | None:
        """Return what comes next; None at the end. What goes wrong after the last word does not count."""
        try:
            with hub.time_limit(deadline - time.monotonic()):
                return next(deltas, None)
        except TimeoutError as over:
            if reason is not None:
                return None
            words = failures.STUCK if self._pieces else failures.SILENT
            raise RemoteFailure(words, str(over), again=Again.ELSEWHERE) from over
        except RemoteFailure:
            if reason is not None:
                return None
            raise

    def _deltas(self, server: Server, body: dict[str, Any]) -> Generator[Delta, None, None]:
        reader = AnswerReader()
        with server.door.post(bodies.path_of(self._asked.request), body) as reply:
            for data in _events(reply):
                if data.strip() == DONE:
                    reply.finish()
                    break
                yield reader.read(data)
            else:
                if reply.is_stream:
                    if left := reader.last():
                        yield Delta(left)
                    return  # without a word of its end: whether that is one, its last reason says
            yield Delta(reader.last(), reason=FinishReason.STOP)

    def _put(self, server: Server, delta: Delta, began: float) -> None:
        if self._first_at is None:
            self._first_at = time.monotonic()
            server.began(1000 * (self._first_at - began))
        self._pieces += 1
        self._chars += len(delta.text)
        server.tally.rate.add(1)
        self._asked.stream.put(delta.text, 1, delta.logprobs)
        self._news()
        if self._asked.stream.full:
            self._wait_for_room()

    def _bound(self) -> FinishReason | None:
        """An answer that its server lets grow beyond what was asked for ends here."""
        most = self._asked.request.sampling.max_new_tokens
        too_many = self._pieces >= most or self._chars > MOST_CHARS_PER_TOKEN * most + MOST_CHARS
        return FinishReason.LENGTH if too_many else None

    def _wait_for_room(self) -> None:
        """Read no more until the reader has; one that never does is taken for gone."""
        stream = self._asked.stream
        until = time.monotonic() + self._config.stalled_reader_seconds
        stream.paused = True
        while stream.full and time.monotonic() < until:
            self._asked.room.wait(1.0)
        stream.paused = False
        if stream.full:
            stream.cancel()
            hub.sleep()  # which ends this here


def _events(reply: Reply) -> Iterator[bytes]:
    """Yield the data of each event; of an answer that is no stream the whole."""
    if not reply.is_stream:
        yield reply.whole()
        return
    events = ServerEvents()
    try:
        for chunk in reply.chunks():
            yield from events.feed(chunk)
        with suppress(EventTooLong):
            yield from events.end()
    except EventTooLong as failure:
        raise RemoteFailure(
            failures.ENDLESS, "an event without an end", again=Again.ELSEWHERE
        ) from failure
