"""People's pictures, served by their id. Knows no way to make one."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, request

from echo.services.accounts import pictures

blueprint = Blueprint("pictures", __name__)

KEPT_SECONDS: Final = 365 * 24 * 3600


@blueprint.get("/pictures/<picture_id>")
def show(picture_id: str) -> Response:
    """Return a picture as WebP. A new picture has a new id, so browsers keep each for good."""
    picture = pictures.find(picture_id)
    response = Response(picture.content, mimetype="image/webp")
    response.headers["Content-Disposition"] = 'inline; filename="picture.webp"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = f"private, max-age={KEPT_SECONDS}, immutable"
    response.set_etag(picture.id)
    response.make_conditional(request)
    return response
