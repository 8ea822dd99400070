"""A person's collections of documents: made, named, filled, shared with a role, deleted with undo.

Sharing is a row of the audit trail. Knows no search and no chat: `usable.py` says who may use what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import delete, func, select

from echo.clock import iso, utc_now
from echo.errors import Conflict, InvalidInput, NotFound
from echo.extensions import db
from echo.languages import gettext, number
from echo.limits import COLLECTION_NAME_CHARS, COLLECTIONS_PER_PERSON, DOCUMENTS_PER_COLLECTION
from echo.models import (
    Collection,
    CollectionDocument,
    Conversation,
    ConversationCollection,
    Document,
    Folder,
    FolderCollection,
    RoleName,
    User,
)
from echo.models.types import new_id
from echo.services import audit
from echo.services.audit import Act, Entry
from echo.services.chats import conversations
from echo.services.documents import shelf
from echo.services.documents.usable import NOT_FOUND
from echo.services.storage import execute, transaction
from echo.text import storable


def own(user_id: int, collection_id: str) -> Collection:
    """Return the person's collection; raises NotFound for an absent, deleted or foreign one alike."""
    row = db.session.get(Collection, storable(collection_id))
    if row is None or row.user_id != user_id or row.deleted_at is not None:
        raise NotFound(gettext(NOT_FOUND), field="collection_id")
    return row


def create(user_id: int, name: str, document_ids: Iterable[str] = ()) -> Collection:
    """Make a collection, with documents of one's own in it.

    Raises:
        InvalidInput: as `change`.
        NotFound: one of the documents is not there, or another's.
        Conflict: the person has as many collections as one may have.
    """
    row = Collection(id=new_id(), user_id=user_id, name=_checked_name(name))
    rows = _own_documents(user_id, document_ids)

    def work() -> None:
        _refuse_full(user_id)
        db.session.add(row)
        db.session.flush()
        _link(row, rows)

    transaction(work)
    return row


def change(
    user_id: int, collection_id: str, *, name: str | None = None, add: Iterable[str] = ()
) -> Collection:
    """Give it another name, and put documents of one's own into it besides; those that are in it stay.

    Raises:
        NotFound: it, or one of the documents, is not there, or another's.
        InvalidInput: an empty or too long name; more than a collection holds.
    """
    row, rows = own(user_id, collection_id), _own_documents(user_id, add)
    checked = row.name if name is None else _checked_name(name)

    def work() -> None:
        row.name = checked
        _link(row, rows)

    return _change(row, work)


def take_out(user_id: int, collection_id: str, document_id: str) -> None:
    """Take a document out of it; the document stays."""
    row = own(user_id, collection_id)
    which = (CollectionDocument.collection_id == row.id) & (
        CollectionDocument.document_id == storable(document_id)
    )
    _change(row, lambda: db.session.execute(delete(CollectionDocument).where(which)))


def share(actor: User, collection_id: str, least_role: RoleName | None) -> Collection:
    """Let everybody of a role and stronger use one of one's own collections; None: nobody else any more.

    Raises:
        NotFound: it is not there, or another's.
    """
    row = own(actor.id, collection_id)

    def work() -> tuple[None, list[Entry]]:
        before, row.least_role = row.least_role, least_role
        row.updated_at = utc_now()
        return None, _entries(row) if before != least_role else []

    audit.transaction(work)
    return row


def remove(user_id: int, collection_id: str) -> None:
    """Delete it; its documents stay. For some days it can be restored, and until then nobody uses it."""
    row = own(user_id, collection_id)

    def work() -> tuple[None, list[Entry]]:
        row.deleted_at = utc_now()
        return None, _entries(row) if row.least_role else []

    audit.transaction(work)


def restore(user_id: int, collection_id: str) -> Collection:
    """Undo a deletion, with whom it was shared.

    Raises:
        NotFound: there is nothing to undo.
        Conflict: the person has as many collections as one may have.
    """
    row = db.session.get(Collection, storable(collection_id))
    if row is None or row.user_id != user_id or row.deleted_at is None:
        raise NotFound(gettext(NOT_FOUND), field="collection_id")

    def work() -> tuple[None, list[Entry]]:
        _refuse_full(user_id)
        row.deleted_at = None
        return None, _entries(row) if row.least_role else []

    audit.transaction(work)
    return row


def purge_deleted() -> int:
    """Remove for good what was deleted long enough ago; returns how many."""
    old = Collection.deleted_at < utc_now() - shelf.KEPT_AFTER_DELETE
    return execute(delete(Collection).where(old))


def documents_of(collection_ids: Sequence[str]) -> dict[str, list[Document]]:
    """Return, by collection, the documents in it, by name; who may see them was decided before."""
    query = (
        select(CollectionDocument.collection_id, Document)
        .join(Document, Document.id == CollectionDocument.document_id)
        .where(CollectionDocument.collection_id.in_(collection_ids), Document.deleted_at.is_(None))
        .order_by(Document.name, Document.id)
    )
    found: dict[str, list[Document]] = {each: [] for each in collection_ids}
    if not found:
        return found
    for collection_id, document in db.session.execute(query):
        found[collection_id].append(document)
    return found


def in_short(rows: Sequence[Collection], user_id: int) -> list[dict[str, Any]]:
    """Return what a chat shows of the collections that it uses."""
    query = (
        select(CollectionDocument.collection_id, func.count())
        .join(Document, Document.id == CollectionDocument.document_id)
        .where(CollectionDocument.collection_id.in_([row.id for row in rows]))
        .where(Document.deleted_at.is_(None))
        .group_by(CollectionDocument.collection_id)
    )
    counts = {row[0]: row[1] for row in db.session.execute(query)} if rows else {}
    return [
        {
            "id": row.id,
            "name": row.name,
            "own": row.user_id == user_id,
            "count": counts.get(row.id, 0),
        }
        for row in rows
    ]


def wire(row: Collection, user_id: int, documents: Sequence[Document]) -> dict[str, Any]:
    """Return a collection as pages and programs are told of it."""
    return {
        "id": row.id,
        "name": row.name,
        "own": row.user_id == user_id,
        "least_role": row.least_role,
        "documents": [{"id": each.id, "name": each.name} for each in documents],
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
    }


def all_wire(rows: Sequence[Collection], user_id: int) -> list[dict[str, Any]]:
    """Return several as `wire`."""
    documents = documents_of([row.id for row in rows])
    return [wire(row, user_id, documents[row.id]) for row in rows]


def exported(user_id: int) -> list[dict[str, Any]]:
    """Return a person's collections for that person, deleted ones too, with which of their chats use them."""
    rows = list(db.session.scalars(select(Collection).where(Collection.user_id == user_id)))
    used = _used(ConversationCollection.conversation_id, Conversation, user_id)
    folders = _used(FolderCollection.folder_id, Folder, user_id)
    return [
        {
            **told,
            "deleted_at": iso(row.deleted_at),
            "conversations": used.get(row.id, []),
            "folders": folders.get(row.id, []),
        }
        for row, told in zip(rows, all_wire(rows, user_id), strict=True)
    ]


def _used(column: Any, table: Any, user_id: int) -> dict[str, list[str]]:
    """Return, by collection, the ids of a person's own chats, or folders, that use it."""
    query = select(column.class_.collection_id, column).join(table, table.id == column)
    found: dict[str, list[str]] = {}
    for collection_id, owner_id in db.session.execute(query.where(table.user_id == user_id)):
        found.setdefault(collection_id, []).append(owner_id)
    return found


def _change(row: Collection, change: Callable[[], object]) -> Collection:
    def work() -> None:
        change()
        row.updated_at = utc_now()

    transaction(work)
    return row


def _checked_name(name: str) -> str:
    what = gettext("A collection's name")
    return conversations.checked_line(name, COLLECTION_NAME_CHARS, what, "name")


def _refuse_full(user_id: int) -> None:
    mine = (Collection.user_id == user_id) & Collection.deleted_at.is_(None)
    query = select(func.count(Collection.id)).where(mine)
    if (db.session.scalar(query) or 0) >= COLLECTIONS_PER_PERSON:
        raise Conflict(
            gettext(
                "One has at most %(most)s collections. Delete one that is not needed.",
                most=number(COLLECTIONS_PER_PERSON),
            )
        )


def _own_documents(user_id: int, document_ids: Iterable[str]) -> list[Document]:
    ids = list(dict.fromkeys(document_ids))
    _refuse_too_many(len(ids))
    return shelf.some(user_id, ids)


def _refuse_too_many(count: int) -> None:
    if count > DOCUMENTS_PER_COLLECTION:
        raise InvalidInput(
            gettext(
                "A collection holds at most %(most)s documents.",
                most=number(DOCUMENTS_PER_COLLECTION),
            ),
            field="document_ids",
        )


def _link(row: Collection, rows: Sequence[Document]) -> None:
    here = CollectionDocument.collection_id == row.id
    present = set(db.session.scalars(select(CollectionDocument.document_id).where(here)))
    new = [each for each in rows if each.id not in present]
    _refuse_too_many(len(present) + len(new))
    for each in new:
        db.session.add(CollectionDocument(collection_id=row.id, document_id=each.id))


def _entries(row: Collection) -> list[Entry]:
    """Return what the audit trail is told once the collection is shared, or not any more."""
    shared = row.least_role is not None and row.deleted_at is None
    act = Act.COLLECTION_SHARED if shared else Act.COLLECTION_UNSHARED
    detail = {"least_role": row.least_role} if shared else None
    return [Entry(act, row.user_id, None, f"collections/{row.id}", detail)]
