"""The one clock: every time that Echo stores or compares comes from here, so that tests can set it.

All times are aware and UTC; zones, by the names that browsers give them, are for what people see.
"""

from datetime import UTC, date, datetime, time, tzinfo
from typing import Final
from urllib.parse import unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

ZONE_COOKIE: Final = "tz"
"""The cookie in which the pages' script notes the viewer's zone."""
ZONE_NAME_CHARS: Final = 100


def utc_now() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)


def midnight(day: date, zone: tzinfo = UTC) -> datetime:
    """Return the moment, in UTC, at which a day begins by the clocks of a zone."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def iso(moment: datetime | None) -> str | None:
    """Return `moment` as ISO 8601 with a trailing Z; a naive value (SQLite's) is read as UTC."""
    if moment is None:
        return None
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def zone_named(name: str | None) -> ZoneInfo:
    """Return the zone of this name, such as "Europe/Berlin"; UTC for no name and for a wrong one.

    The name may be quoted as in a cookie: "Europe%2FBerlin".
    """
    if name is None or len(name) > ZONE_NAME_CHARS:
        return ZoneInfo("UTC")
    try:
        return ZoneInfo(unquote(name) or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
