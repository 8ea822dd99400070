"""Calls: what is asked without a turn, by programs above all. Nothing is stored but what each answer took.

Same engine, models, limits and allowance as turns. Knows no routes and no form of answers: whoever asked
reads `LiveCall.pieces` as they come and looks at `end`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized
from dataclasses import dataclass, field, replace
from typing import Any, Final

import structlog
from flask import Flask
from sqlalchemy.exc import IntegrityError

from echo import errors, hub, request_ids, signals
from echo.clock import utc_now
from echo.extensions import db
from echo.generation import (
    ChatMessage,
    Failed,
    Finished,
    FinishReason,
    GenerationRequest,
    TextPiece,
    Timing,
    Tool,
    Usage,
)
from echo.models import ApiCall, GuardDecision, MessageStatus, User
from echo.models.types import new_id
from echo.services import site_settings
from echo.services.accounts import accounts
from echo.services.chats import failures
from echo.services.guardrails import decisions
from echo.services.guardrails.judging import Met
from echo.services.sign_in import programs
from echo.services.sign_in.programs import Program
from echo.services.storage import transaction, undone_on_failure
from echo.services.turns import guarded, pace, quotas
from echo.services.turns.engine_requests import EngineRequests, refusals
from echo.services.turns.guarded import NOTHING, Looked
from echo.services.turns.live_call import LiveCall
from echo.services.turns.sampling import sampling_for_program

log = structlog.get_logger()

LOOK_SECONDS: Final = 1.0
KEYS_SECONDS: Final = 0.5
LOST: Final = Failed("engine_failed", failures.LOST, Usage(), Timing())


@dataclass(frozen=True)
class Call:
    """What a program asks: `sampling` holds what it wants otherwise than is usual, `prefix` is continued.

    `raw`: the one message is the prompt as the model reads it. `whole`: what does not fit is refused; else
    the oldest exchanges are left out. `forced`: one of these functions must be called; `one_call`: no other
    after the first.
    """

    route: str
    messages: tuple[ChatMessage, ...]
    model: str | None = None
    sampling: Mapping[str, Any] = field(default_factory=dict)
    prefix: str = ""
    raw: bool = False
    whole: bool = True
    tools: tuple[Tool, ...] = ()
    forced: tuple[str, ...] = ()
    one_call: bool = False


@dataclass(frozen=True)
class Asker:
    """In whose name an answer is written: while the key or device `shown_id` works, where one is named."""

    user_id: int
    shown_id: str | None = None
    key_id: str | None = None


class Calls:
    """All calls of this process. `live` holds those in the making by their id."""

    def __init__(self, app: Flask, requests: EngineRequests, turns: Sized) -> None:
        self._app = app
        self._requests = requests
        self._turns = turns
        self.live: dict[str, LiveCall] = {}
        self._watching = False

    @property
    def streams(self) -> int:
        """How many answers are being written in this process, to people too."""
        return len(self.live) + len(self._turns)

    def ask(self, program: Program, wanted: Call) -> LiveCall:
        """Begin an answer; it is written whether or not anybody reads it, until it is stopped.

        Raises:
            InvalidInput, Forbidden, QuotaExceeded, Busy, EngineFailed.
        """
        self.refuse_spent(program.user.id)
        messages, looked = guarded.call(wanted.messages)
        self.refuse_spent(program.user.id)  # that may have taken seconds
        request = self._request(program.user, replace(wanted, messages=messages))
        asker = Asker(program.user.id, program.shown_id, program.key_id)
        return self.begin(asker, wanted.route, request, _question(wanted), looked)

    def refuse_spent(self, user_id: int) -> None:
        """Raise QuotaExceeded where this person may ask no more today, answers in the making counted."""
        mine = sum(
            call.user_id == user_id and call.route != quotas.TITLES for call in self.live.values()
        )
        quotas.refuse_spent(user_id, in_the_making=mine)

    def begin(
        self,
        asker: Asker,
        route: str,
        request: GenerationRequest,
        question: str,
        looked: Looked = NOTHING,
    ) -> LiveCall:
        """Begin the answer to a request that is put together; `question` is what a person said last in it.

        `looked` is what rules say to it.

        Raises:
            InvalidInput, Busy, EngineFailed.
            SignedOut: the account was switched off meanwhile.
        """
        stream = self._requests.send(request, question, looked.refusal, guarded.answers_to(None))
        call = LiveCall(
            id=request.request_id,
            user_id=asker.user_id,
            key_id=asker.key_id,
            shown_id=asker.shown_id,
            route=route,
            model=request.model,
            stream=stream,
            created_at=utc_now(),
            raw=request.raw,
        )
        with undone_on_failure(stream.cancel):
            accounts.refuse_closed(call.user_id)
            decided = _decide(call, looked.met)
            transaction(lambda: db.session.add_all(decided)) if decided else None
        decisions.announce(decided)
        self.live[call.id] = call
        signals.call_started.send(call)
        hub.spawn(request_ids.carried(self._run), call)
        if not self._watching:
            self._watching = True
            hub.spawn(self._watch_keys)
        return call

    def _request(self, user: User, wanted: Call) -> GenerationRequest:
        chosen = self._requests.models.choose(user.role_name, wanted.model)
        window = self._requests.engine.window(chosen.name)
        site = site_settings.current()
        with refusals():
            return GenerationRequest(
                messages=wanted.messages,
                sampling=sampling_for_program(wanted.sampling, site, chosen, window),
                model=chosen.name,
                whole=wanted.whole,
                owner=str(user.id),
                prefix=wanted.prefix,
                raw=wanted.raw,
                request_id=new_id(),
                trace_id=request_ids.current(),
                tools=wanted.tools,
                forced=wanted.forced,
                one_call=wanted.one_call,
            )

    # ── in a green thread of each call ──────────────────────────────────────────────────────

    def _run(self, call: LiveCall) -> None:
        end: Finished | Failed = LOST
        try:
            end = self._pump(call)
        except Exception:
            log.exception("a call failed", call=call.id)
            call.stream.cancel()
        finally:
            self._finish(call, end)

    def _pump(self, call: LiveCall) -> Finished | Failed:
        """Gather pieces as they come: the first at once, then all that a tick has brought."""
        while True:
            for event in call.stream.take():
                if not isinstance(event, TextPiece):
                    return event
                call.pieces.append(event)
                call.updates.notify()
            if call.pieces:
                hub.sleep(pace.tick(self.streams))
            call.news.wait(LOOK_SECONDS)

    def _finish(self, call: LiveCall, end: Finished | Failed) -> None:
        """Write what it took, then tell whoever waits; an answer is not held back by a database."""
        with self._app.app_context():
            decided = [] if call.route == quotas.TITLES else _decide(call, call.met)
            try:
                transaction(lambda: db.session.add_all([_row(call, end), *decided]))
                decisions.announce(decided)
            except (errors.StorageUnavailable, IntegrityError) as failure:
                # the account or the key may be gone
                log.warning("what a call took is not stored", error=type(failure).__name__)
            finally:
                del self.live[call.id]
                call.end = end
                call.updates.notify()
            signals.call_ended.send(call)

    def stop_all(self, refused: str) -> None:
        """Stop every call, each with these words."""
        for call in list(self.live.values()):
            call.stop(refused)

    # ── one for all ─────────────────────────────────────────────────────────────────────────

    def _watch_keys(self) -> None:
        """Stop the calls of keys and tokens that have ended, in whatever process, while any call is live."""
        try:
            while self.live:
                hub.sleep(KEYS_SECONDS)
                self._stop_ended()
        finally:
            self._watching = False

    def _stop_ended(self) -> None:
        calls = list(self.live.values())
        with self._app.app_context():
            try:
                working = programs.working({one.shown_id for one in calls if one.shown_id})
            except Exception:
                log.exception("keys cannot be looked at", live=len(calls))
                return
        for call in calls:
            if call.shown_id is not None and call.shown_id not in working:
                call.stop(failures.ENDED)


def _decide(call: LiveCall, met: Iterable[Met]) -> list[GuardDecision]:
    """Return the rows of what rules have decided about a call, not yet stored; who asked is told."""
    rows = decisions.of_call(met, call.user_id, call.id, call.route)
    call.decided += map(decisions.wire, rows)
    return rows


def _question(wanted: Call) -> str:
    return next((one.content for one in reversed(wanted.messages) if one.role == "user"), "")


def ended_as(end: Finished | Failed) -> MessageStatus:
    """Return what a call's row says of its end."""
    if isinstance(end, Failed):
        return MessageStatus.FAILED
    stopped = end.reason is FinishReason.CANCELLED
    return MessageStatus.STOPPED if stopped else MessageStatus.COMPLETE


def _row(call: LiveCall, end: Finished | Failed) -> ApiCall:
    first = end.timing.first_token_ms
    return ApiCall(
        id=call.id,
        user_id=call.user_id,
        key_id=call.key_id,
        route=call.route,
        model=call.model,
        status=ended_as(end),
        finish_reason="failed" if isinstance(end, Failed) else str(end.reason),
        error_code=end.code if isinstance(end, Failed) else None,
        prompt_tokens=end.usage.prompt or 0,
        cached_tokens=end.usage.cached or 0,
        completion_tokens=end.usage.completion,
        queue_ms=round(end.timing.queue_ms),
        first_token_ms=None if first is None else round(first),
        total_ms=round(end.timing.total_ms),
        created_at=call.created_at,
    )
