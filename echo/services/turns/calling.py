"""An answer in which the model may call tools, as one stream: a few requests to the engine, in turn.

What the model writes as a call is never text: it is held back, answered by whoever has the tools, and the
engine goes on with that answer. Knows no tool, no row and no socket.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from echo.generation import (
    CallArguments,
    CallBegun,
    ChatMessage,
    EngineUnavailable,
    Failed,
    Finished,
    FinishReason,
    GenerationRequest,
    InvalidRequest,
    NoCall,
    QueueFull,
    QueuePlace,
    ReplyPart,
    SaidText,
    StreamEvent,
    TextPiece,
    Timing,
    TokenStream,
    Tool,
    ToolCall,
    ToolCallReader,
    ToolForm,
    Usage,
)
from echo.services.chats import failures

CALLS_MOST: Final = 3
"""In one answer; those that are wrong count as well."""
HELD_MOST: Final = 2_000
"""Signs of one call: what is longer is none that anybody can answer."""
NAME_CHARS: Final = 64
PATIENCE_SECONDS: Final = 60.0
"""For room in the engine's queue, where an answer is to go on."""
NO_CALL: Final = "unreadable"
"""The name of a call that has none."""
GAP: Final = "\n\n"
NOTHING: Final = Usage(0, 0, 0), Timing(0.0, None, 0.0)

Submit = Callable[[GenerationRequest], TokenStream]


class Box(Protocol):
    """Whoever has the tools."""

    def answer(self, name: str, written: str) -> str:
        """Return what a call with these arguments (JSON, as the model wrote it) is answered."""

    def as_noted(self) -> tuple[ChatMessage, ...]:
        """Return what is asked when nothing more may be called: all that was found stands in it."""


class Reading:
    """One request's reply: what is said in it, and its first call; what follows that is dropped."""

    def __init__(self, form: ToolForm | None, names: Iterable[str]) -> None:
        self._reader = ToolCallReader(form, tuple(names))
        self.said = ""
        self.name: str | None = None
        self.arguments = ""

    @property
    def is_complete(self) -> bool:
        """Whether a call has come whole, or what is none or too long for one."""
        is_long = len(self.arguments) > HELD_MOST
        return bool(self._reader.calls) or self.name == NO_CALL or is_long

    def feed(self, text: str) -> str:
        """Return what may be shown now."""
        if self.is_complete:
            return ""
        shown = self._shown(self._reader.feed(text))
        if self._reader.holds > HELD_MOST and self.name is None:
            if self._reader.is_tagged:
                self.name = NO_CALL
            else:
                shown += self._shown(self._reader.release())
        return shown

    def end(self) -> str:
        """Return what was held back and is no call."""
        return "" if self.is_complete else self._shown(self._reader.finish())

    def _shown(self, parts: Iterable[ReplyPart]) -> str:
        shown = ""
        for part in parts:
            match part:
                case NoCall():
                    self.name = self.name or NO_CALL
                case SaidText(text) if self.name is None:
                    shown += text
                case CallBegun(0, name) if self.name is None:
                    self.name = name[:NAME_CHARS]
                case CallArguments(0, text) if self.name != NO_CALL:
                    self.arguments += text
        self.said += shown
        return shown


@dataclass(frozen=True)
class Spent:
    """What the requests of an answer have taken together."""

    usage: Usage
    queue_ms: float

    def plus(self, end: Finished | Failed) -> Spent:
        usage = Usage(
            _sum(self.usage.prompt, end.usage.prompt),
            _sum(self.usage.cached, end.usage.cached),
            self.usage.completion + end.usage.completion,
        )
        return Spent(usage, self.queue_ms + end.timing.queue_ms)


class CallingStream:
    """To its reader it is a stream of the engine; calls are answered while it is read, which takes time."""

    def __init__(self, request: GenerationRequest, submit: Submit, box: Box) -> None:
        self._submit, self._box = submit, box
        self._request = request
        self._limit = request.sampling.max_new_tokens
        self._names = [tool.name for tool in request.tools]
        self._stream: TokenStream | None = submit(request)
        self._form: ToolForm | None = None
        self._reading: Reading | None = None
        self._made: list[tuple[str, str]] = []
        self._spent = Spent(NOTHING[0], 0.0)
        self._tokens = 0  # of what is held back
        self._is_apart = False  # words of an earlier request stand before the next ones
        self._has_words = self._cancelled = False
        self._first_ms: float | None = None
        self._until = 0.0
        self.request_id = request.request_id
        self.accepted_at = self._stream.accepted_at

    @property
    def place(self) -> QueuePlace | None:
        return self._stream.place if self._stream is not None else None

    @property
    def tool_form(self) -> None:
        """Its readers see no calls."""

    def cancel(self) -> None:
        self._cancelled = True
        if self._stream is not None:
            self._stream.cancel()

    def take(self) -> list[StreamEvent]:
        """Return what has come since the last call: text, and at last the end."""
        if self._stream is None:
            return self._go_on()
        seen: list[StreamEvent] = []
        for event in self._stream.take():
            seen += self._piece(event) if isinstance(event, TextPiece) else self._ended(event)
        return seen

    # ── one request ─────────────────────────────────────────────────────────────────────────

    def _piece(self, piece: TextPiece) -> list[StreamEvent]:
        self._tokens += piece.tokens
        reading = self._read()
        shown = self._said(reading.feed(piece.text))
        if reading.is_complete and self._stream is not None:
            self._stream.cancel()
        return shown

    def _read(self) -> Reading:
        if self._reading is None:  # the form is known before any piece
            self._form = self._form or (self._stream.tool_form if self._stream else None)
            self._reading = Reading(self._form, self._names)
        return self._reading

    def _said(self, text: str) -> list[StreamEvent]:
        if not text:
            return []
        self._has_words = self._has_words or not text.isspace()
        if self._first_ms is None:
            self._first_ms = self._elapsed
        if self._is_apart:
            text, self._is_apart = GAP + text.lstrip(), False
        tokens, self._tokens = self._tokens, 0
        return [TextPiece(text, tokens)]

    def _ended(self, end: Finished | Failed) -> list[StreamEvent]:
        reading = self._read()
        rest = self._said(reading.end())
        self._spent = self._spent.plus(end)
        is_silent = bool(self._made) and not self._has_words
        is_over = reading.name is None and not (is_silent and self._request.tools)
        if self._cancelled and not is_over and isinstance(end, Finished):
            end = replace(end, reason=FinishReason.CANCELLED)  # it would have gone on
        if self._is_too_long(end):
            self._ask(self._box.as_noted(), ())  # which was counted before any call
            return [*rest, *self._go_on()]
        if is_over or self._cancelled or isinstance(end, Failed):
            return [*rest, self._whole(end)]
        if end.reason is FinishReason.LENGTH or self._left <= 0:
            return [*rest, self._whole(replace(end, reason=FinishReason.LENGTH))]
        if not self._request.tools:
            return [*rest, self._whole(replace(end, reason=FinishReason.STOP))]
        if reading.name is None:
            self._ask(self._box.as_noted(), ())
        else:
            self._call(reading, reading.name)
        return [*rest, *self._go_on()]

    def _is_too_long(self, end: Finished | Failed) -> bool:
        """Whether what was called for and said besides is more than the model reads."""
        too_long = isinstance(end, Failed) and end.code == "too_long"
        return too_long and bool(self._made and self._request.tools) and not self._cancelled

    # ── from one to the next ────────────────────────────────────────────────────────────────

    def _call(self, reading: Reading, name: str) -> None:
        """Have a call answered, and put together what is asked next.

        After the last call, and after one that was made before, it is time for words: the question is asked
        with what was found and without functions. Small models read that, and answers to calls they do not.
        So it is where they say nothing to those (`_ended`).
        """
        self._is_apart = self._first_ms is not None
        made = name, reading.arguments
        is_again = made in self._made
        told = "" if is_again else self._box.answer(*made)
        self._made.append(made)
        if is_again or len(self._made) == CALLS_MOST:
            self._ask(self._box.as_noted(), ())
        else:
            self._ask(self._with(reading, name, told), self._request.tools)

    def _ask(self, messages: tuple[ChatMessage, ...], tools: tuple[Tool, ...]) -> None:
        sampling = replace(self._request.sampling, max_new_tokens=self._left)
        self._request = replace(self._request, messages=messages, sampling=sampling, tools=tools)
        self._stream = self._reading = None
        self._until = time.monotonic() + PATIENCE_SECONDS

    def _with(self, reading: Reading, name: str, told: str) -> tuple[ChatMessage, ...]:
        """Return what was asked, with a call and its answer."""
        call = ToolCall(f"call{len(self._made):05}", name, reading.arguments[:HELD_MOST])
        called = ChatMessage("assistant", reading.said, calls=(call,))
        answered = ChatMessage("tool", told, answers=call.id, name=name)
        return (*self._request.messages, called, answered)

    def _go_on(self) -> list[StreamEvent]:
        """Ask the engine again; where its queue is full, once more when this is next read."""
        if self._cancelled:
            return [self._whole(Finished(FinishReason.CANCELLED, *NOTHING))]
        try:
            self._stream = self._submit(self._request)
        except QueueFull as full:
            if time.monotonic() < self._until:
                return []
            busy = failures.BUSY if full.scope == "engine" else failures.WAITING
            return [self._whole(Failed("engine_failed", busy, *NOTHING))]
        except (EngineUnavailable, InvalidRequest) as away:
            return [self._whole(Failed("engine_failed", str(away), *NOTHING))]
        return []

    @property
    def _left(self) -> int:
        return self._limit - self._spent.usage.completion

    @property
    def _elapsed(self) -> float:
        return 1000 * (time.monotonic() - self.accepted_at)

    def _whole(self, end: Finished | Failed) -> Finished | Failed:
        """Return an end that tells of all requests together."""
        if not self._made:
            return end
        timing = Timing(self._spent.queue_ms, self._first_ms, self._elapsed)
        return replace(end, usage=self._spent.usage, timing=timing)


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
