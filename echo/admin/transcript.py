"""A conversation as people had it: one branch in order, and at each fork the other wordings and answers.

It does not know who may read it, and writes no look down: who opens the conversation does both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select

from echo.errors import NotFound
from echo.extensions import db
from echo.languages import gettext, mark
from echo.limits import CHARS_PER_PAGE
from echo.models import Conversation, Message
from echo.services.chats import message_tree, together, wire
from echo.services.people import account_facts
from echo.text import storable

SHOWN: Final = 200
NOT_HERE: Final = mark("There is no such message in this conversation, or it has been deleted.")


@dataclass(frozen=True)
class Said:
    """One message, with what else was said in its place."""

    row: Message
    versions: message_tree.Siblings
    asker: str | None = None
    """The name of who asked, where that is not the conversation's owner."""

    @property
    def failure(self) -> str | None:
        """Why the answer failed, in the language of whoever reads it."""
        return wire.failure(self.row)

    @property
    def place(self) -> int:
        """Which of them it is, from 1 on."""
        return self.versions.first + self.versions.ids.index(self.row.id)

    def version(self, steps: int) -> str | None:
        """Return the one so many places further, None where there is none."""
        ids = self.versions.ids
        at = ids.index(self.row.id) + steps
        return ids[at] if 0 <= at < len(ids) else None


@dataclass(frozen=True)
class Transcript:
    """Messages of one branch, oldest first; `earlier` is the first shown, if some come before it."""

    owner: str
    said: list[Said]
    earlier: str | None
    is_shown_branch: bool
    """Whether its owner sees this branch when they open the conversation."""


def of(conversation: Conversation, branch: str = "", before: str = "") -> Transcript:
    """Return the branch that leads through the message `branch` (else the one that its owner sees).

    With `before`, the messages that come before that one. At most `SHOWN` of them.

    Raises:
        NotFound: a message is none of this conversation.
    """
    shown = conversation.head_id or _newest(conversation)
    leaf = (
        message_tree.newest_leaf(_own(conversation, branch).id, conversation.id)
        if branch
        else shown
    )
    last = _own(conversation, before).parent_id if before else leaf
    rows = message_tree.branch(last, SHOWN, CHARS_PER_PAGE)
    families = message_tree.siblings(rows)
    others = together.authors(rows)
    names = account_facts.names([conversation.user_id])
    return Transcript(
        owner=names.get(
            conversation.user_id, gettext("account %(number)s", number=conversation.user_id)
        ),
        said=[Said(row, families[row.id], _asker(others.get(row.id))) for row in rows],
        earlier=rows[0].id if rows and rows[0].parent_id else None,
        is_shown_branch=leaf == shown,
    )


def _asker(author: dict[str, Any] | None) -> str | None:
    return None if author is None else author["name"] or gettext(together.LEFT)


def _own(conversation: Conversation, message_id: str) -> Message:
    row = db.session.get(Message, storable(message_id))
    if row is None or row.conversation_id != conversation.id:
        raise NotFound(gettext(NOT_HERE))
    return row


def _newest(conversation: Conversation) -> str | None:
    return db.session.scalar(
        select(Message.id)
        .where(Message.conversation_id == conversation.id)
        .order_by(Message.ordinal.desc())
        .limit(1)
    )
