"""A line of log for each request, socket event and answer. Knows rules and names, no path, query or text.

A path may hold a link that works once, a query somebody's token or key: neither is ever written.
"""

from __future__ import annotations

from typing import Any, Final

import structlog
from flask import Flask, request, request_finished

from echo import signals
from echo.config import Settings
from echo.extensions import client_network
from echo.models import Message
from echo.services.turns import Failed, Finished, LiveCall, LiveTurn, ended_as
from echo.watching.listening import is_current, method_of, route_of, seconds_since

log = structlog.get_logger()

SELDOM_WANTED: Final = frozenset({"static", "health.healthz", "health.readyz", "metrics.text"})
"""Endpoints that are asked again and again, and say nothing: written at DEBUG."""


class AccessLog:
    """Subscribed for as long as it lives."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        if Settings.of(app).access_log == "off":
            return
        request_finished.connect(self._answered, app)
        signals.event_answered.connect(self._event_answered)
        signals.turn_ended.connect(self._turn_ended)
        signals.call_ended.connect(self._call_ended)

    def _answered(self, _app: Flask, response: Any) -> None:
        write = log.debug if request.endpoint in SELDOM_WANTED else log.info
        write(
            "request",
            method=method_of(request),
            route=route_of(request),
            status=response.status_code,
            ms=_ms(seconds_since(request)),
            network=client_network(),
        )

    def _event_answered(self, name: str, outcome: str, seconds: float) -> None:
        if is_current(self._app):
            log.info("event", socket_event=name, outcome=outcome, ms=_ms(seconds))

    def _turn_ended(self, turn: LiveTurn, row: Message, end: Finished | Failed) -> None:
        if is_current(self._app):
            _write_answer(turn.message_id, str(row.status), row.model or "", end)

    def _call_ended(self, call: LiveCall) -> None:
        if is_current(self._app) and call.end is not None:
            _write_answer(call.id, str(ended_as(call.end)), call.model, call.end)


def _write_answer(id_: str, status: str, model: str, end: Finished | Failed) -> None:
    log.info(
        "answer",
        id=id_,
        status=status,
        model=model,
        tokens=end.usage.completion,
        queue_ms=round(end.timing.queue_ms),
        first_token_ms=None if end.timing.first_token_ms is None else round(end.timing.first_token_ms),
        total_ms=round(end.timing.total_ms),
        **({"error": end.code} if isinstance(end, Failed) else {}),
    )  # fmt: skip


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)
