"""Who may send an event: looked up anew each time, since rights are lost while sockets live on.

Knows devices and policies; not what the events do.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog
from flask import request, session
from limits import parse

from echo import policies, request_ids, signals
from echo.clock import ZONE_COOKIE
from echo.errors import EchoError, Forbidden, InvalidInput, RateLimited, SignedOut
from echo.extensions import limiter, seconds_to_wait, socketio
from echo.languages import gettext
from echo.limits import EVENT_LIMITS, UNKNOWN_EVENTS
from echo.models import Device, User
from echo.services import storage
from echo.services.sign_in import devices

log = structlog.get_logger()

ANYBODYS: Final = policies.of_event("close_conversation")
NAME_CHARS: Final = 40

Handler = Callable[[User, Any], dict[str, Any]]


@dataclass(frozen=True)
class EventRule:
    """One event that clients may send: its name, its limit and the right it needs."""

    name: str
    right: policies.Right
    handler: Handler


RULES: dict[str, EventRule] = {}


def current_device() -> Device | None:
    """Return the device that the connection's cookie names, if it is still signed in."""
    return devices.find(session.get(devices.SESSION_KEY))


def event(name: str) -> Callable[[Handler], Handler]:
    """Declare an event; raises LookupError for one without a right or a limit in the tables."""
    right = policies.of_event(name)
    if name not in EVENT_LIMITS:
        raise LookupError(f"event {name!r} has no limit: give it a row in echo/limits.py")

    def declare(handler: Handler) -> Handler:
        RULES[name] = EventRule(name, right, handler)
        return handler

    return declare


def register() -> None:
    """Hand all declared events to Socket.IO."""
    for rule in RULES.values():
        socketio.on_event(rule.name, _answering(rule))
    socketio.server.on("*", _catch_all)


def _catch_all(*args: Any) -> Any:
    """Take what has no handler: (event, sid, …), but (sid, …) of an event that is itself called “*”."""
    is_star = socketio.server.manager.is_connected(args[0], "/")
    name, sid = ("*", args[0]) if is_star else args[:2]
    answer = _answering(EventRule("*", ANYBODYS, _refuse_unknown))
    return socketio._handle_event(answer, "*", "/", sid, name)


def _refuse_unknown(_user: User, name: object) -> dict[str, Any]:
    raise InvalidInput(gettext("There is no event called “%(name)s”.", name=str(name)[:NAME_CHARS]))


def _answering(rule: EventRule) -> Callable[..., dict[str, Any]]:
    """Wrap a handler: every event is acknowledged, whatever its payload, and none can crash."""

    def answer(*payload: Any) -> dict[str, Any]:
        request_ids.begin()
        signals.event_began.send(rule.name)
        began = time.monotonic()
        acknowledgement = acknowledge(*payload)
        error = acknowledgement.get("error")
        outcome = error["code"] if error else "ok"
        signals.event_answered.send(rule.name, outcome=outcome, seconds=time.monotonic() - began)
        return acknowledgement

    def acknowledge(*payload: Any) -> dict[str, Any]:
        try:
            user = _sender(rule.right)
            _refuse_too_many(rule.name, user)
            return {"ok": True, **rule.handler(user, payload[0] if payload else None)}
        except EchoError as refusal:
            return {"ok": False, "error": refusal.as_payload()}
        except storage.FAILURES as failure:
            storage.forget_broken_session()
            log.warning(
                "the database failed", socket_event=rule.name, error=str(failure.orig)[:200]
            )
            return {"ok": False, "error": storage.unavailable(failure).as_payload()}
        except Exception:
            log.exception("event failed", socket_event=rule.name)
            text = gettext("Something went wrong on the server. Please try again.")
            error = {"code": "engine_failed", "text": text, "request_id": request_ids.current()}
            return {"ok": False, "error": error}

    return answer


def _sender(right: policies.Right) -> User:
    device = current_device()
    if device is None:
        raise SignedOut(gettext("You are signed out. Please sign in again."))
    if not policies.allows(device.user.role_name, right):
        raise Forbidden(gettext("Your role does not allow this any more."))
    devices.touch(device)
    return device.user


def _refuse_too_many(name: str, user: User) -> None:
    if not limiter.enabled:
        return
    wait = seconds_to_wait(
        parse(EVENT_LIMITS.get(name, UNKNOWN_EVENTS)), "event", name, str(user.id)
    )
    if wait:
        raise RateLimited(gettext("That was very fast. Please wait a moment."), retry_after=wait)


def zone() -> str | None:
    """Return the name of the browser's zone, as it was when the connection began."""
    return request.cookies.get(ZONE_COOKIE)
