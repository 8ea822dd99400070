"""Dates in headers that no calendar has are no dates: werkzeug lets Python's OverflowError through."""

from __future__ import annotations

from typing import Final

from flask import Flask, request
from werkzeug.http import parse_date

HEADERS: Final = (
    "HTTP_DATE",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_IF_RANGE",
    "HTTP_IF_UNMODIFIED_SINCE",
)


def init_app(app: Flask) -> None:
    """Blank such dates before anybody reads them."""
    app.before_request(_blank_endless_dates)


def _blank_endless_dates() -> None:
    for name in HEADERS:
        try:
            parse_date(request.environ.get(name))
        except OverflowError:
            request.environ[name] = (
                ""  # not left out: an If-Range must still keep a range from being sent
            )
