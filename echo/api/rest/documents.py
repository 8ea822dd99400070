"""`/api/documents`: one's own, taken in, listed, removed, brought back, searched. Knows services."""

from __future__ import annotations

from contextlib import closing
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from flask import Blueprint, Response, request
from flask_login import current_user
from pydantic import BaseModel, Field, WithJsonSchema

from echo.api.bodies import Body, Query, Text
from echo.api.operations import operation
from echo.api.rest import document_shapes, shapes
from echo.api.rest.asking import ID_CHARS, After
from echo.errors import InvalidInput
from echo.extensions import take_bodies_of
from echo.limits import (
    DESCRIPTION_CHARS,
    DOCUMENT_REQUEST_BYTES,
    MESSAGE_CHARS,
    PASSAGES_FOUND,
)
from echo.services.chats import conversations
from echo.services.documents import pictures, reading, search, shelf

blueprint = Blueprint("api_documents", __name__, url_prefix="/api/documents")

USUALLY_FOUND = 5
PICTURE_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Content-Disposition": 'inline; filename="picture.webp"',
    "Cache-Control": "private, max-age=3600, immutable",
    "Vary": "Cookie, Authorization",
}


class Upload(BaseModel):
    """A file; with a conversation, it is looked in for each question that is asked there."""

    file: Annotated[bytes, WithJsonSchema({"type": "string", "format": "binary"})]
    conversation_id: str = Field("", max_length=ID_CHARS)


class Wanted(Body):
    """What to look for."""

    query: Text = Field(min_length=1, max_length=MESSAGE_CHARS)
    limit: int = Field(USUALLY_FOUND, ge=1, le=PASSAGES_FOUND)


class Described(Body):
    """What a picture shows."""

    description: Text = Field(max_length=DESCRIPTION_CHARS)


class HowLarge(Query):
    """The whole picture, or a small one."""

    size: Literal["full", "preview"] = "full"


@blueprint.url_value_preprocessor
def _allow_documents(endpoint: str | None, _values: Any) -> None:
    """Take larger bodies here than elsewhere; must run before the CSRF check reads the form."""
    if endpoint == "api_documents.upload":
        take_bodies_of(DOCUMENT_REQUEST_BYTES)


@blueprint.post("")
@operation(document_shapes.Document, form=Upload, status=HTTPStatus.CREATED)
def upload() -> dict[str, Any]:
    """Take a file in; it is ready, or failed with a reason, some seconds later."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise InvalidInput("Send a file, as multipart/form-data.", field="file")
    with closing(file):
        conversation_id = request.form.get("conversation_id") or None
        if conversation_id is not None:
            conversation_id = conversations.own(current_user.id, conversation_id).id
        return shelf.wire(reading.add(current_user.id, file.filename, file.save, conversation_id))


@blueprint.get("")
@operation(shapes.Page[document_shapes.Document], query=After)
def listing(query: After) -> dict[str, Any]:
    """List one's documents, the newest first."""
    rows, following = shelf.page(current_user.id, query.after)
    return {"data": [shelf.wire(row) for row in rows], "next": following}


@blueprint.get("/<document_id>")
@operation(document_shapes.Document)
def get(document_id: str) -> dict[str, Any]:
    """Get one document."""
    return shelf.wire(shelf.own(current_user.id, document_id))


@blueprint.patch("/<document_id>")
@operation(document_shapes.Document, body=Described)
def describe(document_id: str, body: Described) -> dict[str, Any]:
    """Say what a picture shows: that is found, and read by models."""
    return shelf.wire(pictures.describe(current_user.id, document_id, body.description))


@blueprint.get("/<document_id>/picture")
@operation(None, query=HowLarge, media=(pictures.MIME,))
def picture(document_id: str, query: HowLarge) -> Response:
    """Get what is kept of a picture."""
    content = pictures.own(current_user.id, document_id, query.size == "preview")
    return Response(content, mimetype=pictures.MIME, headers=PICTURE_HEADERS)


@blueprint.delete("/<document_id>")
@operation(None)
def remove(document_id: str) -> None:
    """Delete it; for seven days it can be restored."""
    shelf.remove(current_user.id, document_id)


@blueprint.post("/<document_id>/restore")
@operation(document_shapes.Document)
def restore(document_id: str) -> dict[str, Any]:
    """Undo a deletion."""
    return shelf.wire(shelf.restore(current_user.id, document_id))


@blueprint.post("/search", endpoint="search")
@operation(document_shapes.Passages, body=Wanted)
def find(body: Wanted) -> dict[str, Any]:
    """Find passages in all of one's documents."""
    result = search.search(current_user.id, body.query, body.limit)
    return {
        "passages": [one.wire() for one in result.found],
        "by": ["words", "meaning"] if result.by_meaning else ["words"],
    }
