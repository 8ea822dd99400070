"""Titles by the model: after the first answer of a new chat the model that gave it is asked for one.

One at a time, and only while nobody waits for that model: whoever asks something comes first. Whatever goes
otherwise, the title that was cut from the question stays. Knows no sockets: the new title is announced by
`conversation_changed`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from flask import Flask, current_app
from sqlalchemy import func, select

from echo import errors, hub, request_ids, signals
from echo.extensions import db
from echo.generation import (
    ChatMessage,
    Finished,
    FinishReason,
    GenerationRequest,
    ModelStatus,
    SamplingParams,
)
from echo.models import Conversation, Message, MessageStatus
from echo.models.types import new_id
from echo.services import site_settings, storage
from echo.services.chats import conversations, generated_titles
from echo.services.help import LEAST_WINDOW
from echo.services.prompts import personal
from echo.services.turns import quotas, rows, safety
from echo.services.turns.calls import Asker, Calls
from echo.services.turns.engine_requests import EngineRequests
from echo.services.turns.live_call import LiveCall
from echo.services.turns.live_turn import LiveTurn
from echo.services.turns.reading import as_read, given

log = structlog.get_logger()

PATIENCE_SECONDS: Final = 20.0
"""From the end of the answer: later the person knows the chat by its first title."""
LOOK_SECONDS: Final = 0.1
SAMPLING: Final = SamplingParams(max_new_tokens=24, temperature=0.0, stop=("\n",))


@dataclass(frozen=True)
class Wanted:
    """A chat whose first answer has ended."""

    conversation_id: str
    reply_id: str
    user_id: int
    model: str
    until: float = field(default_factory=lambda: time.monotonic() + PATIENCE_SECONDS)


class Titles:
    """The titles that are still to be asked for in this process, and the one that is being written."""

    def __init__(self, app: Flask, requests: EngineRequests, calls: Calls) -> None:
        self._app = app
        self._requests = requests
        self._calls = calls
        self._wanted: list[Wanted] = []
        self._written: tuple[Wanted, LiveCall] | None = None
        self._running = False
        self._stopped = False
        signals.turn_ended.connect(self._turn_ended)
        signals.conversation_removed.connect(self._removed)

    def stop(self) -> None:
        """Give up what is wanted and being written: the server stops."""
        self._stopped = True
        self._give_up(lambda _one: True)

    # ── what happens ────────────────────────────────────────────────────────────────────────

    def _turn_ended(self, turn: LiveTurn, row: Message, **_told: Any) -> None:
        here: Any = current_app
        if here._get_current_object() is self._app and row.status == MessageStatus.COMPLETE:
            one = Wanted(turn.conversation_id, row.id, turn.user_id, row.model or "")
            hub.spawn(request_ids.carried(self._consider), one)  # its readers are told first

    def _consider(self, one: Wanted) -> None:
        try:
            with self._app.app_context():
                is_due = _is_due(one)
        except storage.FAILURES as failure:
            log.warning("no title was looked for", error=str(failure.orig)[:200])
            return
        if is_due and not self._stopped:
            self._wanted.append(one)
            if not self._running:
                self._running = True
                self._run()

    def _removed(self, _user_id: int, conversation_id: str, **_told: Any) -> None:
        self._give_up(lambda one: one.conversation_id == conversation_id)

    def _give_up(self, meant: Callable[[Wanted], bool]) -> None:
        self._wanted = [one for one in self._wanted if not meant(one)]
        if self._written is not None and meant(self._written[0]):
            self._written[1].stop()

    # ── in one green thread, while anything is wanted ───────────────────────────────────────

    def _run(self) -> None:
        try:
            while self._wanted:
                if free := self._next():
                    self._try(free)
                else:
                    hub.sleep(LOOK_SECONDS)
        finally:
            self._running = False

    def _next(self) -> Wanted | None:
        """Take one whose model has room, if there is one; those that have waited too long are given up."""
        now, places = time.monotonic(), Places(self._requests.engine.models())
        self._wanted = [one for one in self._wanted if now < one.until]
        free = next((one for one in self._wanted if places.has_room(one.model)), None)
        if free is not None:
            self._wanted.remove(free)
        return free

    def _try(self, one: Wanted) -> None:
        try:
            self._title(one)
        except errors.EchoError as refusal:  # full, away, no more theirs
            log.info("no title was written", error=refusal.code)
        except Exception:
            log.exception("no title was written", conversation=one.conversation_id)
        finally:
            self._written = None

    def _title(self, one: Wanted) -> None:
        with self._app.app_context():
            asked = self._ask(one)
        if asked is None:
            return
        question, call = asked
        self._written = one, call
        self._wait(one, call)
        title = _title_in(call, question)
        if title is not None:
            with self._app.app_context():
                conversations.give_title(one.conversation_id, title)

    def _ask(self, one: Wanted) -> tuple[str, LiveCall] | None:
        """Begin the answer to “which title?”; None where it is not to be asked."""
        reply = db.session.get(Message, one.reply_id)
        conversation = db.session.get(Conversation, one.conversation_id)
        if reply is None or conversation is None or conversation.deleted_at is not None:
            return None
        if reply.finish_reason == FinishReason.FILTERED:
            return None
        question = db.session.get_one(Message, str(reply.parent_id))
        around = self._requests.around(conversation, one.user_id, one.model)
        if around.window < LEAST_WINDOW or safety.concern(question.text) is not None:
            return None
        before = given(reply, conversation, around.window)
        read = as_read(around.system, rows.history(question.id), around.told, before)
        request = GenerationRequest(
            # what was read for the answer, so that the cache has it, and after it the next question's too
            messages=(
                *read,
                ChatMessage("assistant", reply.text),
                ChatMessage("user", generated_titles.asking(question.text)),
            ),
            sampling=SAMPLING,
            model=around.chosen.name,
            shared_chars=around.shared_chars,
            owner=str(one.user_id),
            conversation=conversation.id,
            whole=True,
            request_id=new_id(),
            trace_id=request_ids.current(),
        )
        return question.text, self._calls.begin(
            Asker(one.user_id), quotas.TITLES, request, question.text
        )

    def _wait(self, one: Wanted, call: LiveCall) -> None:
        """Wait for the end, which comes at once where somebody begins to wait for the model."""
        while call.end is None:
            places = Places(self._requests.engine.models())
            own = int(not call.pieces and places.has_place(one.model))  # it may wait itself
            others = places.waiting(one.model) - own
            if others > 0 or time.monotonic() > one.until:
                call.stop()
            call.updates.wait(LOOK_SECONDS)


class Places:
    """Who waits for what, at one moment: models that share their weights share their places."""

    def __init__(self, statuses: Iterable[ModelStatus]) -> None:
        self._statuses = list(statuses)

    def waiting(self, model: str) -> int:
        """Return how many answers have not begun."""
        return sum(status.waiting for status in self._together(model))

    def has_room(self, model: str) -> bool:
        """Tell whether an answer could begin at once; what a server elsewhere has room for is not known."""
        is_ready = any(status.state == "ready" for status in self._together(model))
        return is_ready and self.waiting(model) == 0 and self.has_place(model)

    def has_place(self, model: str) -> bool:
        """Tell whether not all places are taken; a server elsewhere has as many as one likes."""
        together = self._together(model)
        slots = max((status.slots for status in together), default=0)
        return slots == 0 or sum(status.running for status in together) < slots

    def _together(self, model: str) -> list[ModelStatus]:
        own = next((status for status in self._statuses if status.name == model), None)
        if own is None:
            return []
        weights = own.base or own.name
        return [one for one in self._statuses if weights in (one.name, one.base)]


def _is_due(one: Wanted) -> bool:
    """Tell whether no other answer of its chat has ended well before, and a title is wanted."""
    well = select(func.count(Message.id)).where(
        Message.conversation_id == one.conversation_id,
        Message.role == "assistant",
        Message.status == MessageStatus.COMPLETE,
    )
    query = select(Conversation.id).where(
        Conversation.id == one.conversation_id,
        Conversation.title_from_question,
        well.scalar_subquery() == 1,
    )
    return (
        db.session.scalar(query) is not None
        and site_settings.current().titles == "on"
        and personal.of(one.user_id).titles_on
    )


def _title_in(call: LiveCall, question: str) -> str | None:
    ended_well = isinstance(call.end, Finished) and call.end.reason is FinishReason.STOP
    ended_well = ended_well and not call.met  # what rules hide in answers stands in no title
    return generated_titles.cleaned(call.text, question) if ended_well else None
