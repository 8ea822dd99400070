"""Collections: named sets of a person's documents; which chats and folders look in them. Knows no search."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from echo.clock import utc_now
from echo.extensions import Base
from echo.limits import COLLECTION_NAME_CHARS
from echo.models.types import PublicId, UtcDateTime


class Collection(Base):
    """One set of one owner; with a `least_role` people of that role and stronger ones use it too.

    `deleted_at` marks it for removal: until then it can be restored.
    """

    __tablename__ = "collections"

    id: Mapped[PublicId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(COLLECTION_NAME_CHARS))
    least_role: Mapped[str | None] = mapped_column(String(20), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class CollectionDocument(Base):
    """A document that lies in a collection of the same owner."""

    __tablename__ = "collection_documents"

    collection_id: Mapped[str] = mapped_column(
        ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True
    )
    document_id: Mapped[str] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    added_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)


class ConversationCollection(Base):
    """A collection in which a conversation's questions are looked up, while its owner may use it."""

    __tablename__ = "conversation_collections"

    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    )
    collection_id: Mapped[str] = mapped_column(
        ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class FolderCollection(Base):
    """A collection that all conversations of a folder use."""

    __tablename__ = "folder_collections"

    folder_id: Mapped[str] = mapped_column(
        ForeignKey("folders.id", ondelete="CASCADE"), primary_key=True
    )
    collection_id: Mapped[str] = mapped_column(
        ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True, index=True
    )
