"""What a conversation shows at one moment: the words of its shown branch, and nothing else of it.

Ids, ratings, settings, system prompts, models, times, errors and other branches stay behind. A model's
thoughts are part of its words, and fold away as they do in the chat. Of a persona its name is shown, of
others who have asked in the chat only that it was somebody else.
"""

from __future__ import annotations

from itertools import chain
from typing import Any, Final

from echo.errors import Conflict, InvalidInput, TooLong
from echo.languages import gettext, mark, number
from echo.limits import SHARED_CHARS, SHARED_MESSAGES
from echo.models import Conversation, Message
from echo.services.chats import message_tree, personas, together

Said = list[dict[str, Any]]

NOTHING: Final = mark("There is nothing to share yet: ask something first.")
STILL_WRITING: Final = mark("An answer is being written. Please share this chat when it has ended.")
TOO_LONG: Final = mark("More than %(messages)s messages or %(letters)s letters cannot be shared.")


def take(conversation: Conversation) -> Said:
    """Return what is shown now.

    Raises:
        Conflict: an answer is being written.
        InvalidInput: nothing was said yet, or more than a page can show.
    """
    rows = _shown(conversation)
    if not rows:
        raise InvalidInput(gettext(NOTHING))
    if any(row.is_live for row in rows):
        raise Conflict(gettext(STILL_WRITING))
    if len(rows) > SHARED_MESSAGES or sum(len(row.text) for row in rows) > SHARED_CHARS:
        raise TooLong(
            gettext(TOO_LONG, messages=number(SHARED_MESSAGES), letters=number(SHARED_CHARS))
        )
    return _said(conversation, rows)


def is_current(conversation: Conversation, title: str, said: Said) -> bool:
    """Tell whether a copy that was taken before is what a new one would be."""
    return title == conversation.title and said == _said(conversation, _shown(conversation))


def _shown(conversation: Conversation) -> list[Message]:
    """Return the branch that is shown; of one that is too long, one message too many and no more."""
    rows: list[Message] = []
    chars = 0
    for row in chain.from_iterable(message_tree.upwards(conversation.head_id, SHARED_MESSAGES + 1)):
        rows.append(row)
        chars += len(row.text)
        if chars > SHARED_CHARS:
            break
    return rows[::-1]


def _said(conversation: Conversation, rows: list[Message]) -> Said:
    persona = personas.of_conversation(conversation)
    by = {"assistant": {"by": persona.name}} if persona else {}
    others = together.authors(rows)
    return [
        {"role": row.role, "text": row.text, "status": row.status, "edited": row.is_edited}
        | by.get(row.role, {})
        | ({"other": True} if row.role == "user" and row.id in others else {})
        for row in rows
    ]
