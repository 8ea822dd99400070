"""Conversations removed for good, some rows at a time. Knows not why they go.

A statement that deletes a long conversation at once holds SQLite's write lock for as long as it takes,
and its cascade from question to reply to question runs deeper than SQLite allows. So the newest messages
go first, a few in each transaction: nothing ever hangs below what is deleted.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, delete, select

from echo import hub, signals
from echo.extensions import db
from echo.models import Conversation, Message
from echo.services.chats import tags, together
from echo.services.numbers import rollups
from echo.services.storage import transaction

CONVERSATIONS_PER_STEP: Final = 20
MESSAGES_PER_STEP: Final = 100
PAUSE_SECONDS: Final = 0.01  # others write meanwhile


def erase_conversations(which: ColumnElement[bool]) -> int:
    """Delete the conversations for which `which` is true, with their messages; return how many.

    Each step is a transaction of its own: after a crash the same call goes on where this one ended.
    """
    erased = 0
    while (gone := transaction(lambda: _step(which))) is not None:
        for row in gone:
            if row.shown:
                signals.conversation_removed.send(
                    row.owner, conversation_id=row.id, restorable=False, members=row.members
                )
        erased += len(gone)
        hub.sleep(PAUSE_SECONDS)
    return erased


class _Doomed(NamedTuple):
    id: str
    owner: int
    shown: bool
    members: list[int]


def _step(which: ColumnElement[bool]) -> list[_Doomed] | None:
    """Delete some messages and the conversations that are empty then; None when nothing was left."""
    rows = _first(which)
    message_ids: list[str] = []
    emptied: list[_Doomed] = []
    for row in rows:
        message_ids += _newest_messages(row.id, MESSAGES_PER_STEP - len(message_ids))
        if len(message_ids) == MESSAGES_PER_STEP:
            break  # this one may have more
        emptied.append(row)
    if message_ids:
        rollups.mark_messages(Message.id.in_(message_ids))
        _delete(Message, message_ids)
    _delete(Conversation, [row.id for row in emptied])
    if emptied:
        tags.forget_unused({row.owner for row in emptied})
    return emptied if rows else None


def _first(which: ColumnElement[bool]) -> list[_Doomed]:
    rows = list(
        db.session.execute(
            select(Conversation.id, Conversation.user_id, Conversation.deleted_at.is_(None))
            .where(which)
            .order_by(Conversation.id)
            .limit(CONVERSATIONS_PER_STEP)
        )
    )
    members = together.member_ids(row[0] for row in rows)  # they go with the conversation
    return [_Doomed(*row, members[row[0]]) for row in rows]


def _newest_messages(conversation_id: str, count: int) -> list[str]:
    return list(
        db.session.scalars(
            select(Message.id)
            .where(Message.conversation_id == conversation_id)
            .order_by(Message.ordinal.desc())
            .limit(count)
        )
    )


def _delete(table: type[Conversation | Message], ids: list[str]) -> None:
    db.session.execute(
        delete(table).where(table.id.in_(ids)).execution_options(synchronize_session=False)
    )
