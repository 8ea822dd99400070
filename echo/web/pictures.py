"""How browsers get pictures of accounts and personas. Knows neither."""

from __future__ import annotations

from typing import Final

from flask import request
from werkzeug.wrappers import Response

KEPT_SECONDS: Final = 365 * 24 * 3600


def shown(picture_id: str, content: bytes) -> Response:
    """Answer with a picture. Another picture has another id, so browsers keep each for good."""
    response = Response(content, mimetype="image/webp")
    response.headers["Content-Disposition"] = 'inline; filename="picture.webp"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = f"private, max-age={KEPT_SECONDS}, immutable"
    response.set_etag(picture_id)
    response.make_conditional(request)
    return response
