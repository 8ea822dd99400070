"""From a conversation to a request that the engine takes, and from its refusals to Echo's errors.

Knows no rows but the conversation's settings and its owner's role.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

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
class EngineRequests:
    """The engine as turns use it."""

    engine: ServingEngine
    models: Models
    settings: Settings

    def choose(self, conversation: Conversation, wanted: str | None = None) -> Chosen:
        """Return the model that answers the next turn: `wanted`, else the conversation's own choice.

        Raises:
            InvalidInput, Forbidden: it is not here any more, or not for this person.
        """
        owner = db.session.get_one(User, conversation.user_id)
        return self.models.choose(owner.role_name, wanted or conversation.settings.get("model"))

    def refuse_too_long(self, text: str, conversation: Conversation, chosen: Chosen) -> None:
        site = site_settings.current()
        told = self._prompting(conversation, site, chosen)
        system, room = self._around(conversation, site, chosen, told)
        try:
            self.engine.check(told.question(text), system, room, chosen.name)
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
        chosen: Chosen,
        documents: Sequence[Document] = (),
    ) -> list[Source] | None:
        """Return the passages of its documents, and of these that are to be, that an answer is given."""
        rows = {row.id: row for row in (*shelf.of_conversation(conversation.id), *documents)}
        if not rows:
            return None
        site = site_settings.current()
        told = self._prompting(conversation, site, chosen)
        system, room = self._around(conversation, site, chosen, told)

        def with_passages(before: str) -> str:
            return before + told.question(prompt.unmarked(question))

        return sources.choose(
            conversation.user_id,
            list(rows.values()),
            question,
            sources.counting(self.engine, chosen.name),
            self.engine.window(chosen.name),
            sources.checking(self.engine, with_passages, system, room, chosen.name),
        )

    def _around(
        self, conversation: Conversation, site: SiteSettings, chosen: Chosen, told: help.Prompting
    ) -> tuple[str, int]:
        """Return the system prompt, and the tokens that the answer may have."""
        room = sampling_for(conversation.settings, site, chosen).max_new_tokens
        system, _ = self._opening(conversation, site, chosen, told)
        return system, room

    def _prompting(
        self, conversation: Conversation, site: SiteSettings, chosen: Chosen
    ) -> help.Prompting:
        role = db.session.get_one(User, conversation.user_id).role_name
        window = self.engine.window(chosen.name)
        return help.prompting(self.settings, site, role, window, chosen.settled.help)

    def _opening(
        self,
        conversation: Conversation,
        site: SiteSettings,
        chosen: Chosen,
        told: help.Prompting,
    ) -> tuple[str, int]:
        theirs = personal.told(conversation.user_id, personal.Ruler(self.engine, chosen.name))
        return opening(folders.prompt_of(conversation), site, chosen, told, theirs)

    def submit(
        self,
        conversation: Conversation,
        reply: Message,
        history: Sequence[ChatMessage],
        chosen: Chosen,
        prefix: str = "",
    ) -> Stream:
        """Queue a reply; a plain statement of distress gets its fixed text instead.

        Raises:
            Busy, EngineFailed, InvalidInput.
        """
        with refusals():
            request = self._request(conversation, reply, history, chosen, prefix)
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

    def _request(
        self,
        conversation: Conversation,
        reply: Message,
        history: Sequence[ChatMessage],
        chosen: Chosen,
        prefix: str,
    ) -> GenerationRequest:
        site = site_settings.current()
        told = self._prompting(conversation, site, chosen)
        system, shared = self._opening(conversation, site, chosen, told)
        return GenerationRequest(
            messages=as_read(
                system, history, told, prompt.before(reply.sources, conversation.user_id)
            ),
            sampling=sampling_for(conversation.settings, site, chosen),
            model=chosen.name,
            shared_chars=shared,
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
