"""Several of a person's conversations at once: changed, deleted, restored, all of them or none. No engine.

What is not there, or another's, is left alone and told as missing; where nothing is left, nothing is found.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, select

from echo import signals
from echo.clock import utc_now
from echo.errors import InvalidInput, NotFound
from echo.extensions import db
from echo.languages import gettext, number
from echo.limits import BULK_CHATS, TAGS_PER_CHAT
from echo.models import Conversation, Share
from echo.services.chats import conversations
from echo.services.chats import tags as own_tags
from echo.services.storage import transaction
from echo.text import storable


@dataclass(frozen=True)
class Change:
    """What is to be otherwise; None stays. A `folder_id` of "" takes them out of their folders."""

    archived: bool | None = None
    folder_id: str | None = None
    add_tags: list[str] = field(default_factory=list)
    remove_tags: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Done:
    """The conversations as they are now, in the order of the ids, and the ids that nothing was found for."""

    rows: list[Conversation]
    missing: list[str]


def find(user_id: int, ids: Collection[str], *, deleted: bool = False) -> Done:
    """Return the person's conversations with these ids, the deleted ones or the others.

    Raises:
        InvalidInput: none, or too many of them.
        NotFound: none of them is there and the person's own.
    """
    wanted = list(dict.fromkeys(map(storable, ids)))
    if not 1 <= len(wanted) <= BULK_CHATS:
        raise InvalidInput(
            gettext("Choose 1 to %(most)s chats.", most=number(BULK_CHATS)), field="ids"
        )
    found = {row.id: row for row in _rows(user_id, wanted, deleted)}
    if not found:
        raise NotFound(gettext(conversations.NOT_FOUND), field="ids")
    missing = [each for each in wanted if each not in found]
    return Done([found[each] for each in wanted if each in found], missing)


def _rows(user_id: int, ids: list[str], deleted: bool) -> list[Conversation]:
    gone = Conversation.deleted_at
    query = select(Conversation).where(
        Conversation.id.in_(ids),
        Conversation.user_id == user_id,
        gone.is_not(None) if deleted else gone.is_(None),
    )
    shown = query.options(*conversations.SHOWN)
    return list(db.session.scalars(shown.execution_options(populate_existing=True)))


def change(user_id: int, ids: Collection[str], wanted: Change) -> Done:
    """Archive, move or tag; raises as `find`, `conversations.change` and `tags.change`."""
    add = own_tags.checked(wanted.add_tags)
    remove = own_tags.checked(wanted.remove_tags, most=BULK_CHATS * TAGS_PER_CHAT)
    if wanted.folder_id:
        conversations.own_folder(user_id, wanted.folder_id)

    def work() -> Done:
        values = _values(wanted)
        done = find(user_id, ids)
        for row in done.rows:
            for name, value in values(row).items():
                setattr(row, name, value)
        if add or remove:
            own_tags.change(done.rows, add, remove)
        return done

    return _told(user_id, transaction(work))


def _values(wanted: Change) -> Callable[[Conversation], dict[str, Any]]:
    """Return what gives a row its new values in this transaction; the folder is looked up once."""
    placed: dict[str, Any] = {}
    if wanted.folder_id is not None:
        placed["folder_id"] = conversations.folder_or_list(wanted.folder_id)
    now = utc_now()

    def values(row: Conversation) -> dict[str, Any]:
        if wanted.archived is None:
            return placed
        return placed | {"archived_at": (row.archived_at or now) if wanted.archived else None}

    return values


def remove(user_id: int, ids: Collection[str]) -> Done:
    """Delete; `restore` undoes it for some days. Links that showed them to others are gone for good."""

    def work() -> Done:
        done = find(user_id, ids)
        found = [row.id for row in done.rows]
        for row in done.rows:
            row.deleted_at = utc_now()
        db.session.execute(delete(Share).where(Share.conversation_id.in_(found)))
        return done

    done = transaction(work)
    for row in done.rows:
        members = [each.user_id for each in row.members]
        signals.conversation_removed.send(
            user_id, conversation_id=row.id, restorable=True, members=members
        )
    return Done([], done.missing)


def restore(user_id: int, ids: Collection[str]) -> Done:
    """Undo a deletion; raises as `find`."""

    def work() -> Done:
        done = find(user_id, ids, deleted=True)
        for row in done.rows:
            row.deleted_at = None
        return done

    return _told(user_id, transaction(work))


def _told(user_id: int, done: Done) -> Done:
    """Announce each, after reading all of them anew at once."""
    _rows(user_id, [row.id for row in done.rows], deleted=False)
    for row in done.rows:
        signals.conversation_changed.send(row)
    return done
