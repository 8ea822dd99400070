"""The page of one's documents and collections, and the text of a document at a passage. Knows services."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_login import current_user
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from echo import hub
from echo.errors import EchoError, InvalidInput
from echo.extensions import take_bodies_of
from echo.languages import gettext, ngettext, number
from echo.limits import (
    COLLECTION_NAME_CHARS,
    DESCRIPTION_CHARS,
    DOCUMENT_BYTES,
    DOCUMENT_REQUEST_BYTES,
    DOCUMENTS_PER_PERSON,
    DOCUMENTS_WAITING,
)
from echo.models import Collection, Document
from echo.policies import FROM_ROLE_ON, Right, allows
from echo.services.documents import collections, meaning, reading, refusals, shelf, usable
from echo.services.documents.shelf import Stretch
from echo.web import replies

blueprint = Blueprint("documents", __name__, url_prefix="/documents")

POSITION_DIGITS = 7
TOLD_CHARS = 60


@blueprint.get("")
def index() -> str:
    rows, following = shelf.page(current_user.id, request.args.get("after"))
    return render_template(
        "documents.html",
        rows=rows,
        chats=shelf.chats_of(rows),
        following=following,
        refusal=refusals.said,
        most=DOCUMENTS_PER_PERSON,
        most_bytes=DOCUMENT_BYTES,
        description_chars=DESCRIPTION_CHARS,
        by_meaning=meaning.model_folder() is not None,
        **_collections(),
    )


@blueprint.url_value_preprocessor
def _allow_documents(endpoint: str | None, _values: Any) -> None:
    """Take larger bodies here than elsewhere; must run before the CSRF check reads the form."""
    if endpoint == "documents.add":
        take_bodies_of(DOCUMENT_REQUEST_BYTES)


@blueprint.post("")
def add() -> Response:
    """Take files in, and put them into one of one's collections where one is named."""
    files = [file for file in request.files.getlist("file") if file.filename]
    if not files:
        raise InvalidInput(gettext("Choose a file."), field="file")
    if len(files) > DOCUMENTS_WAITING:
        most = number(DOCUMENTS_WAITING)
        words = gettext("Choose at most %(most)s files at a time.", most=most)
        raise InvalidInput(words, field="file")
    collection_id = request.form.get("collection_id") or None
    if collection_id is not None:
        collections.own(current_user.id, collection_id)
    ids = [row.id for row in map(_taken, files) if row is not None]
    if collection_id is not None and ids:
        collections.change(current_user.id, collection_id, add=ids)
    url = url_for("documents.index")
    if not ids:
        return replies.go(url)
    return replies.done(
        ngettext("%(num)s file is being read.", "%(num)s files are being read.", len(ids)), url
    )


def _taken(file: FileStorage) -> Document | None:
    """Take a file in; a page without script is told of each that is refused, the others come."""
    name = str(file.filename)
    hub.sleep()  # others have their turn
    try:
        with closing(file):
            return reading.add(current_user.id, name, file.save)
    except EchoError as refusal:
        if replies.wants_json():
            raise
        short = name[:TOLD_CHARS]  # browsers keep no cookie above 4 kB
        flash(
            gettext("“%(name)s” was not attached: %(why)s", name=short, why=refusal.text), "error"
        )
        return None


def _collections() -> dict[str, Any]:
    """Return what the page shows of one's own collections and of those that others share."""
    rows = usable.all_of(current_user.id)
    own = [row for row in rows if row.user_id == current_user.id]
    documents = collections.documents_of([row.id for row in rows])
    return {
        "collections": own,
        "shared": rows[len(own) :],
        "documents_of": documents,
        "lies_in": _lies_in(own, documents),
        "name_chars": COLLECTION_NAME_CHARS,
        "may_share": allows(current_user.role_name, Right.SHARING),
        "roles": {role.value: gettext(words) for role, words in FROM_ROLE_ON.items()},
    }


def _lies_in(
    rows: Sequence[Collection], documents: dict[str, list[Document]]
) -> dict[str, list[Collection]]:
    """Return, by document, the collections that it lies in."""
    found: dict[str, list[Collection]] = {}
    for row in rows:
        for document in documents[row.id]:
            found.setdefault(document.id, []).append(row)
    return found


@blueprint.get("/<document_id>")
def text(document_id: str) -> str:
    """Show what was read, around the passage that `at` names, or from the beginning.

    Of what others share only a passage that an `answer` of one's own cites is shown.
    """
    at = request.args.get("at", "")
    marked = at.isascii() and at.isdigit() and len(at) <= POSITION_DIGITS
    position = int(at) if marked else 0
    answer = request.args.get("answer")
    if answer is None or shelf.is_own(current_user.id, document_id):
        row = shelf.own(current_user.id, document_id)
        stretch = shelf.stretch(row, position)
    else:
        row, passage = usable.cited(current_user.id, document_id, position, answer)
        stretch = Stretch("", passage, "", None, None)
    own = row.user_id == current_user.id
    return render_template(
        "document.html",
        row=row,
        refusal=row.error and refusals.said(row.error),
        stretch=stretch,
        marked=marked,
        own=own,
    )
