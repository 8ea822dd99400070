"""Counts what services and edges announce. Knows no Prometheus page and none of those who announce."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, Final

from flask import Flask, Request, current_app, request, request_finished, request_started
from prometheus_client import Histogram
from sqlalchemy import event

from echo import signals
from echo.extensions import db
from echo.models import GuardDecision, Message
from echo.services.turns import Failed, Finished, LiveCall, LiveTurn, ended_as, quotas
from echo.watching.metrics import Metrics

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
STATEMENTS: Final = frozenset({"select", "insert", "update", "delete", "with"})
OTHER: Final = "other"
BEGAN: Final = "echo.began"


class Listener:
    """Subscribed for as long as it lives; what other applications of this process do is theirs."""

    def __init__(self, app: Flask, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        request_started.connect(_note_beginning, app)
        request_finished.connect(self._answered, app)
        for signal, listener in (
            (signals.event_answered, self._event_answered),
            (signals.turn_ended, self._turn_ended),
            (signals.call_ended, self._call_ended),
            (signals.reply_reaped, self._reaped),
            (signals.guard_decided, self._guard_decided),
            (signals.signed_up, self._signed_up),
            (signals.signed_in, self._signed_in),
            (signals.sign_in_refused, self._sign_in_refused),
        ):
            signal.connect(listener)
        with app.app_context():
            event.listen(db.engine, "before_cursor_execute", _note_statement)
            # an engine that held its application would keep it for ever
            timed = partial(_time_statement, metrics.database_seconds)
            event.listen(db.engine, "after_cursor_execute", timed)

    # ── requests and events ─────────────────────────────────────────────────────────────────

    def _answered(self, _app: Flask, response: Any) -> None:
        """Count by the route's rule: a path may hold a link that works once."""
        route = route_of(request)
        self._metrics.http_requests.labels(
            method_of(request), route, str(response.status_code)
        ).inc()
        self._metrics.http_request_seconds.labels(route).observe(seconds_since(request))

    def _event_answered(self, name: str, outcome: str, **_how: Any) -> None:
        if is_current(self._app):
            self._metrics.events.labels(name, outcome).inc()

    # ── answers ─────────────────────────────────────────────────────────────────────────────

    def _turn_ended(self, _turn: LiveTurn, row: Message, end: Finished | Failed) -> None:
        if is_current(self._app):
            self._ended(str(row.status), row.model or "", end)

    def _call_ended(self, call: LiveCall) -> None:
        if is_current(self._app) and call.end is not None:
            if call.route == quotas.TITLES:  # nobody has asked for it
                self._count_tokens(call.end)
            else:
                self._ended(str(ended_as(call.end)), call.model, call.end)

    def _reaped(self, row: Message) -> None:
        if is_current(self._app):
            self._metrics.turns.labels(str(row.status), row.model or "").inc()

    def _guard_decided(self, row: GuardDecision) -> None:
        if is_current(self._app):
            self._metrics.guard_decisions.labels(row.act, row.place).inc()

    def _ended(self, status: str, model: str, end: Finished | Failed) -> None:
        metrics, usage, timing = self._metrics, end.usage, end.timing
        metrics.turns.labels(status, model).inc()
        self._count_tokens(end)
        if not timing.total_ms:  # it never reached the engine, or nobody knows what it took
            return
        metrics.queue_seconds.observe(timing.queue_ms / 1000)
        if timing.first_token_ms is None:
            return
        metrics.first_token_seconds.observe(timing.first_token_ms / 1000)
        if usage.completion > 1:
            writing = timing.total_ms - timing.first_token_ms
            metrics.token_seconds.observe(writing / 1000 / (usage.completion - 1))

    def _count_tokens(self, end: Finished | Failed) -> None:
        for kind in ("prompt", "cached", "completion"):
            found = getattr(end.usage, kind)
            self._metrics.tokens.labels(kind).inc(found or 0)  # None: it is not known

    # ── people ──────────────────────────────────────────────────────────────────────────────

    def _signed_up(self, _sender: object) -> None:
        if is_current(self._app):
            self._metrics.signups.inc()

    def _signed_in(self, _user: object) -> None:
        if is_current(self._app):
            self._metrics.logins.labels("ok").inc()

    def _sign_in_refused(self, result: str) -> None:
        if is_current(self._app):
            self._metrics.logins.labels(result).inc()


def is_current(app: Flask) -> bool:
    """Return whether what is announced just now happens in this application; a process may have several."""
    here: Any = current_app
    return here._get_current_object() is app


def method_of(asked: Request) -> str:
    """Return a request's method; a client may invent any."""
    return asked.method if asked.method in METHODS else OTHER


def route_of(asked: Request) -> str:
    """Return a request's rule, such as `/reset/<token>`; its path may be a secret."""
    return asked.url_rule.rule if asked.url_rule else "none"


def seconds_since(asked: Request) -> float:
    """Return for how long a request has been answered; 0 for one that failed before it began."""
    now = time.monotonic()
    return now - float(asked.environ.get(BEGAN, now))


def _note_beginning(_app: Flask) -> None:
    request.environ[BEGAN] = time.monotonic()


def _note_statement(connection: Any, *_how: Any) -> None:
    connection.info[BEGAN] = time.perf_counter()


def _time_statement(
    seconds: Histogram, connection: Any, _cursor: Any, statement: str, *_how: Any
) -> None:
    began = connection.info.pop(BEGAN, None)
    if began is not None:
        word = statement.lstrip()[:10].partition(" ")[0].lower()
        kind = word if word in STATEMENTS else OTHER
        seconds.labels(kind).observe(time.perf_counter() - began)
