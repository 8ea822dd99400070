"""Whose pages may open a socket: Echo's own, by the address that people use. Knows no events."""

from __future__ import annotations

from typing import Any

from echo.config import Settings


class OwnOrigins:
    """Asked by Socket.IO for each request that names an origin."""

    def __init__(self, settings: Settings) -> None:
        self._public = settings.public_url.lower()

    def __call__(self, origin: str | None, environ: dict[str, Any]) -> bool:
        """Tell whether a page of this origin is Echo's: by `ECHO_PUBLIC_URL`, or by the address asked for."""
        if not origin:
            return False
        asked_for = f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}"
        return origin.lower() in {asked_for.lower(), self._public}
