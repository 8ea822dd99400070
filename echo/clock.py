"""The one clock: every time that Echo stores or compares comes from here, so that tests can set it.

It does not know time zones; all times are aware and UTC.
"""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)


def iso(moment: datetime | None) -> str | None:
    """Return `moment` as ISO 8601 with a trailing Z; a naive value (SQLite's) is read as UTC."""
    if moment is None:
        return None
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
