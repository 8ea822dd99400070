"""`/api/conversations`: one's own, listed, made, changed, deleted, restored, taken along. Knows services."""

from __future__ import annotations

import os
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from flask import Blueprint, Response, request
from flask_login import current_user
from pydantic import Field, WithJsonSchema

from echo.api.bodies import Body, Query, Text
from echo.api.operations import operation
from echo.api.rest import document_shapes, shapes
from echo.api.rest.asking import ID_CHARS, After, CollectionIds, used_collections
from echo.api.rest.persona_shapes import numbers_schema
from echo.errors import InvalidInput, TooLong
from echo.extensions import take_bodies_of
from echo.limits import (
    IMPORT_BYTES,
    IMPORT_REQUEST_BYTES,
    MODEL_NAME_CHARS,
    SYSTEM_PROMPT_CHARS,
    TAG_CHARS,
    TAGS_PER_CHAT,
    TITLE_CHARS,
)
from echo.models import Conversation
from echo.services.chats import (
    conversations,
    export,
    message_pages,
    message_tree,
    shelves,
    wire,
)
from echo.services.chats.imports import apart, keeping
from echo.services.documents import in_chats, shelf
from echo.services.turns import Turns, beginnings

IMPORT_CHATS_TOLD: Final = 1_000

blueprint = Blueprint("api_conversations", __name__, url_prefix="/api/conversations")


def _settings_schema() -> dict[str, Any]:
    numbers = numbers_schema()
    texts = {
        "model": {"type": ["string", "null"], "minLength": 1, "maxLength": MODEL_NAME_CHARS},
        "system_prompt": {"type": ["string", "null"], "maxLength": SYSTEM_PROMPT_CHARS},
    }
    return {"type": "object", "properties": numbers | texts, "additionalProperties": False}


Title = Annotated[Text, Field(min_length=1, max_length=TITLE_CHARS)]
FolderId = Annotated[Text, Field(min_length=1, max_length=ID_CHARS)]
PersonaId = FolderId
Tag = Annotated[Text, Field(min_length=1, max_length=TAG_CHARS)]
Tags = Annotated[list[Tag], Field(max_length=TAGS_PER_CHAT)]
Settings = Annotated[dict[str, Any], WithJsonSchema(_settings_schema())]


class NewConversation(Body):
    """What a new conversation begins with; without a title it gets one from its first question."""

    title: Title | None = None
    folder_id: FolderId | None = None
    collection_ids: CollectionIds = Field(default_factory=list)
    persona_id: PersonaId | None = Field(None, description="its settings become the conversation's")
    settings: Settings | None = None


class ConversationChange(Body):
    """What is to be otherwise: all of it or nothing. A setting of null is the model's own again."""

    title: Title | None = None
    pinned: bool | None = None
    archived: bool | None = None
    folder_id: FolderId | None = Field(None, description="null: in no folder")
    tags: Tags | None = Field(None, description="all that it has then, without case")
    collection_ids: CollectionIds | None = Field(None, description="all that it uses then")
    settings: Settings | None = None


class ImportFile(Body):
    """ChatGPT's `conversations.json`, Open WebUI's export of chats, or Echo's own; as JSON or in a ZIP."""

    file: Annotated[bytes, WithJsonSchema({"type": "string", "format": "binary"})]


class ImportHow(Query):
    """Whether the chats are kept, or only told of."""

    preview: bool = Field(False, description="true: nothing is kept")


class OneDocument(Body):
    """Which document."""

    document_id: Text = Field(min_length=1, max_length=ID_CHARS)


class ExportAs(Query):
    """In which form."""

    format: Literal["json", "markdown"] = "json"


class Listed(After):
    """Which ones: those in the archive or the others, all or those of one folder or tag."""

    archived: bool = False
    folder_id: FolderId | None = None
    tag: Tag | None = None


def _told(row: Conversation) -> dict[str, Any]:
    return _all_told([row])[0]


def _all_told(rows: list[Conversation]) -> list[dict[str, Any]]:
    ids = [row.id for row in rows]
    live = Turns.here().everywhere.live_among(ids)
    used = in_chats.ids_of_conversations(current_user.id, ids)
    return [
        wire.conversation(row, row.id in live, current_user.id)
        | {"head_id": row.head_id, "collection_ids": used[row.id] if _is_own(row) else []}
        for row in rows
    ]


def _is_own(row: Conversation) -> bool:
    return bool(row.user_id == current_user.id)


@blueprint.get("")
@operation(shapes.Page[shapes.Conversation], query=Listed)
def listing(query: Listed) -> dict[str, Any]:
    """List one's conversations, the last used first; pinned ones all come with the first page.

    Those that others have invited one into stand among them: `together` says whose they are.
    """
    which = shelves.Shelf(query.archived, query.folder_id, tag=query.tag)
    rows, following = shelves.page(current_user.id, query.after, which)
    return {"data": _all_told(list(rows)), "next": following}


@blueprint.post("")
@operation(shapes.Conversation, body=NewConversation, status=HTTPStatus.CREATED)
def create(body: NewConversation) -> dict[str, Any]:
    """Make an empty conversation; POST /chat with its id asks in it."""
    used = used_collections(body.collection_ids or None)
    begins = beginnings.of(current_user.id, body.persona_id, body.settings)
    values = begins.settings, body.folder_id, begins.persona_id
    return _told(conversations.create(current_user.id, body.title, *values, also=used))


@blueprint.url_value_preprocessor
def _allow_imports(endpoint: str | None, _values: Any) -> None:
    """Take larger bodies here than elsewhere; must run before the CSRF check reads the form."""
    if endpoint == "api_conversations.import_file":
        take_bodies_of(IMPORT_REQUEST_BYTES)


@blueprint.post("/import")
@operation(shapes.Import, query=ImportHow, form=ImportFile)
def import_file(query: ImportHow) -> dict[str, Any]:
    """Bring chats along from elsewhere: all that can be read, each whole; the others with the reason."""
    uploaded = request.files.get("file")
    if uploaded is None or not uploaded.filename:
        raise InvalidInput("Choose a file.", field="file")
    if uploaded.seek(0, os.SEEK_END) > IMPORT_BYTES:
        raise TooLong(f"A file has at most {IMPORT_BYTES // 1_000_000} MB.", field="file")
    uploaded.seek(0)
    do = keeping.preview if query.preview else keeping.keep
    with apart.taken_apart(uploaded.stream) as found:
        report = do(current_user.id, found)
    return {
        "created": len(report.kept),
        "skipped": report.skipped,
        "chats": report.kept[:IMPORT_CHATS_TOLD],
    }


@blueprint.get("/<conversation_id>")
@operation(shapes.Conversation)
def get(conversation_id: str) -> dict[str, Any]:
    """Get one conversation, of one's own or one that one was invited into."""
    return _told(conversations.readable(current_user.id, conversation_id))


@blueprint.patch("/<conversation_id>")
@operation(shapes.Conversation, body=ConversationChange)
def change(conversation_id: str, body: ConversationChange) -> dict[str, Any]:
    """Rename, pin, archive, move, tag, or settle how it is answered."""
    given = {name: getattr(body, name) for name in body.model_fields_set}
    wanted = {name: value for name, value in given.items() if value is not None}
    if "folder_id" in given:
        wanted["folder_id"] = given["folder_id"] or ""
    if not wanted:
        raise InvalidInput(
            "Name what to change: title, pinned, archived, folder_id, tags, collection_ids or settings."
        )
    used = used_collections(wanted.pop("collection_ids", None))
    return _told(conversations.change(current_user.id, conversation_id, **wanted, also=used))


@blueprint.delete("/<conversation_id>")
@operation(None)
def remove(conversation_id: str) -> None:
    """Delete it; for seven days it can be restored."""
    conversations.remove(current_user.id, conversation_id)


@blueprint.post("/<conversation_id>/restore")
@operation(shapes.Conversation)
def restore(conversation_id: str) -> dict[str, Any]:
    """Undo a deletion."""
    return _told(conversations.restore(current_user.id, conversation_id))


@blueprint.get("/<conversation_id>/export")
@operation(shapes.Export, query=ExportAs, media=("text/markdown",))
def export_as(conversation_id: str, query: ExportAs) -> Response:
    """Take it along: every branch as JSON, or the one that is shown as Markdown."""
    row = conversations.readable(current_user.id, conversation_id)
    if query.format == "markdown":
        return Response(export.as_markdown(row, current_user.id), mimetype="text/markdown")
    return Response(export.as_json(row, current_user.id), mimetype="application/json")


@blueprint.get("/<conversation_id>/messages")
@operation(shapes.Page[shapes.ConversationMessage], query=After)
def messages(conversation_id: str, query: After) -> dict[str, Any]:
    """List its messages, of all branches, in the order in which they were made."""
    rows, following = message_pages.page(current_user.id, conversation_id, query.after)
    return {"data": wire.messages(rows, message_tree.siblings(rows)), "next": following}


@blueprint.get("/<conversation_id>/documents")
@operation(document_shapes.Documents)
def documents(conversation_id: str) -> dict[str, Any]:
    """List the documents in which its questions are looked up."""
    row = conversations.readable(current_user.id, conversation_id)
    return {
        "data": [in_chats.wire_for(each, current_user.id) for each in shelf.of_conversation(row.id)]
    }


@blueprint.post("/<conversation_id>/documents")
@operation(document_shapes.Documents, body=OneDocument)
def attach(conversation_id: str, body: OneDocument) -> dict[str, Any]:
    """Put a document of one's own into it."""
    row = conversations.own(current_user.id, conversation_id)
    shelf.attach(row.id, shelf.own(current_user.id, body.document_id))
    return {
        "data": [in_chats.wire_for(each, current_user.id) for each in shelf.of_conversation(row.id)]
    }


@blueprint.delete("/<conversation_id>/documents/<document_id>")
@operation(None)
def detach(conversation_id: str, document_id: str) -> None:
    """Take a document out of it; the document stays."""
    row = conversations.own(current_user.id, conversation_id)
    shelf.detach(row.id, shelf.own(current_user.id, document_id).id)
