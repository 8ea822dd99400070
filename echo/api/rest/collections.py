"""`/api/collections`: sets of one's documents, and what others share with one's role. Knows services."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from flask import Blueprint
from flask_login import current_user
from pydantic import Field

from echo.api.bodies import Body, Text
from echo.api.operations import operation
from echo.api.rest import document_shapes, shapes
from echo.api.rest.asking import Id, require_proof
from echo.errors import InvalidInput
from echo.limits import COLLECTION_NAME_CHARS, DOCUMENTS_PER_COLLECTION
from echo.models import Collection, RoleName
from echo.services.documents import collections, usable

blueprint = Blueprint("api_collections", __name__, url_prefix="/api/collections")

Name = Annotated[Text, Field(min_length=1, max_length=COLLECTION_NAME_CHARS)]


class NewCollection(Body):
    """What a new collection is called, and what lies in it."""

    name: Name
    document_ids: list[Id] = Field(default_factory=list, max_length=DOCUMENTS_PER_COLLECTION)


class CollectionChange(Body):
    """What is to be otherwise."""

    name: Name | None = None
    add_document_ids: list[Id] = Field(
        default_factory=list,
        max_length=DOCUMENTS_PER_COLLECTION,
        description="what is put into it; what lies in it stays",
    )


class Sharing(Body):
    """From which role on people use it."""

    least_role: shapes.Role | None = Field(description="null: nobody but its owner")


def _told(row: Collection) -> dict[str, Any]:
    return collections.all_wire([row], current_user.id)[0]


@blueprint.get("")
@operation(shapes.Page[document_shapes.Collection])
def index() -> dict[str, Any]:
    """List what one may use: one's own, then what is shared with one's role."""
    rows = usable.all_of(current_user.id)
    return {"data": collections.all_wire(rows, current_user.id), "next": None}


@blueprint.post("")
@operation(document_shapes.Collection, body=NewCollection, status=HTTPStatus.CREATED)
def create(body: NewCollection) -> dict[str, Any]:
    """Make a collection of documents of one's own."""
    return _told(collections.create(current_user.id, body.name, body.document_ids))


@blueprint.get("/<collection_id>")
@operation(document_shapes.Collection)
def get(collection_id: str) -> dict[str, Any]:
    """Get one that one may use."""
    return _told(usable.one(current_user.id, collection_id))


@blueprint.patch("/<collection_id>")
@operation(document_shapes.Collection, body=CollectionChange)
def change(collection_id: str, body: CollectionChange) -> dict[str, Any]:
    """Give one of one's own another name, or put documents of one's own into it."""
    if not body.model_fields_set:
        raise InvalidInput("Name what to change: name or add_document_ids.")
    name, add = body.name, body.add_document_ids
    return _told(collections.change(current_user.id, collection_id, name=name, add=add))


@blueprint.delete("/<collection_id>")
@operation(None)
def remove(collection_id: str) -> None:
    """Delete it; its documents stay. For seven days it can be restored."""
    collections.remove(current_user.id, collection_id)


@blueprint.post("/<collection_id>/restore")
@operation(document_shapes.Collection)
def restore(collection_id: str) -> dict[str, Any]:
    """Undo a deletion."""
    return _told(collections.restore(current_user.id, collection_id))


@blueprint.put("/<collection_id>/documents/<document_id>")
@operation(document_shapes.Collection)
def put(collection_id: str, document_id: str) -> dict[str, Any]:
    """Put a document of one's own into it."""
    return _told(collections.change(current_user.id, collection_id, add=[document_id]))


@blueprint.delete("/<collection_id>/documents/<document_id>")
@operation(None)
def take_out(collection_id: str, document_id: str) -> None:
    """Take a document out of it; the document stays."""
    collections.take_out(current_user.id, collection_id, document_id)


@blueprint.put("/<collection_id>/sharing")
@operation(document_shapes.Collection, body=Sharing)
def share(collection_id: str, body: Sharing) -> dict[str, Any]:
    """Let everybody of a role and stronger ones use one of one's own, or nobody else any more."""
    require_proof()
    role = None if body.least_role is None else RoleName(body.least_role)
    return _told(collections.share(current_user, collection_id, role))
