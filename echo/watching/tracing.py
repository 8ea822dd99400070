"""Traces: a request or event, the answer that began in it, its wait, prefill and decoding; nobody's words.

Loaded only where OTEL_EXPORTER_OTLP_ENDPOINT is set. Spans of the engine are made when an answer has ended,
from the times that it told; it knows of no trace. Where spans go to is the given processor's business.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import Any, Final

from flask import Flask, request, request_finished, request_started
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from werkzeug.datastructures import Headers

import echo
from echo import request_ids, signals
from echo.config import Settings
from echo.models import Message
from echo.services.turns import Failed, Finished, LiveCall, LiveTurn
from echo.watching.access_log import SELDOM_WANTED
from echo.watching.listening import is_current, method_of, route_of

NANOSECONDS: Final = 1_000_000_000
SPAN: Final = "echo.span"
TRACEPARENT: Final = "traceparent"
_entry: ContextVar[Span | None] = ContextVar("entry_span", default=None)
"""The request or event that this green thread is answering."""


class Tracing:
    """Subscribed for as long as it lives."""

    def __init__(self, app: Flask, processor: SpanProcessor) -> None:
        self._app = app
        provider = TracerProvider(
            resource=Resource.create({"service.name": "echo", "service.version": echo.__version__}),
            shutdown_on_exit=False,
        )
        provider.add_span_processor(processor)
        self._sampler = provider.sampler
        self._tracer = provider.get_tracer("echo")
        self._answers: dict[str, Span] = {}  # in the making, by their ids
        request_started.connect(self._request_began, app)
        request_finished.connect(self._request_ended, app)
        for signal, listener in (
            (signals.event_began, self._event_began),
            (signals.event_answered, self._event_ended),
            (signals.turn_started, self._turn_began),
            (signals.turn_ended, self._turn_ended),
            (signals.reply_reaped, self._reaped),
            (signals.call_started, self._call_began),
            (signals.call_ended, self._call_ended),
        ):
            signal.connect(listener)

    # ── what comes in ───────────────────────────────────────────────────────────────────────

    def _request_began(self, _app: Flask) -> None:
        if request.endpoint not in SELDOM_WANTED:
            route, method = route_of(request), method_of(request)
            span = self._enter(f"{method} {route}", self._caller(request.headers))
            span.set_attributes({"http.request.method": method, "http.route": route})
            request.environ[SPAN] = span

    def _request_ended(self, _app: Flask, response: Any) -> None:
        span: Span | None = request.environ.pop(SPAN, None)
        if span is not None:
            span.set_attribute("http.response.status_code", response.status_code)
            _leave(span, failed=response.status_code >= 500)

    def _event_began(self, name: str) -> None:
        if is_current(self._app):
            self._enter(f"event {name}")

    def _event_ended(self, _name: str, outcome: str, **_how: Any) -> None:
        span = _entry.get()
        if is_current(self._app) and span is not None:
            span.set_attribute("echo.outcome", outcome)
            _leave(span, failed=outcome == "engine_failed")

    def _caller(self, headers: Headers) -> Context:
        """Return the trace that a request goes on with; empty where its header is none of W3C's form."""
        told = {name: headers[name] for name in (TRACEPARENT,) if name in headers}
        context = TraceContextTextMapPropagator().extract(told, Context())
        span = get_current_span(context).get_span_context()
        if not span.is_valid or Settings.of(self._app).trusted_proxies:
            return context
        # whoever calls may name the trace, but not have it recorded or left out
        ours = self._sampler.should_sample(None, span.trace_id, TRACEPARENT).decision
        flags = TraceFlags(ours is Decision.RECORD_AND_SAMPLE)
        theirs = SpanContext(span.trace_id, span.span_id, is_remote=True, trace_flags=flags)
        return set_span_in_context(NonRecordingSpan(theirs), Context())

    def _enter(self, name: str, context: Context | None = None) -> Span:
        span = self._tracer.start_span(name, context or Context(), SpanKind.SERVER)
        span.set_attribute("echo.request_id", request_ids.current())
        _entry.set(span)
        return span

    # ── answers ─────────────────────────────────────────────────────────────────────────────

    def _turn_began(self, turn: LiveTurn) -> None:
        if is_current(self._app):
            self._answer_began("turn", turn.message_id)

    def _turn_ended(self, turn: LiveTurn, row: Message, end: Finished | Failed) -> None:
        if is_current(self._app):
            self._answer_ended(turn.message_id, turn, row.model or "", str(row.status), end)

    def _call_began(self, call: LiveCall) -> None:
        if is_current(self._app):
            self._answer_began("call", call.id)

    def _call_ended(self, call: LiveCall) -> None:
        if is_current(self._app) and call.end is not None:
            self._answer_ended(call.id, call, call.model, "", call.end)

    def _reaped(self, row: Message) -> None:
        span = self._answers.pop(row.id, None)
        if span is not None:
            span.set_status(Status(StatusCode.ERROR, "its end could not be saved"))
            span.end()

    def _answer_began(self, kind: str, id_: str) -> None:
        """Open a span below the request or event in which it was asked for; it lives longer."""
        entry = _entry.get()
        parent = set_span_in_context(entry, Context()) if entry is not None else Context()
        span = self._tracer.start_span(kind, parent)
        span.set_attributes({"echo.id": id_, "echo.request_id": request_ids.current()})
        self._answers[id_] = span

    def _answer_ended(
        self, id_: str, live: LiveTurn | LiveCall, model: str, status: str, end: Finished | Failed
    ) -> None:
        span = self._answers.pop(id_, None)
        if span is None:
            return
        told = {
            "gen_ai.request.model": model,
            "gen_ai.usage.input_tokens": end.usage.prompt,
            "gen_ai.usage.output_tokens": end.usage.completion,
            "echo.cached_tokens": end.usage.cached,
            "echo.status": status,
        }
        span.set_attributes({name: value for name, value in told.items() if value is not None})
        if live.stream is not None and end.timing.total_ms:
            self._engine_spans(span, live.stream.accepted_at, end)
        if isinstance(end, Failed):
            span.set_status(Status(StatusCode.ERROR, end.code))
        span.end()

    def _engine_spans(self, answer: Span, accepted_at: float, end: Finished | Failed) -> None:
        """Add queue, prefill and decode; the first token is an event of the answer's own span."""
        timing = end.timing
        moments = [0.0, timing.queue_ms, timing.first_token_ms, timing.total_ms]
        names: tuple[str, ...] = ("queue", "prefill", "decode")
        if timing.first_token_ms is None:  # it ended before anything was written
            moments[2], names = timing.total_ms, names[:2]
        else:
            first = _wall_clock(accepted_at + timing.first_token_ms / 1000)
            answer.add_event("first token", timestamp=first)
        at = [_wall_clock(accepted_at + (ms or 0.0) / 1000) for ms in moments]
        parent = set_span_in_context(answer, Context())
        for number, name in enumerate(names):
            part = self._tracer.start_span(name, parent, start_time=at[number])
            part.end(at[number + 1])


def _leave(span: Span, failed: bool) -> None:
    if failed:
        span.set_status(Status(StatusCode.ERROR))
    span.end()
    _entry.set(None)


def _wall_clock(monotonic: float) -> int:
    """Return a moment of the monotonic clock as nanoseconds since 1970, as spans want it."""
    return time.time_ns() - int((time.monotonic() - monotonic) * NANOSECONDS)
