"""The page of one's documents, and the text of one, at a passage. Knows services only."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask_login import current_user

from echo.limits import DOCUMENTS_PER_PERSON
from echo.services.documents import meaning, shelf, usable
from echo.services.documents.shelf import Stretch

blueprint = Blueprint("documents", __name__, url_prefix="/documents")

POSITION_DIGITS = 7


@blueprint.get("")
def index() -> str:
    rows, following = shelf.page(current_user.id, request.args.get("after"))
    return render_template(
        "documents.html",
        rows=rows,
        chats=shelf.chats_of(rows),
        following=following,
        most=DOCUMENTS_PER_PERSON,
        by_meaning=meaning.model_folder() is not None,
    )


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
    return render_template(
        "document.html", row=row, stretch=stretch, marked=marked, own=row.user_id == current_user.id
    )
