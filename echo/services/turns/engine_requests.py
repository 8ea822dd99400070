"""From a conversation to a request that the engine takes, and from its refusals to Echo's errors.

Knows no rows but the conversation's settings and its owner's role.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from flask import current_app

from echo import clock, errors, hub, request_ids
from echo.config import Settings
from echo.extensions import db
from echo.generation import (
    ChatMessage,
    EngineUnavailable,
    FinishReason,
    GenerationRequest,
    InvalidRequest,
    MessageTooLong,
    QueueFull,
    SamplingParams,
    ServingEngine,
)
from echo.languages import gettext, number
from echo.models import Conversation, Message, User
from echo.services import help, site_settings, tools
from echo.services.chats import failures, folders, together
from echo.services.documents import prompt
from echo.services.documents.in_chats import NOTHING, Added
from echo.services.guardrails.judging import Rule
from echo.services.prompts import personal as kept
from echo.services.serving import Chosen, Models
from echo.services.turns import giving, guarded, personal, safety
from echo.services.turns.calling import CallingStream
from echo.services.turns.giving import Given, Reader
from echo.services.turns.live_turn import Stream
from echo.services.turns.reading import as_read, given, opening
from echo.services.turns.safety import FixedStream
from echo.services.turns.sampling import sampling_for
from echo.services.turns.toolbox import LEAST_WINDOW, Toolbox

PROMPT: Final = "system_prompt"


@dataclass(frozen=True)
class Around:
    """What stands around a chat's next question, looked up once for all that ask for it."""

    chosen: Chosen
    ruler: personal.Ruler
    window: int
    """Tokens that the model reads, its answer among them."""
    told: help.Prompting
    system: str
    shared_chars: int
    """The first characters of the system prompt that are the same for everybody."""
    sampling: SamplingParams
    now: datetime | None
    """By the clocks of whoever asks; None where nothing is computed."""


@dataclass(frozen=True)
class EngineRequests:
    """The engine as turns use it."""

    engine: ServingEngine
    models: Models
    settings: Settings

    def around(
        self,
        conversation: Conversation,
        user_id: int,
        wanted: str | None = None,
        zone: str | None = None,
    ) -> Around:
        """Return what stands around a question of this person's, for the model `wanted` or the chat's own.

        What people have told for themselves is read in no chat of several: answers would tell it to others.
        `zone`: the name of the zone whose clocks whoever asks sees; UTC where it is not known.

        Raises:
            InvalidInput, Forbidden: there is no such model, or it is not for this person.
            EngineFailed.
        """
        alone = together.is_alone(conversation, user_id)
        own = folders.prompt_of(conversation) if alone else conversation.settings.get(PROMPT)
        settings = conversation.settings | ({"model": wanted} if wanted else {})
        return self.around_for(user_id, settings, own, told_of_them=alone, zone=zone)

    def around_for(
        self,
        user_id: int,
        settings: Mapping[str, Any],
        own: str | None,
        with_memories: bool = True,
        zone: str | None = None,
        told_of_them: bool = True,
    ) -> Around:
        """Return what stands around a person's question in a chat of such settings; `own` is its prompt.

        `told_of_them`: whether the model is told what they have said for all of their chats.

        Raises:
            InvalidInput, Forbidden, EngineFailed: as `around`.
        """
        site = site_settings.current()
        role = db.session.get_one(User, user_id).role_name
        chosen = self.models.choose(role, settings.get("model"))
        theirs = kept.of(user_id)
        with refusals():
            window = self.engine.window(chosen.name)
            told = help.prompting(self.settings, site, role, window, chosen.settled.help)
            ruler = personal.Ruler(self.engine, chosen.name)
            wishes = personal.told(user_id, theirs, ruler, with_memories) if told_of_them else ""
            system, shared = opening(own, site, chosen, told, wishes)
            sampling = sampling_for(settings, site, chosen)
        has_tools = site.tools == "on" and theirs.tools_on
        now = clock.utc_now().astimezone(clock.zone_named(zone)) if has_tools else None
        return Around(chosen, ruler, window, told, system, shared, sampling, now)

    def refuse_too_long(self, text: str, around: Around) -> None:
        try:
            self._check(around.told.question(text), around)
        except MessageTooLong as refusal:
            raise errors.TooLong(
                gettext(
                    "This message is too long for the model: it has about %(tokens)s tokens, "
                    "and %(limit)s fit beside the answer. Please shorten it.",
                    tokens=number(refusal.tokens),
                    limit=number(refusal.limit),
                ),
                field="text",
            ) from refusal

    def given(
        self,
        conversation: Conversation,
        user_id: int,
        question: str,
        around: Around,
        added: Added = NOTHING,
    ) -> Given:
        """Return what an answer is given beside the question; `added` is to be put into the chat."""
        if safety.concern(question) is not None:
            return Given()
        reader = self._reader(question, around)
        found = giving.choose(reader, conversation, user_id, question, added)
        if found.steps or found.sources is not None:
            return found
        return found._replace(steps=giving.helped(question, around.told))

    def computed(self, question: str, around: Around) -> giving.Steps | None:
        """Return what tools and the help say to a question of a chat that is stored nowhere."""
        if safety.concern(question) is not None:
            return None
        steps = giving.computed(self._reader(question, around), question)
        return steps or giving.helped(question, around.told)

    def _fits(self, question: str, around: Around, before: str) -> bool:
        """Tell whether the model can read a question with this before it."""
        try:
            self._check(before + around.told.question(prompt.unmarked(question)), around)
        except MessageTooLong:
            return False
        return True

    def _check(self, text: str, around: Around) -> None:
        room = around.sampling.max_new_tokens
        self.engine.check(text, around.system, room, around.chosen.name)

    def submit(
        self,
        conversation: Conversation,
        reply: Message,
        history: Sequence[ChatMessage],
        around: Around,
        refusal: str | None = None,
        prefix: str = "",
    ) -> Stream:
        """Queue a reply; as `send`.

        Raises:
            Busy, EngineFailed, InvalidInput.
        """
        history = guarded.readable(history)
        request = request_for(conversation, reply, history, around, prefix)
        held = guarded.answers_to(reply.parent_id)
        question = history[-1].content
        box = None if prefix else self._toolbox(conversation, reply, history, around, held)
        return self.send(request, question, refusal, held, box)

    def _toolbox(
        self,
        conversation: Conversation,
        reply: Message,
        history: Sequence[ChatMessage],
        around: Around,
        held: Sequence[Rule],
    ) -> Toolbox | None:
        """Return the tools that the model may call for a reply; none where a rule has computed already."""
        may_call = around.chosen.settled.calls_tools and around.window >= LEAST_WINDOW
        has_computed = any(step["tool"] != tools.HELP for step in reply.steps or ())
        if around.now is None or not may_call or has_computed:
            return None
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        reader = self._reader(history[-1].content, around)
        ask = partial(as_read, around.system, history, around.told)
        return Toolbox(app, conversation, reply, reader, around.now, held, ask)

    def _reader(self, question: str, around: Around) -> Reader:
        fits = partial(self._fits, question, around)
        return Reader(around.now, around.window, around.ruler.tokens, fits)

    def send(
        self,
        request: GenerationRequest,
        question: str,
        refusal: str | None = None,
        held: Sequence[Rule] = (),
        box: Toolbox | None = None,
    ) -> Stream:
        """Queue a request; a plain statement of distress gets its fixed text, a refused one the reason.

        The answer passes the rules that are held against it. `box`: tools that the model may call.

        Raises:
            Busy, EngineFailed, InvalidInput.
        """
        concern = safety.concern(question)
        if concern is not None:
            return FixedStream(request.request_id, safety.answer(concern, self.settings.help_lines))
        if refusal is not None:
            return FixedStream(request.request_id, refusal, FinishReason.FILTERED)
        if request.sampling.logprobs is not None:
            guarded.refuse_likelihoods(held)
        submit = self.engine.submit
        with refusals():
            if request.sampling.json_schema is not None or request.forced:
                hub.run_native(self.engine.prepare, request)  # may take long
            stream = CallingStream(box.put_into(request), submit, box) if box else submit(request)
        return guarded.passed(stream, held, request.prefix)


def request_for(
    conversation: Conversation,
    reply: Message,
    history: Sequence[ChatMessage],
    around: Around,
    prefix: str,
) -> GenerationRequest:
    """Return what the engine is asked for a reply."""
    before = given(reply, conversation, around.window)
    return GenerationRequest(
        messages=as_read(around.system, history, around.told, before),
        sampling=around.sampling,
        model=around.chosen.name,
        shared_chars=around.shared_chars,
        owner=str(reply.user_id),
        conversation=conversation.id,
        prefix=prefix,
        request_id=reply.id,
        trace_id=request_ids.current(),
    )


@contextmanager
def refusals() -> Iterator[None]:
    """Raise the engine's refusals as Echo's errors: Busy, EngineFailed, InvalidInput."""
    try:
        yield
    except QueueFull as full:
        raise errors.Busy(
            gettext(failures.BUSY) if full.scope == "engine" else gettext(failures.WAITING),
            retry_after=full.retry_after,
        ) from full
    except EngineUnavailable as away:
        raise errors.EngineFailed(
            gettext("The model cannot answer now: %(away)s", away=failures.said(str(away))),
            retry_after=10,
        ) from away
    except InvalidRequest as refusal:
        raise errors.InvalidInput(refusal.text, field=refusal.field) from refusal
