"""What a model reads of a conversation: who it is, what was said, what was found. Knows no engine."""

from __future__ import annotations

from collections.abc import Sequence

from echo.generation import ChatMessage
from echo.models import Conversation, Message
from echo.services import help, tools
from echo.services.documents import in_chats, prompt
from echo.services.serving import Chosen
from echo.services.site_settings import SiteSettings
from echo.services.turns.sampling import system_prompt


def given(reply: Message, conversation: Conversation, window: int) -> str:
    """Return what a model is given before the question of a reply: passages, and what was computed."""
    shown = in_chats.shown(conversation, reply.user_id, reply.sources)
    return prompt.before(shown, conversation.user_id) + tools.before(reply.steps, window)


def opening(
    own: str | None, site: SiteSettings, chosen: Chosen, told: help.Prompting, theirs: str = ""
) -> tuple[str, int]:
    """Return the system prompt, and how many of its first characters are the same for everybody.

    `own` is the conversation's or its folder's; None: what is usual for the model here. `theirs` is what its
    owner has told in all chats: it stands after what everybody shares and before what differs between chats.
    """
    everybodys = told.system_prompt("" if own is not None else system_prompt(site, chosen))
    private = tools.unmarked(told.plain("\n\n".join(filter(None, (theirs, own)))))
    return "\n\n".join(filter(None, (everybodys, private))), len(everybodys)


def as_read(
    system: str, history: Sequence[ChatMessage], told: help.Prompting, before: str = ""
) -> tuple[ChatMessage, ...]:
    """Return a conversation as the model reads it: each question with the help that fits.

    `before`: passages of documents and what was computed for the last question, where there is any.
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
    return ChatMessage(message.role, told.question(tools.unmarked(message.content)))
