"""A person's documents as rows: listed, removed, restored, put into chats. Knows no files and no search."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, delete, func, select

from echo import hub
from echo.clock import iso, utc_now
from echo.errors import Conflict, InvalidInput, NotFound
from echo.extensions import db
from echo.languages import gettext, mark, number
from echo.limits import DOCUMENTS_PER_CHAT, DOCUMENTS_PER_PAGE, DOCUMENTS_PER_PERSON
from echo.models import Conversation, ConversationDocument, Document, DocumentStatus, Passage
from echo.services.documents import refusals
from echo.services.storage import assign, transaction
from echo.text import storable

KEPT_AFTER_DELETE: Final = timedelta(days=7)
PASSAGES_PER_STEP: Final = 100
PAUSE_SECONDS: Final = 0.01  # others write meanwhile
NOT_FOUND: Final = mark("There is no such document, or it is not yours.")


def own(user_id: int, document_id: str) -> Document:
    """Return the person's document; raises NotFound for an absent, deleted or foreign one alike."""
    row = db.session.get(Document, storable(document_id))
    if row is None or row.user_id != user_id or row.deleted_at is not None:
        raise NotFound(gettext(NOT_FOUND), field="document_id")
    return row


def is_own(user_id: int, document_id: str) -> bool:
    """Tell whether a document is there and the person's."""
    return db.session.scalar(_of(user_id).where(Document.id == storable(document_id))) is not None


def refuse_full(user_id: int) -> None:
    """Raise Conflict where the person has as many documents as there may be."""
    count = select(func.count()).select_from(_of(user_id).subquery())
    if (db.session.scalar(count) or 0) >= DOCUMENTS_PER_PERSON:
        raise Conflict(
            gettext(
                "You have %(most)s documents, the most there may be. Delete some first.",
                most=number(DOCUMENTS_PER_PERSON),
            ),
            field="file",
        )


def _of(user_id: int) -> Select[Document]:
    return select(Document).where(Document.user_id == user_id, Document.deleted_at.is_(None))


def ready(user_id: int) -> list[Document]:
    """Return all of a person's documents that can be searched."""
    return list(db.session.scalars(_of(user_id).where(Document.status == DocumentStatus.READY)))


def page(user_id: int, after: str | None = None) -> tuple[list[Document], str | None]:
    """Return a page of a person's documents, the newest first, and what the next one begins after."""
    query = _of(user_id).order_by(Document.id.desc()).limit(DOCUMENTS_PER_PAGE + 1)
    if after is not None:
        query = query.where(Document.id < storable(after))  # whatever has become of that one
    rows = list(db.session.scalars(query))
    more = len(rows) > DOCUMENTS_PER_PAGE
    rows = rows[:DOCUMENTS_PER_PAGE]
    return rows, rows[-1].id if more else None


def wire(row: Document) -> dict[str, Any]:
    """Return a document as pages and programs are told of it."""
    return {
        "id": row.id,
        "name": row.name,
        "kind": row.kind,
        "status": row.status,
        "error": row.error and refusals.said(row.error),
        "size_bytes": row.size_bytes,
        "pages": row.page_count,
        "characters": row.char_count,
        "picture": row.width and {"width": row.width, "height": row.height},
        "description": row.description,
        "created_at": iso(row.created_at),
    }


def remove(user_id: int, document_id: str) -> None:
    """Delete; it can be restored for some days, and until then nothing in it is found."""
    assign(own(user_id, document_id), deleted_at=utc_now())


def restore(user_id: int, document_id: str) -> Document:
    """Undo a deletion; raises NotFound when there is nothing to undo, Conflict where there is no room."""
    row = db.session.get(Document, storable(document_id))
    if row is None or row.user_id != user_id or row.deleted_at is None:
        raise NotFound(gettext(NOT_FOUND))
    refuse_full(user_id)
    assign(row, deleted_at=None)
    return row


# ── in chats ────────────────────────────────────────────────────────────────────────────────


def of_conversation(conversation_id: str) -> list[Document]:
    """Return a conversation's documents in the order in which they came; whose it is was decided before."""
    query = (
        select(Document)
        .join(ConversationDocument, ConversationDocument.document_id == Document.id)
        .where(
            ConversationDocument.conversation_id == conversation_id, Document.deleted_at.is_(None)
        )
        .order_by(ConversationDocument.added_at, Document.id)
    )
    return list(db.session.scalars(query))


def wanted(user_id: int, document_ids: Iterable[str]) -> list[Document]:
    """Return these documents, each once; raises NotFound, or InvalidInput for more than a chat has."""
    ids = list(dict.fromkeys(document_ids))
    _refuse_too_many(len(ids))
    return some(user_id, ids)


def _refuse_too_many(count: int) -> None:
    if count > DOCUMENTS_PER_CHAT:
        raise InvalidInput(
            gettext("A chat has at most %(most)s documents.", most=number(DOCUMENTS_PER_CHAT)),
            field="documents",
        )


def some(user_id: int, document_ids: Sequence[str]) -> list[Document]:
    """Return these documents of a person's, in this order; raises NotFound where one is not among them."""
    ids = [storable(document_id) for document_id in document_ids]
    query = _of(user_id).where(Document.id.in_(ids))
    rows = {row.id: row for row in db.session.scalars(query)} if ids else {}
    if not rows.keys() >= set(ids):
        raise NotFound(gettext(NOT_FOUND), field="document_id")
    return [rows[each] for each in ids]


def link(conversation_id: str, rows: Sequence[Document]) -> None:
    """Put documents into a conversation, inside of the caller's transaction; those that are in it stay."""
    if not rows:
        return
    here = ConversationDocument.conversation_id == conversation_id
    present = set(db.session.scalars(select(ConversationDocument.document_id).where(here)))
    new = [row for row in rows if row.id not in present]
    _refuse_too_many(len(present) + len(new))
    for row in new:
        db.session.add(ConversationDocument(conversation_id=conversation_id, document_id=row.id))


def attach(conversation_id: str, row: Document) -> None:
    """Put a document into a conversation; whose both are was decided before."""
    transaction(lambda: link(conversation_id, [row]))


def detach(conversation_id: str, document_id: str) -> None:
    """Take a document out of a conversation; the document stays."""
    which = (ConversationDocument.conversation_id == conversation_id) & (
        ConversationDocument.document_id == storable(document_id)
    )
    transaction(lambda: db.session.execute(delete(ConversationDocument).where(which)))


def chats_of(rows: Sequence[Document]) -> dict[str, list[Conversation]]:
    """Return, by document, the chats that use it, the last used first."""
    query = (
        select(ConversationDocument.document_id, Conversation)
        .join(Conversation, Conversation.id == ConversationDocument.conversation_id)
        .where(
            ConversationDocument.document_id.in_([row.id for row in rows]),
            Conversation.deleted_at.is_(None),
        )
        .order_by(Conversation.updated_at.desc())
    )
    found: dict[str, list[Conversation]] = {}
    for document_id, conversation in db.session.execute(query):
        found.setdefault(document_id, []).append(conversation)
    return found


# ── the text ────────────────────────────────────────────────────────────────────────────────


AROUND: Final = 30


@dataclass(frozen=True)
class Stretch:
    """A passage with the text around it; `earlier` and `later` are positions from where to go on, if any."""

    before: str
    passage: str
    after: str
    earlier: int | None
    later: int | None


def stretch(document: Document, position: int) -> Stretch:
    """Return the text around a passage: what neighbours share stands in it once."""
    rows = db.session.scalars(
        select(Passage)
        .where(Passage.document_id == document.id)
        .where(Passage.position.between(position - AROUND, position + AROUND))
        .order_by(Passage.position)
    ).all()
    middle = next((row for row in rows if row.position == position), None)
    if middle is None:
        return Stretch("", "", "", None, None)
    earlier = [row for row in rows if row.position < position]
    later = [row for row in rows if row.position > position]
    return Stretch(
        before=_joined(earlier, earlier[0].start_at if earlier else 0, middle.start_at),
        passage=middle.text,
        after=_joined(later, middle.end_at, later[-1].end_at if later else 0),
        earlier=position - AROUND if position > AROUND else None,
        later=position + AROUND if position + AROUND + 1 < document.passage_count else None,
    )


def _joined(rows: Sequence[Any], start: int, end: int) -> str:
    """Return the text of passages, or of rows like them, from one place of the document to another."""
    parts: list[str] = []
    for row in rows:
        if row.start_at > start:
            parts.append("\n")  # between two pages
            start = row.start_at
        parts.append(row.text[start - row.start_at : end - row.start_at])
        start = max(start, min(row.end_at, end))
    if start < end:
        parts.append("\n")
    return "".join(parts)


def whole_text(document_id: str) -> str:
    """Return all of a document's text: what neighbouring passages share stands in it once."""
    query = (
        select(Passage.start_at, Passage.end_at, Passage.text)
        .where(Passage.document_id == document_id)
        .order_by(Passage.position)
    )
    rows: list[Any] = list(db.session.execute(query))
    return _joined(rows, 0, rows[-1].end_at) if rows else ""


# ── for good ────────────────────────────────────────────────────────────────────────────────


def purge_deleted() -> int:
    """Remove for good what was deleted long enough ago; returns how many."""
    return erase(Document.deleted_at < utc_now() - KEPT_AFTER_DELETE)


def erase(which: ColumnElement[bool]) -> int:
    """Delete the documents for which `which` is true, some passages at a time; returns how many."""
    erased = 0
    while (row_id := db.session.scalar(select(Document.id).where(which).limit(1))) is not None:
        erase_passages(row_id)
        gone = delete(Document).where(Document.id == row_id)
        transaction(lambda gone=gone: db.session.execute(gone))  # type: ignore[misc]
        erased += 1
    db.session.commit()  # nothing was written
    return erased


def erase_passages(document_id: str) -> None:
    """Delete a document's passages, some in each transaction."""
    some = select(Passage.id).where(Passage.document_id == document_id).limit(PASSAGES_PER_STEP)

    def step() -> int:
        ids = list(db.session.scalars(some))
        db.session.execute(
            delete(Passage).where(Passage.id.in_(ids)).execution_options(synchronize_session=False)
        )
        return len(ids)

    while transaction(step):
        hub.sleep(PAUSE_SECONDS)


def chars_of(user_id: int) -> int:
    """Return how much text a person's documents hold together, deleted ones too."""
    return (
        db.session.scalar(
            select(func.coalesce(func.sum(Document.char_count), 0)).where(
                Document.user_id == user_id
            )
        )
        or 0
    )
