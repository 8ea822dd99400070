"""A person's conversations page by page: all of them, those in no folder, in one, in the archive, of a tag.

Knows no pages of the browser.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, or_, select, true
from sqlalchemy.orm import selectinload

from echo.errors import NotFound
from echo.extensions import db
from echo.languages import gettext
from echo.limits import CONVERSATIONS_PER_PAGE
from echo.models import Conversation
from echo.services.chats import conversations, tags, together
from echo.text import storable


@dataclass(frozen=True)
class Shelf:
    """Which conversations are listed: those in the archive or the others (None: both), of a folder, a tag."""

    archived: bool | None = False
    folder_id: str | None = None
    unfiled: bool = False
    tag: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether chats of others stand here too: folders, tags and the archive are their owners'."""
        return not self.archived and self.folder_id is None and self.tag is None

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
CURSOR_TIME: Final = "%Y%m%dT%H%M%S%f"
CURSOR_TIME_CHARS: Final = 21
NEWEST_FIRST: Final = (Conversation.updated_at.desc(), Conversation.id.desc())


def page(
    user_id: int, after: str | None = None, shelf: Shelf = EVERYTHING
) -> tuple[list[Conversation], str | None]:
    """Return a page of conversations, newest first, and the cursor of the next one.

    Pinned ones all come with the first page; the cursor is the last row's age: a keyset, so that a
    page costs the same however far down it is, and goes on there whatever becomes of that row.

    Those that others have invited the person into stand among their own, never pinned.

    Raises:
        NotFound: the folder is not there or another's; `after` is no such cursor.
    """
    if shelf.folder_id is not None:
        conversations.own_folder(user_id, shelf.folder_id)
    mine = _on(shelf, user_id)
    pinned: list[Conversation] = []
    older: ColumnElement[bool] = true()
    if after is None:
        pinned = list(db.session.scalars(mine.where(Conversation.pinned).order_by(*NEWEST_FIRST)))
    else:
        older = _older_than(*_read_cursor(after))
    rows = _newest(mine.where(Conversation.pinned.is_(False), older))
    if shelf.is_open:
        rows = sorted(rows + _newest(_joined(user_id).where(older)), key=_age, reverse=True)
    more = len(rows) > CONVERSATIONS_PER_PAGE
    rows = rows[:CONVERSATIONS_PER_PAGE]
    return pinned + rows, _cursor(rows[-1]) if more else None


def _newest(query: Select[Conversation]) -> list[Conversation]:
    newest = query.order_by(*NEWEST_FIRST).limit(CONVERSATIONS_PER_PAGE + 1)
    return list(db.session.scalars(newest))


def _age(row: Conversation) -> tuple[datetime, str]:
    return row.updated_at, row.id


def has_archived(user_id: int) -> bool:
    """Tell whether anything is in the archive."""
    return db.session.scalar(_on(ARCHIVE, user_id).limit(1)) is not None


def _on(shelf: Shelf, user_id: int) -> Select[Conversation]:
    return _there().where(Conversation.user_id == user_id, *shelf.holds())


def _joined(user_id: int) -> Select[Conversation]:
    others = Conversation.user_id != user_id
    there = _there().options(selectinload(Conversation.owner))
    return there.where(Conversation.id.in_(together.joined(user_id)), others)


def _there() -> Select[Conversation]:
    there = Conversation.deleted_at.is_(None)
    return select(Conversation).options(*conversations.SHOWN).where(there)


def _cursor(last: Conversation) -> str:
    return f"{last.updated_at:{CURSOR_TIME}}{last.id}"


def _read_cursor(text: str) -> tuple[datetime, str]:
    try:
        moment = datetime.strptime(text[:CURSOR_TIME_CHARS], CURSOR_TIME).replace(tzinfo=UTC)
    except ValueError:
        raise NotFound(gettext(conversations.NOT_FOUND), field="after") from None
    return moment, storable(text[CURSOR_TIME_CHARS:])


def _older_than(moment: datetime, conversation_id: str) -> ColumnElement[bool]:
    return or_(
        Conversation.updated_at < moment,
        (Conversation.updated_at == moment) & (Conversation.id < conversation_id),
    )
