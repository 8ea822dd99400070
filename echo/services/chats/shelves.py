"""A person's conversations page by page: all of them, those in no folder, in one, in the archive, of a tag.

Knows no pages of the browser.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, or_, select

from echo.extensions import db
from echo.limits import CONVERSATIONS_PER_PAGE
from echo.models import Conversation
from echo.services.chats import conversations, tags


@dataclass(frozen=True)
class Shelf:
    """Which conversations are listed: those in the archive or the others (None: both), of a folder, a tag."""

    archived: bool | None = False
    folder_id: str | None = None
    unfiled: bool = False
    tag: str | None = None

    def holds(self) -> list[ColumnElement[bool]]:
        """Return what is true of a conversation that stands here."""
        archived_at = Conversation.archived_at
        found: list[ColumnElement[bool]] = []
        if self.archived is not None:
            found.append(archived_at.is_not(None) if self.archived else archived_at.is_(None))
        if self.folder_id is not None:
            found.append(Conversation.folder_id == self.folder_id)
        if self.unfiled:
            found.append(Conversation.folder_id.is_(None))
        if self.tag is not None:
            found.append(tags.borne_by(self.tag))
        return found


EVERYTHING = Shelf()
LIST = Shelf(unfiled=True)
"""What the sidebar lists by time: what lies in folders stands there."""
ARCHIVE = Shelf(archived=True)


def page(
    user_id: int, after: str | None = None, shelf: Shelf = EVERYTHING
) -> tuple[list[Conversation], str | None]:
    """Return a page of conversations, newest first, and the cursor of the next one.

    Pinned ones all come with the first page; the cursor is the last row's id: a keyset, so that a
    page costs the same however far down it is.

    Raises:
        NotFound: the folder, or the row that the page begins after, is not there or another's.
    """
    if shelf.folder_id is not None:
        conversations.own_folder(user_id, shelf.folder_id)
    newest_first = (Conversation.updated_at.desc(), Conversation.id.desc())
    pinned: list[Conversation] = []
    query = _on(shelf, user_id).where(Conversation.pinned.is_(False))
    if after is None:
        pinned = list(
            db.session.scalars(
                _on(shelf, user_id).where(Conversation.pinned).order_by(*newest_first)
            )
        )
    else:
        query = query.where(_older_than(conversations.own(user_id, after)))
    rows = list(db.session.scalars(query.order_by(*newest_first).limit(CONVERSATIONS_PER_PAGE + 1)))
    more = len(rows) > CONVERSATIONS_PER_PAGE
    rows = rows[:CONVERSATIONS_PER_PAGE]
    return pinned + rows, rows[-1].id if more else None


def has_archived(user_id: int) -> bool:
    """Tell whether anything is in the archive."""
    return db.session.scalar(_on(ARCHIVE, user_id).limit(1)) is not None


def _on(shelf: Shelf, user_id: int) -> Select[Conversation]:
    mine = (Conversation.user_id == user_id) & Conversation.deleted_at.is_(None)
    query = select(Conversation).options(*conversations.SHOWN)
    return query.where(mine, *shelf.holds())


def _older_than(last: Conversation) -> ColumnElement[bool]:
    return or_(
        Conversation.updated_at < last.updated_at,
        (Conversation.updated_at == last.updated_at) & (Conversation.id < last.id),
    )
