"""From a conversation to a request that the engine takes, and from its refusals to Echo's errors.

Knows no rows but the conversation's settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from echo import errors
from echo.config import Settings
from echo.generation import (
    ChatMessage,
    Engine,
    EngineUnavailable,
    GenerationRequest,
    InvalidRequest,
    MessageTooLong,
    QueueFull,
    SamplingParams,
)
from echo.models import Conversation
from echo.services import site_settings
from echo.services.site_settings import SiteSettings
from echo.services.turns import safety
from echo.services.turns.live_turn import Stream
from echo.services.turns.safety import FixedStream
from echo.services.turns.sampling import sampling_for


@dataclass(frozen=True)
class EngineRequests:
    """The engine as turns use it."""

    engine: Engine
    settings: Settings

    def refuse_too_long(self, text: str, conversation: Conversation) -> None:
        site = site_settings.current()
        room = self._sampling(conversation, site).max_new_tokens
        try:
            self.engine.check(text, self._system_prompt(conversation, site), room)
        except MessageTooLong as refusal:
            raise errors.TooLong(
                f"This message is too long for the model: it has about {refusal.tokens:,} tokens, and "
                f"{refusal.limit:,} fit beside the answer. Please shorten it.",
                field="text",
            ) from refusal

    def _system_prompt(self, conversation: Conversation, site: SiteSettings) -> str:
        return str(conversation.settings.get("system_prompt", site.system_prompt))

    def _sampling(self, conversation: Conversation, site: SiteSettings) -> SamplingParams:
        return sampling_for(conversation.settings, site, self.engine.defaults)

    def submit(
        self,
        conversation: Conversation,
        reply_id: str,
        history: Sequence[ChatMessage],
        prefix: str = "",
    ) -> Stream:
        """Queue a reply; a plain statement of distress gets its fixed text instead.

        Raises:
            Busy, EngineFailed, InvalidInput.
        """
        concern = safety.concern(history[-1].content)
        if concern is not None:
            return FixedStream(reply_id, safety.answer(concern, self.settings.help_lines))
        site = site_settings.current()
        system = self._system_prompt(conversation, site)
        opening = (ChatMessage("system", system),) if system else ()
        request = GenerationRequest(
            messages=(*opening, *history),
            sampling=self._sampling(conversation, site),
            owner=str(conversation.user_id),
            conversation=conversation.id,
            prefix=prefix,
            request_id=reply_id,
        )
        try:
            return self.engine.submit(request)
        except QueueFull as full:
            raise errors.Busy(
                "Many people are asking at this moment. Please try again shortly."
                if full.scope == "engine"
                else "You have several answers waiting already. Please let one of them finish.",
                retry_after=full.retry_after,
            ) from full
        except EngineUnavailable as away:
            raise errors.EngineFailed(
                f"The model cannot answer now: {away}", retry_after=10
            ) from away
        except InvalidRequest as refusal:
            raise errors.InvalidInput(refusal.text, field=refusal.field) from refusal
