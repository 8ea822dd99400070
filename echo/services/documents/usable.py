"""Which collections and documents a person may use now: their own, and what is shared with their role.

Rights are looked up for each question anew, never kept with a chat: a collection that is taken back, or a
role that is lost, ends it. What is shared holds while its owner may share. Knows no search.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import aliased

from echo.errors import NotFound
from echo.extensions import db
from echo.languages import gettext, mark
from echo.models import (
    Collection,
    CollectionDocument,
    ConversationDocument,
    Document,
    Passage,
    Role,
    RoleName,
    User,
)
from echo.policies import Right, from_on, up_to
from echo.services.chats import conversations
from echo.text import storable

NOT_FOUND: Final = mark("There is no such collection, or it is not yours.")
GONE: Final = mark("This document is no longer available to you.")


def all_of(user_id: int) -> list[Collection]:
    """Return every collection that a person may use, by name; one's own first."""
    rows = db.session.scalars(select(Collection).where(may_use(user_id)))
    return sorted(rows, key=lambda row: (row.user_id != user_id, row.name.casefold(), row.id))


def has_any(user_id: int) -> bool:
    """Tell whether there is a collection that a person may use."""
    return db.session.scalar(select(Collection.id).where(may_use(user_id)).limit(1)) is not None


def one(user_id: int, collection_id: str) -> Collection:
    """Return a collection that the person may use; raises NotFound for any other alike."""
    return some(user_id, [collection_id])[0]


def some(user_id: int, collection_ids: Iterable[str]) -> list[Collection]:
    """Return these collections, each once; raises NotFound where the person may not use one of them."""
    ids = list(dict.fromkeys(map(storable, collection_ids)))
    if not ids:
        return []
    query = select(Collection).where(Collection.id.in_(ids), may_use(user_id))
    rows = {row.id: row for row in db.session.scalars(query)}
    if len(rows) < len(ids):
        raise NotFound(gettext(NOT_FOUND), field="collection_id")
    return [rows[each] for each in ids]


def may_use(user_id: int) -> ColumnElement[bool]:
    """Return which collections a person may use, as a condition."""
    mine = Collection.user_id == user_id
    return Collection.deleted_at.is_(None) & (mine | Collection.id.in_(_shared_with(user_id)))


def may_read(user_id: int) -> ColumnElement[bool]:
    """Return in which documents something may be found for a person, as a condition."""
    shared = select(CollectionDocument.document_id).where(
        CollectionDocument.collection_id.in_(_shared_with(user_id))
    )
    return Document.deleted_at.is_(None) & ((Document.user_id == user_id) | Document.id.in_(shared))


def _shared_with(user_id: int) -> Select[Any]:
    """Return the ids of what others share with a person's role of this moment."""
    theirs, reader, has = aliased(Collection), aliased(User), aliased(Role)
    for_reader = or_(
        *((has.name == role) & theirs.least_role.in_(up_to(role)) for role in RoleName)
    )
    return (
        select(theirs.id)
        .join(User, User.id == theirs.user_id)
        .join(Role, Role.id == User.role_id)
        .join(reader, reader.id == user_id)
        .join(has, has.id == reader.role_id)
        .where(
            for_reader,
            reader.active,
            theirs.deleted_at.is_(None),
            Role.name.in_(from_on(Right.SHARING)),
            User.active,
        )
    )


def cited(user_id: int, document_id: str, position: int, message_id: str) -> tuple[Document, str]:
    """Return a document that is not one's own, and the passage of it that a readable answer cites.

    It is shared with the person's role, or attached to the answer's chat, which others may be in.

    Raises:
        NotFound: no such answer, it does not cite that, or the document is not shared any more.
    """
    message = conversations.readable_message(user_id, message_id)
    attached = select(ConversationDocument.document_id).where(
        ConversationDocument.conversation_id == message.conversation_id
    )
    shown = Document.deleted_at.is_(None) & Document.id.in_(attached)
    found = db.session.execute(
        select(Document, Passage.text)
        .join(Passage, Passage.document_id == Document.id)
        .where(Document.id == storable(document_id), Passage.position == position)
        .where(may_read(user_id) | shown)
    ).first()
    is_cited = any(
        (source["document_id"], source["position"]) == (document_id, position)
        for source in message.sources or ()
    )
    if found is None or not is_cited:
        raise NotFound(gettext(GONE))
    return found[0], found[1]
