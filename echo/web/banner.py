"""The administrators' notice: shown until this browser has put it away. Knows no page."""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

from flask import request

COOKIE: Final = "echo_banner"
"""Set by static/js/banner.js: the mark of the notice that was put away."""


class Banner(NamedTuple):
    """A notice; another text has another mark, so it is shown again."""

    text: str
    mark: str


def of(text: str) -> Banner | None:
    """Return the notice to show on this request's page, if there is one."""
    mark = hashlib.sha256(text.encode()).hexdigest()[:16]
    if not text or request.cookies.get(COOKIE) == mark:
        return None
    return Banner(text, mark)
