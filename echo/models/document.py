"""Documents that people attach, cut into passages, and pictures among them. Knows no files and no search."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from echo.clock import utc_now
from echo.extensions import Base
from echo.limits import DOCUMENT_NAME_CHARS
from echo.models.types import BigId, PublicId, UtcDateTime


class DocumentStatus(StrEnum):
    """`waiting` and `reading` pass by themselves; a `failed` one says why."""

    WAITING = "waiting"
    READING = "reading"
    READY = "ready"
    FAILED = "failed"


class Document(Base):
    """One file of one owner: its text is kept in its passages, the file itself is not.

    A picture has a `width` and a `height` of what is kept of it (`DocumentPicture`); the `description` that
    its owner writes is its one passage.
    `deleted_at` marks it for removal: until then it can be restored. `node` names the process that reads it.
    """

    __tablename__ = "documents"
    __table_args__ = (Index("ix_documents_user_id_deleted_at", "user_id", "deleted_at"),)

    id: Mapped[PublicId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(DOCUMENT_NAME_CHARS))
    kind: Mapped[str] = mapped_column(String(10), default="")
    size_bytes: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(String(10), default=DocumentStatus.WAITING, index=True)
    error: Mapped[str | None] = mapped_column(String(300))
    page_count: Mapped[int | None] = mapped_column(Integer)
    char_count: Mapped[int] = mapped_column(Integer, default=0)
    passage_count: Mapped[int] = mapped_column(Integer, default=0)
    width: Mapped[int | None] = mapped_column(Integer)
    height: Mapped[int | None] = mapped_column(Integer)
    description: Mapped[str] = mapped_column(Text, default="", server_default="")
    node: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class DocumentPicture(Base):
    """What is kept of a picture: encoded anew, with nothing but its pixels."""

    __tablename__ = "document_pictures"

    document_id: Mapped[str] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    size_bytes: Mapped[int] = mapped_column(Integer)
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    preview: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class Passage(Base):
    """A stretch of a document, from `start_at` to `end_at` of its characters; neighbours overlap.

    `words` are the hashed terms of `echo/parsing/terms.py`, blanks between, on PostgreSQL with their places;
    SQLite's index of them is the table `passages_fts`, kept by triggers. `vector` holds 16-bit floats.
    """

    __tablename__ = "passages"
    __table_args__ = (
        UniqueConstraint("document_id", "position"),
        Index("ix_passages_words", "words", postgresql_using="gin").ddl_if(dialect="postgresql"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(Integer)
    page: Mapped[int | None] = mapped_column(Integer)
    start_at: Mapped[int] = mapped_column(Integer)
    end_at: Mapped[int] = mapped_column(Integer)
    heading: Mapped[str] = mapped_column(String(160), default="")
    text: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text().with_variant(TSVECTOR(), "postgresql"), deferred=True)
    vector: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)


class ConversationDocument(Base):
    """A document in whose passages the questions of a conversation are looked up."""

    __tablename__ = "conversation_documents"

    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    )
    document_id: Mapped[str] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    added_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
