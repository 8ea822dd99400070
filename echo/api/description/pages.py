"""`/api/openapi.json` and `/api/docs`: the same document for programs and for people. Knows no operation."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template

from echo.api.description import document, reading

blueprint = Blueprint("api_description", __name__, url_prefix="/api")

KEPT = "openapi"


@blueprint.get("/openapi.json")
def openapi() -> Response:
    return jsonify(_document())


@blueprint.get("/docs")
def docs() -> str:
    """Show the document as a page."""
    return render_template("api_docs.html", rooms=reading.rooms(_document()))


def _document() -> dict[str, Any]:
    """Return the document, made when it is first asked for: routes do not change while Echo runs."""
    kept: dict[str, Any] = current_app.extensions
    if KEPT not in kept:
        kept[KEPT] = document.document(current_app)
    found: dict[str, Any] = kept[KEPT]
    return found
