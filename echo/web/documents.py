"""The page of one's documents, and the text of one, at a passage. Knows services only."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask_login import current_user

from echo.limits import DOCUMENTS_PER_PERSON
from echo.services.documents import meaning, shelf

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
    """Show what was read, around the passage that `at` names, or from the beginning."""
    row = shelf.own(current_user.id, document_id)
    at = request.args.get("at", "")
    marked = at.isascii() and at.isdigit() and len(at) <= POSITION_DIGITS
    stretch = shelf.stretch(row, int(at) if marked else 0)
    return render_template("document.html", row=row, stretch=stretch, marked=marked)
