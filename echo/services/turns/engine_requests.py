"""From a conversation to a request that the engine takes, and from its refusals to Echo's errors.

Knows no rows but the conversation's settings and its owner's role.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from echo import errors, request_ids
from echo.config import Settings
from echo.extensions import db
from echo.generation import (
    ChatMessage,
    EngineUnavailable,
    GenerationRequest,
    InvalidRequest,
    MessageTooLong,
    QueueFull,
    SamplingParams,
    ServingEngine,
)
from echo.models import Conversation, Document, Message, User
from echo.services import help, site_settings
from echo.services.chats import folders
from echo.services.documents import prompt, shelf
from echo.services.documents.prompt import Source
from echo.services.serving import Chosen, Models
from echo.services.site_settings import SiteSettings
from echo.services.turns import personal, safety, sources
from echo.services.turns.live_turn import Stream
from echo.services.turns.safety import FixedStream
from echo.services.turns.sampling import sampling_for, system_prompt


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


@dataclass(frozen=True)
class EngineRequests:
    """The engine as turns use it."""

    engine: ServingEngine
    models: Models
    settings: Settings

    def around(self, conversation: Conversation, wanted: str | None = None) -> Around:
        """Return what stands around the conversation's next question, for the model `wanted` or its own.

        Raises:
            InvalidInput, Forbidden: the model is not here any more, or not for this person.
            EngineFailed.
        """
        own = folders.prompt_of(conversation)
        settings = conversation.settings | ({"model": wanted} if wanted else {})
        return self.around_for(conversation.user_id, settings, own)

    def around_for(
        self,
        user_id: int,
        settings: Mapping[str, Any],
        own: str | None,
        with_memories: bool = True,
    ) -> Around:
        """Return what stands around a person's question in a chat of such settings; `own` is its prompt.

        Raises:
            InvalidInput, Forbidden, EngineFailed: as `around`.
        """
        site = site_settings.current()
        role = db.session.get_one(User, user_id).role_name
        chosen = self.models.choose(role, settings.get("model"))
        with refusals():
            window = self.engine.window(chosen.name)
            told = help.prompting(self.settings, site, role, window, chosen.settled.help)
            ruler = personal.Ruler(self.engine, chosen.name)
            theirs = personal.told(user_id, ruler, with_memories)
            system, shared = opening(own, site, chosen, told, theirs)
            sampling = sampling_for(settings, site, chosen)
        return Around(chosen, ruler, window, told, system, shared, sampling)

    def refuse_too_long(self, text: str, around: Around) -> None:
        try:
            self._check(around.told.question(text), around)
        except MessageTooLong as refusal:
            raise errors.TooLong(
                f"This message is too long for the model: it has about {refusal.tokens:,} tokens, and "
                f"{refusal.limit:,} fit beside the answer. Please shorten it.",
                field="text",
            ) from refusal

    def sources(
        self,
        conversation: Conversation,
        question: str,
        around: Around,
        documents: Sequence[Document] = (),
    ) -> list[Source] | None:
        """Return the passages of its documents, and of these that are to be, that an answer is given."""
        rows = {row.id: row for row in (*shelf.of_conversation(conversation.id), *documents)}
        if not rows or safety.concern(question) is not None:
            return None
        asked = around.told.question(prompt.unmarked(question))

        def fits(passages: str) -> bool:
            try:
                self._check(passages + asked, around)
            except MessageTooLong:
                return False
            return True

        return sources.choose(
            conversation.user_id,
            list(rows.values()),
            question,
            around.ruler.tokens,
            around.window,
            fits,
        )

    def _check(self, text: str, around: Around) -> None:
        room = around.sampling.max_new_tokens
        self.engine.check(text, around.system, room, around.chosen.name)

    def submit(
        self,
        conversation: Conversation,
        reply: Message,
        history: Sequence[ChatMessage],
        around: Around,
        prefix: str = "",
    ) -> Stream:
        """Queue a reply; a plain statement of distress gets its fixed text instead.

        Raises:
            Busy, EngineFailed, InvalidInput.
        """
        request = request_for(conversation, reply, history, around, prefix)
        return self.send(request, history[-1].content)

    def send(self, request: GenerationRequest, question: str) -> Stream:
        """Queue a request; a plain statement of distress gets its fixed text instead.

        Raises:
            Busy, EngineFailed, InvalidInput.
        """
        concern = safety.concern(question)
        if concern is not None:
            return FixedStream(request.request_id, safety.answer(concern, self.settings.help_lines))
        with refusals():
            return self.engine.submit(request)


def request_for(
    conversation: Conversation,
    reply: Message,
    history: Sequence[ChatMessage],
    around: Around,
    prefix: str,
) -> GenerationRequest:
    """Return what the engine is asked for a reply."""
    passages = prompt.before(reply.sources, conversation.user_id)
    return GenerationRequest(
        messages=as_read(around.system, history, around.told, passages),
        sampling=around.sampling,
        model=around.chosen.name,
        shared_chars=around.shared_chars,
        owner=str(conversation.user_id),
        conversation=conversation.id,
        prefix=prefix,
        request_id=reply.id,
        trace_id=request_ids.current(),
    )


def opening(
    own: str | None, site: SiteSettings, chosen: Chosen, told: help.Prompting, theirs: str = ""
) -> tuple[str, int]:
    """Return the system prompt, and how many of its first characters are the same for everybody.

    `own` is the conversation's or its folder's; None: what is usual for the model here. `theirs` is what its
    owner has told in all chats: it stands after what everybody shares and before what differs between chats.
    """
    everybodys = told.system_prompt("" if own is not None else system_prompt(site, chosen))
    private = told.plain("\n\n".join(filter(None, (theirs, own))))
    return "\n\n".join(filter(None, (everybodys, private))), len(everybodys)


def as_read(
    system: str, history: Sequence[ChatMessage], told: help.Prompting, before: str = ""
) -> tuple[ChatMessage, ...]:
    """Return a conversation as the model reads it: each question with the help that fits.

    `before`: the passages of documents for the last question, where there are any.
    """
    begin = (ChatMessage("system", system),) if system else ()
    *earlier, last = (_with_help(message, told) for message in history)
    if before:
        plain = ChatMessage(last.role, prompt.unmarked(history[-1].content))
        last = ChatMessage(last.role, before + _with_help(plain, told).content)
    return (*begin, *earlier, last)


def _with_help(message: ChatMessage, told: help.Prompting) -> ChatMessage:
    if message.role != "user":
        return message
    return ChatMessage(message.role, told.question(message.content))


@contextmanager
def refusals() -> Iterator[None]:
    """Raise the engine's refusals as Echo's errors: Busy, EngineFailed, InvalidInput."""
    try:
        yield
    except QueueFull as full:
        raise errors.Busy(
            "Many people are asking at this moment. Please try again shortly."
            if full.scope == "engine"
            else "You have several answers waiting already. Please let one of them finish.",
            retry_after=full.retry_after,
        ) from full
    except EngineUnavailable as away:
        raise errors.EngineFailed(f"The model cannot answer now: {away}", retry_after=10) from away
    except InvalidRequest as refusal:
        raise errors.InvalidInput(refusal.text, field=refusal.field) from refusal
