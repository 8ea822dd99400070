"""Ranges of days out of an address: presets, two own days, a month. Knows no chart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from echo.admin.filters import EARLIEST
from echo.clock import utc_now
from echo.errors import InvalidInput
from echo.languages import format_date, gettext, mark

PRESETS: Final = {
    "7": mark("7 days"),
    "30": mark("30 days"),
    "90": mark("90 days"),
    "365": mark("Year"),
}
USUAL: Final = "30"
USUAL_DAYS: Final = 30
LONGEST_DAYS: Final = 3660


@dataclass(frozen=True)
class DayRange:
    """Days from `first` to `last`, both included; `preset` names the one it came from."""

    first: date
    last: date
    preset: str | None = None

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def address(self) -> dict[str, str]:
        """The arguments that give this range again."""
        return {"from": self.first.isoformat(), "to": self.last.isoformat()}


def in_words(days: DayRange) -> str:
    """Return a range as its reader writes it, such as "1 Mar 2026 to 30 Mar 2026"."""
    # Translators: how CLDR writes the pattern of a day with its year
    first, last = (format_date(day, gettext("d MMM yyyy")) for day in (days.first, days.last))
    return first if days.days == 1 else gettext("%(first)s to %(last)s", first=first, last=last)


def preset(zone: ZoneInfo, name: str = USUAL) -> DayRange:
    """Return the viewer's last `name` days, today included; raises InvalidInput for no preset."""
    if name not in PRESETS:
        raise InvalidInput(gettext("Choose one of the ranges that are offered."), field="days")
    today = _today(zone)
    return DayRange(today - timedelta(days=int(name) - 1), today, name)


def read(args: MultiDict[str, str], zone: ZoneInfo) -> DayRange:
    """Return the range that an address asks for, else the usual one.

    Raises:
        InvalidInput: no date, reversed, longer than ten years, too long ago or still to come.
    """
    if not args.get("from") and not args.get("to"):
        return preset(zone, args.get("days", USUAL))
    wanted = DayRange(_day(args, "from"), _day(args, "to"))
    if wanted.last < wanted.first:
        raise InvalidInput(
            gettext("The range ends before it begins. Swap the two days."), field="to"
        )
    if wanted.first < EARLIEST:
        said = gettext("Choose a first day from %(day)s on.", day=EARLIEST)
        raise InvalidInput(said, field="from")
    if wanted.last > utc_now().date() + timedelta(days=1):  # it is tomorrow already in the far east
        raise InvalidInput(
            gettext("The range ends in the future. Choose today at the latest."), field="to"
        )
    if wanted.days > LONGEST_DAYS:
        raise InvalidInput(gettext("Choose a range of ten years at most."), field="from")
    return wanted


def month(name: str, zone: ZoneInfo) -> DayRange:
    """Return a month by its name, such as 2026-10; raises InvalidInput for none and for one to come."""
    try:
        first = datetime.strptime(name, "%Y-%m").date()
    except ValueError:
        raise InvalidInput(gettext("Name the month like 2026-10."), field="month") from None
    if not EARLIEST <= first <= _today(zone):
        raise InvalidInput(gettext("Choose a month that has begun."), field="month")
    return DayRange(first, _next_month(first) - timedelta(days=1))


def past_months(zone: ZoneInfo, count: int = 12) -> list[date]:
    """Return the first days of this month and those before it, newest first."""
    found = [_today(zone).replace(day=1)]
    while len(found) < count:
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return found


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _today(zone: ZoneInfo) -> date:
    return utc_now().astimezone(zone).date()


def _day(args: MultiDict[str, str], name: str) -> date:
    value = args.get(name, "").strip()
    if not value:
        raise InvalidInput(gettext("Enter both days of the range."), field=name)
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise InvalidInput(
            gettext("Enter days as YYYY-MM-DD, like 2026-03-31."), field=name
        ) from None
