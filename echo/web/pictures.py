"""Pictures of accounts and personas: forms that carry one, and how browsers get them. Knows neither."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, request
from werkzeug.wrappers import Response

from echo.limits import PICTURE_REQUEST_BYTES

KEPT_SECONDS: Final = 365 * 24 * 3600


def take_with(blueprint: Blueprint, *endpoints: str) -> None:
    """Take larger bodies at these endpoints than elsewhere."""

    @blueprint.url_value_preprocessor
    def allow(endpoint: str | None, _values: Any) -> None:
        """It must run before the CSRF check reads the form."""
        if endpoint in endpoints:
            request.max_content_length = PICTURE_REQUEST_BYTES


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
