"""Time zones by the names that browsers give them. Knows no request."""

from __future__ import annotations

from urllib.parse import unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

COOKIE = "tz"
"""The cookie in which the pages' script notes the viewer's zone."""


def named(name: str | None) -> ZoneInfo:
    """Return the zone of this name, such as "Europe/Berlin"; UTC for no name and for a wrong one.

    The name may be quoted as in a cookie: "Europe%2FBerlin".
    """
    try:
        return ZoneInfo(unquote(name or "UTC"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
