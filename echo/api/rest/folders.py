"""`/api/folders`: one's own, listed in their order, made, changed, deleted, restored. Knows services."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Literal

from flask import Blueprint
from flask_login import current_user
from pydantic import Field

from echo.api.bodies import Body, Query, Text
from echo.api.operations import operation
from echo.api.rest import shapes
from echo.api.rest.asking import CollectionIds, used_collections
from echo.errors import InvalidInput
from echo.limits import FOLDER_NAME_CHARS, FOLDERS_MAX, SYSTEM_PROMPT_CHARS
from echo.models import Folder
from echo.services.chats import folders, wire
from echo.services.documents import in_chats

blueprint = Blueprint("api_folders", __name__, url_prefix="/api/folders")

Name = Annotated[Text, Field(min_length=1, max_length=FOLDER_NAME_CHARS)]
Prompt = Annotated[Text, Field(max_length=SYSTEM_PROMPT_CHARS)]


class NewFolder(Body):
    """What a new folder is called, and what its conversations begin with."""

    name: Name
    system_prompt: Prompt = ""
    collection_ids: CollectionIds = Field(default_factory=list)


class FolderChange(Body):
    """What is to be otherwise: all of it or nothing."""

    name: Name | None = None
    system_prompt: Prompt | None = None
    collection_ids: CollectionIds | None = Field(None, description="all that it uses then")
    position: int | None = Field(
        None, ge=0, lt=FOLDERS_MAX, description="its place in the order, from 0"
    )


class Removal(Query):
    """What becomes of the conversations that lie in it."""

    conversations: Literal["keep", "delete"] = "keep"


def _told(row: Folder) -> dict[str, Any]:
    return _all_told([row])[0]


def _all_told(rows: list[Folder]) -> list[dict[str, Any]]:
    used = in_chats.ids_of_folders(current_user.id, [row.id for row in rows])
    return [wire.folder(row) | {"collection_ids": used[row.id]} for row in rows]


@blueprint.get("")
@operation(shapes.Page[shapes.Folder])
def index() -> dict[str, Any]:
    """List one's folders, in their order."""
    return {"data": _all_told(folders.of(current_user.id)), "next": None}


@blueprint.post("")
@operation(shapes.Folder, body=NewFolder, status=HTTPStatus.CREATED)
def create(body: NewFolder) -> dict[str, Any]:
    """Make a folder, after those there are."""
    used = used_collections(body.collection_ids or None)
    return _told(folders.create(current_user.id, body.name, body.system_prompt, used))


@blueprint.patch("/<folder_id>")
@operation(shapes.Folder, body=FolderChange)
def change(folder_id: str, body: FolderChange) -> dict[str, Any]:
    """Rename it, move it up or down, or give it another system prompt."""
    wanted = body.model_dump(exclude_none=True)
    if not wanted:
        raise InvalidInput("Name what to change: name, system_prompt, collection_ids or position.")
    used = used_collections(wanted.pop("collection_ids", None))
    return _told(folders.change(current_user.id, folder_id, **wanted, also=used))


@blueprint.delete("/<folder_id>")
@operation(None, query=Removal)
def remove(folder_id: str, query: Removal) -> None:
    """Delete it; its conversations are kept, unless they shall go too. For seven days it can be restored."""
    folders.remove(current_user.id, folder_id, query.conversations == "delete")


@blueprint.post("/<folder_id>/restore")
@operation(shapes.Folder)
def restore(folder_id: str) -> dict[str, Any]:
    """Undo a deletion, with the conversations that lay in it."""
    return _told(folders.restore(current_user.id, folder_id))
