"""A person's words in the place of a message, as rules leave them. Knows no sockets and asks no model."""

from __future__ import annotations

from echo.errors import InvalidInput
from echo.models import Message
from echo.services.accounts import accounts
from echo.services.chats import conversations, saved_edits
from echo.services.guardrails import decisions
from echo.services.turns import guarded


def save(user_id: int, message_id: str, text: str) -> Message:
    """Put `text` in the place of what a message says: models read it with the chat.

    Rules look at it as at a question. A refused question is kept, and no answer is asked for with it.

    Raises:
        NotFound, Conflict: as `saved_edits.save`.
        InvalidInput: a rule refuses it in the place of an answer.
        SignedOut: the account was switched off while rules looked at it.
    """
    row = conversations.own_message(user_id, message_id)
    looked = guarded.look(text, row.role)
    if looked.refusal is not None and row.role != "user":
        raise InvalidInput(looked.refusal, field="text")
    accounts.refuse_closed(user_id)
    decided = decisions.about(looked.met, user_id, row.id)
    return saved_edits.save(user_id, message_id, looked.text, decided)
