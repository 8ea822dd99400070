"""What an answer is given beside its question: what tools computed, passages, the help. Knows no engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from echo.models import Conversation, Document
from echo.services import help, tools
from echo.services.chats import together
from echo.services.documents import in_chats, shelf
from echo.services.documents.in_chats import NOTHING, Added
from echo.services.documents.prompt import Source
from echo.services.turns import sources
from echo.services.turns.sources import Room

Steps = list[dict[str, Any]]


class Given(NamedTuple):
    """Steps: None where nothing was done. Sources: None where no document was looked in."""

    steps: Steps | None = None
    sources: list[Source] | None = None


@dataclass(frozen=True)
class Reader:
    """The model: `tokens` counts as it does, `fits` tells whether it reads the question with this before."""

    now: datetime | None
    """By the clocks of whoever asks; None where no tools are used."""
    window: int
    tokens: Callable[[str], int]
    fits: Callable[[str], bool]

    def room(self, beside: str = "") -> Room:
        """Return what it can take; `beside` is given too."""
        return Room(self.tokens, self.window, lambda passages: self.fits(passages + beside))


def choose(
    reader: Reader, conversation: Conversation, asker: int, question: str, added: Added
) -> Given:
    """Return what is given. In a chat without documents a plain question looks in all of one's own.

    In a chat of several people only what its owner has attached to it is looked in: others read the answer.
    """
    steps = computed(reader, question)
    documents = in_chats.looked_in(conversation, added, asker)
    if documents:
        attached = in_chats.attached(conversation, added)
        room = reader.room(tools.before(steps, reader.window))
        found = sources.choose(conversation.user_id, documents, question, room, attached)
        return Given(steps, found)
    what = tools.sought(question) if reader.now is not None and not steps else None
    if what is None or not together.is_alone(conversation, asker):
        return Given(steps)
    found = look_up(reader, conversation, asker, what)
    return Given([dict(tools.looked_up(what, len(found)))], found)


def may_search(conversation: Conversation, asker: int) -> bool:
    """Tell whether a search would look in anything, where the chat itself looks in nothing."""
    return together.is_alone(conversation, asker) and bool(shelf.ready(conversation.user_id))


def searched(conversation: Conversation, asker: int) -> list[Document]:
    """Return the documents that a search is for: what the chat looks in, else all of its owner's own.

    Where others read the answer, never those.
    """
    here = in_chats.looked_in(conversation, NOTHING, asker)
    is_alone = together.is_alone(conversation, asker)
    return here or (shelf.ready(conversation.user_id) if is_alone else [])


def look_up(
    reader: Reader,
    conversation: Conversation,
    asker: int,
    what: str,
    beside: str = "",
) -> list[Source]:
    """Return the passages that fit, of what is `searched`; `beside`: what else the model reads."""
    documents = searched(conversation, asker)
    return sources.choose(conversation.user_id, documents, what, reader.room(beside)) or []


def computed(reader: Reader, question: str) -> Steps | None:
    """Return what is computed for an answer; None where nothing is, or where it does not fit."""
    if reader.now is None:
        return None
    steps = [dict(step) for step in tools.compute(question, reader.now)]
    return steps if steps and reader.fits(tools.before(steps, reader.window)) else None


def helped(question: str, told: help.Prompting) -> Steps | None:
    """Return what the help says to a question: its reader sees it, whatever the model makes of it."""
    shown = help.told_here(told.found(question), told.facts)
    return [dict(tools.helped(shown))] if shown else None
