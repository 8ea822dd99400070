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
from echo.models import Conversation, User
from echo.services import help, site_settings
from echo.services.chats import folders
from echo.services.serving import Chosen, Models
from echo.services.site_settings import SiteSettings
from echo.services.turns import personal, safety
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
        room = sampling_for(conversation.settings, site, chosen).max_new_tokens
        told = self._prompting(conversation, site, chosen)
        system, _ = self._opening(conversation, site, chosen, told)
        try:
            self.engine.check(told.question(text), system, room, chosen.name)
        except MessageTooLong as refusal:
            raise errors.TooLong(
                f"This message is too long for the model: it has about {refusal.tokens:,} tokens, and "
                f"{refusal.limit:,} fit beside the answer. Please shorten it.",
                field="text",
            ) from refusal

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
        reply_id: str,
        history: Sequence[ChatMessage],
        chosen: Chosen,
        prefix: str = "",
    ) -> Stream:
        """Queue a reply; a plain statement of distress gets its fixed text instead.

        Raises:
            Busy, EngineFailed, InvalidInput.
        """
        with refusals():
            request = self._request(conversation, reply_id, history, chosen, prefix)
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
        reply_id: str,
        history: Sequence[ChatMessage],
        chosen: Chosen,
        prefix: str,
    ) -> GenerationRequest:
        site = site_settings.current()
        told = self._prompting(conversation, site, chosen)
        system, shared = self._opening(conversation, site, chosen, told)
        return GenerationRequest(
            messages=as_read(system, history, told),
            sampling=sampling_for(conversation.settings, site, chosen),
            model=chosen.name,
            shared_chars=shared,
            owner=str(conversation.user_id),
            conversation=conversation.id,
            prefix=prefix,
            request_id=reply_id,
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
    system: str, history: Sequence[ChatMessage], told: help.Prompting
) -> tuple[ChatMessage, ...]:
    """Return a conversation as the model reads it: each question with the help that fits."""
    begin = (ChatMessage("system", system),) if system else ()
    return (*begin, *(_with_help(message, told) for message in history))


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
