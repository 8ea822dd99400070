"""What `/api` and `/v1` are, told to programs (OpenAPI) and to people (a page). Asks nothing."""

from __future__ import annotations

from echo.api.description import pages

blueprint = pages.blueprint

__all__ = ["blueprint"]
