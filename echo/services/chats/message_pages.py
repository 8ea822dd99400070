"""The messages of a readable conversation, page by page, whatever branch they are on. Changes nothing."""

from __future__ import annotations

from sqlalchemy import select

from echo.errors import NotFound
from echo.languages import gettext
from echo.limits import CHARS_PER_PAGE, MESSAGES_PER_PAGE
from echo.models import Message
from echo.services.chats import conversations
from echo.services.storage import first_rows


def page(user_id: int, conversation_id: str, after: str | None) -> tuple[list[Message], str | None]:
    """Return the messages that were made after the one named, oldest first, and the next page's cursor.

    Raises:
        NotFound: the conversation is not `readable`; `after` is no message of it.
    """
    conversation = conversations.readable(user_id, conversation_id)
    last = _ordinal_of(user_id, conversation.id, after) if after else 0
    query = (
        select(Message.id, Message)
        .where(Message.conversation_id == conversation.id, Message.ordinal > last)
        .order_by(Message.ordinal)
    )
    found, more = first_rows(query, MESSAGES_PER_PAGE, CHARS_PER_PAGE)
    rows = [row for _id, row in found]
    return rows, rows[-1].id if more else None


def _ordinal_of(user_id: int, conversation_id: str, message_id: str) -> int:
    found = conversations.readable_message(user_id, message_id)
    if found.conversation_id != conversation_id:
        raise NotFound(gettext("This is no message of that conversation."), field="after")
    return found.ordinal
