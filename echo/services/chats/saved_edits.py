"""A person's words in the place of a message, saved without asking anew. Knows no engine and no payloads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update

from echo import signals
from echo.clock import utc_now
from echo.errors import Conflict, Forbidden
from echo.extensions import db
from echo.languages import gettext, mark
from echo.models import GuardDecision, Message
from echo.models.conversation import LIVE_STATUSES
from echo.services.chats import conversations
from echo.services.guardrails import decisions
from echo.services.numbers import rollups
from echo.services.storage import transaction

STILL_WRITTEN = mark("This answer is still being written. Stop it first, then edit it.")


def save(
    user_id: int, message_id: str, text: str, decided: Sequence[GuardDecision] = ()
) -> Message:
    """Put `text` in the place of what a question or an ended reply says, with what rules decided about it.

    A question is the person's, and its former words go; what the model said is kept beside.

    Raises:
        NotFound: absent, or not in a chat of this user's.
        Forbidden: a question of somebody else's: nobody puts words into another's mouth.
        Conflict: the reply is being written.
    """
    row = conversations.own_message(user_id, message_id)
    if row.role == "user" and (row.user_id != user_id or row.author_gone):
        raise Forbidden(gettext("Only who asked a question edits it."), field="message_id")
    if transaction(lambda: _write(row, text, decided)):
        decisions.announce(decided)
        db.session.refresh(row)
        signals.message_changed.send(row)
    return row


def _write(row: Message, text: str, decided: Sequence[GuardDecision]) -> bool:
    columns = (Message.text, Message.original_text, Message.seq, Message.status)
    found = db.session.execute(select(*columns).where(Message.id == row.id)).one()
    if found.status not in LIVE_STATUSES and found.text == text:
        return False
    values: dict[str, Any] = {"text": text, "edited_at": utc_now()}
    if decided:
        values["guarded"] = True
    if row.role == "assistant":
        original = found.text if found.original_text is None else found.original_text
        values["original_text"] = None if text == original else original
        values |= _in_one_piece(text, found.seq)
    written = db.session.execute(
        update(Message)
        .where(Message.id == row.id, Message.status.not_in(LIVE_STATUSES))
        .values(values)
    )
    if not written.rowcount:  # type: ignore[attr-defined]
        raise Conflict(gettext(STILL_WRITTEN))
    for each in decided:
        each.created_at = values["edited_at"]  # what was decided earlier was about other words
    db.session.add_all(decided)
    rollups.mark_stale(row.created_at)
    return True


def _in_one_piece(text: str, seq: int) -> dict[str, Any]:
    """Return the columns of a stream that says `text` by its first piece; it goes on where it was."""
    count = max(seq, 1)
    return {"seq": count, "piece_lengths": ",".join([str(len(text)), *["0"] * (count - 1)])}
