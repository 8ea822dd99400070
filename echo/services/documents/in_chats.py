"""What a chat's questions are looked up in: its documents, and those of its collections and its folder's.

Knows no search and no turn; which collections count is asked of `usable.py` each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, or_, select

from echo.errors import InvalidInput
from echo.extensions import db
from echo.languages import gettext
from echo.limits import COLLECTIONS_PER_CHAT
from echo.models import (
    Collection,
    CollectionDocument,
    Conversation,
    ConversationCollection,
    Document,
    Folder,
    FolderCollection,
)
from echo.services.chats import together
from echo.services.documents import shelf, usable
from echo.services.documents.prompt import Source


@dataclass(frozen=True)
class Added:
    """What is put into a chat with a question."""

    documents: Sequence[Document] = ()
    collections: Sequence[Collection] = ()


NOTHING: Final = Added()


def wanted(user_id: int, documents: Iterable[str], collections: Iterable[str]) -> Added:
    """Return what these ids name.

    Raises:
        NotFound: a document that is not the person's, a collection that they may not use.
        InvalidInput: more than a chat has.
    """
    return Added(shelf.wanted(user_id, documents), checked(user_id, collections))


def checked(user_id: int, collection_ids: Iterable[str]) -> list[Collection]:
    """Return the collections of these ids; raises NotFound, or InvalidInput for more than a chat has."""
    rows = usable.some(user_id, collection_ids)
    _refuse_too_many(len(rows))
    return rows


def _refuse_too_many(count: int) -> None:
    if count > COLLECTIONS_PER_CHAT:
        raise InvalidInput(
            gettext("A chat has at most %(most)s collections.", most=COLLECTIONS_PER_CHAT),
            field="collection_ids",
        )


def link(conversation: Conversation, added: Added) -> None:
    """Put something into a conversation, inside of the caller's transaction; what is in it stays."""
    shelf.link(conversation.id, added.documents)
    if not added.collections:
        return
    present = [row.id for row in of_conversation(conversation)]
    new = [row for row in added.collections if row.id not in present]
    _refuse_too_many(len(present) + len(new))
    for row in new:
        db.session.merge(
            ConversationCollection(conversation_id=conversation.id, collection_id=row.id)
        )


def of_conversation(conversation: Conversation) -> list[Collection]:
    """Return a conversation's collections, by name; what its owner may not use now is left out."""
    return _usable(conversation.user_id, _of_chat(conversation.id))


def of_its_folder(conversation: Conversation) -> list[Collection]:
    """Return the collections of the folder that a conversation lies in, as `of_conversation`."""
    if conversation.folder_id is None:
        return []
    return _usable(conversation.user_id, _of_folder(conversation.folder_id))


def _usable(user_id: int, which: Any) -> list[Collection]:
    query = select(Collection).where(which, usable.may_use(user_id))
    return list(db.session.scalars(query.order_by(Collection.name, Collection.id)))


def _of_chat(conversation_id: str) -> Any:
    here = ConversationCollection.conversation_id == conversation_id
    return Collection.id.in_(select(ConversationCollection.collection_id).where(here))


def _of_folder(folder_id: str | None) -> Any:
    here = FolderCollection.folder_id == folder_id
    return Collection.id.in_(select(FolderCollection.collection_id).where(here))


def ids_of_conversations(user_id: int, conversation_ids: Iterable[str]) -> dict[str, list[str]]:
    """Return, by conversation, the ids of the collections that a person's conversations use."""
    return _ids(user_id, ConversationCollection, "conversation_id", conversation_ids)


def ids_of_folders(user_id: int, folder_ids: Iterable[str]) -> dict[str, list[str]]:
    """Return, by folder, the ids of the collections that a person's folders use."""
    return _ids(user_id, FolderCollection, "folder_id", folder_ids)


def _ids(user_id: int, table: Any, owner: str, ids: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {each: [] for each in ids}
    if not found:
        return found
    query = (
        select(getattr(table, owner), Collection.id)
        .join(Collection, Collection.id == table.collection_id)
        .where(getattr(table, owner).in_(found), usable.may_use(user_id))
        .order_by(Collection.name, Collection.id)
    )
    for owner_id, collection_id in db.session.execute(query):
        found[owner_id].append(collection_id)
    return found


def use(owner: Conversation | Folder, rows: Sequence[Collection]) -> None:
    """Let a conversation, or all of a folder's, use these (`checked`) alone, in the caller's transaction.

    What its owner may not use at this moment is not theirs to take out: it may be shared, or restored, again.
    """
    is_chat = isinstance(owner, Conversation)
    table: Any = ConversationCollection if is_chat else FolderCollection
    column = "conversation_id" if is_chat else "folder_id"
    theirs = select(Collection.id).where(usable.may_use(owner.user_id))
    here = getattr(table, column) == owner.id
    db.session.execute(delete(table).where(here, table.collection_id.in_(theirs)))
    for row in rows:
        db.session.merge(table(**{column: owner.id}, collection_id=row.id))


def attached(conversation: Conversation, added: Added) -> list[Document]:
    """Return the documents that are in a conversation itself, and those that are to be."""
    return [*shelf.of_conversation(conversation.id), *added.documents]


def wire_for(row: Document, reader: int) -> dict[str, Any]:
    """Return it as told to somebody in its chat: of another's, not what is said of it and in it."""
    told = shelf.wire(row)
    return told if row.user_id == reader else told | {"picture": None, "description": ""}


def shown(
    conversation: Conversation, asker: int, sources: list[Source] | None
) -> list[Source] | None:
    """Return the sources of an answer that the model may read on: where others see it, what is attached.

    Others may have come, or the asker may have gone, since they were chosen.
    """
    if not sources or together.is_alone(conversation, asker):
        return sources
    here = together.attached(conversation.id)
    return [one for one in sources if one["document_id"] in here]


def looked_in(conversation: Conversation, added: Added, asker: int | None = None) -> list[Document]:
    """Return the documents in which the next question is looked up, each once; `asker` None: its owner.

    They are its own, those that are to be, and what lies now in the collections that its owner may use now.
    Where others are in the chat, collections are not looked in: what will lie in them was shown to nobody.
    """
    is_alone = together.is_alone(conversation, asker or conversation.user_id)
    found = _collected(conversation, added) if is_alone else ()
    return list({row.id: row for row in (*attached(conversation, added), *found)}.values())


def _collected(conversation: Conversation, added: Added) -> Iterable[Document]:
    chosen = [row.id for row in added.collections]
    query = (
        select(Document)
        .join(CollectionDocument, CollectionDocument.document_id == Document.id)
        .join(Collection, Collection.id == CollectionDocument.collection_id)
        .where(
            or_(
                _of_chat(conversation.id),
                _of_folder(conversation.folder_id),
                Collection.id.in_(chosen),
            ),
            usable.may_use(conversation.user_id),
            Document.deleted_at.is_(None),
        )
        .order_by(CollectionDocument.added_at, Document.id)
    )
    return db.session.scalars(query)
