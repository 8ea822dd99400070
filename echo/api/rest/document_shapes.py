"""What answers about documents, collections of them and their passages look like. Knows no routes."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from echo.api.rest.shapes import Role


class PictureSize(BaseModel):
    """How large what is kept of a picture is, in pixels."""

    width: int
    height: int


class Document(BaseModel):
    """A document of one's own; its text is found by search, the file itself is not kept."""

    id: str
    name: str
    kind: str = Field(description="what it turned out to be; empty until it is read")
    status: Literal["waiting", "reading", "ready", "failed"]
    error: str | None = Field(description="why it failed, in words")
    size_bytes: int
    pages: int | None = Field(description="null where the format has no pages")
    characters: int
    picture: PictureSize | None = Field(description="null for what is no picture, or not read yet")
    description: str = Field(description="what its owner says that a picture shows")
    created_at: str


class Documents(BaseModel):
    """The documents of a conversation."""

    data: list[Document]


class DocumentName(BaseModel):
    """A document in a collection."""

    id: str
    name: str


class Collection(BaseModel):
    """Documents that chats use together."""

    id: str
    name: str
    own: bool = Field(description="whether one may change it; others are shared with one's role")
    least_role: Role | None = Field(description="from which role on it is used; null: not shared")
    documents: list[DocumentName]
    created_at: str
    updated_at: str


class PassageFound(BaseModel):
    """A stretch of a document."""

    document_id: str
    name: str
    page: int | None = None
    heading: str = ""
    position: int = Field(description="the how many-th passage of its document, from 0")
    text: str
    score: float = Field(description="the sum of 1 / (60 + rank) over the rankings it stands in")


class Passages(BaseModel):
    """What was found, the best first."""

    passages: list[PassageFound]
    by: list[Literal["words", "meaning"]] = Field(description="what was compared")
