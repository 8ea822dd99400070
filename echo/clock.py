"""The one clock: every time that Echo stores or compares comes from here, so that tests can set it.

It knows no one zone; all times are aware and UTC.
"""

from datetime import UTC, date, datetime, time, tzinfo


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
