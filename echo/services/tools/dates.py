"""Days as people write them in English, and as Echo writes them. Knows no question and no clock."""

from __future__ import annotations

import re
from datetime import date, timedelta
from string import capwords
from typing import Final, Literal

MONTHS: Final = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
WEEKDAYS: Final = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip
FEASTS: Final = {
    "christmas": (12, 25), "christmas day": (12, 25), "christmas eve": (12, 24),
    "new year's eve": (12, 31), "new year's day": (1, 1), "new year": (1, 1), "new year's": (1, 1),
    "halloween": (10, 31), "valentine's day": (2, 14),
}  # fmt: skip
RELATIVE: Final = {"today": 0, "now": 0, "tomorrow": 1, "yesterday": -1}
FIRST_YEAR: Final = 1753
"""From here on the calendar is ours in most countries."""
MONTH: Final = "|".join(f"{name}|{name[:3]}" for name in MONTHS) + "|sept"
DAY: Final = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
YEAR: Final = r"(?:,? (?P<year>\d{4}))?"
FORMS: Final = tuple(
    re.compile(form)
    for form in (
        r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})",
        r"(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4})",
        rf"(?:the )?{DAY} (?:of )?(?P<name>{MONTH})\.?{YEAR}",
        rf"(?P<name>{MONTH})\.? (?:the )?{DAY}{YEAR}",
    )
)
SLASHED: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
Near = Literal["next", "last", "this year"]


def read(text: str, today: date, near: Near) -> date | None:
    """Return a day; without a year it is the next, the last or this year's. None: it is doubtful, or none."""
    if text in RELATIVE:
        return today + timedelta(days=RELATIVE[text])
    if text in FEASTS:
        month, day = FEASTS[text]
        return _without_year(month, day, today, near)
    if slashed := SLASHED.fullmatch(text):
        return _slashed(*(int(part) for part in slashed.groups()))
    found = next((match for form in FORMS if (match := form.fullmatch(text))), None)
    if found is None:
        return None
    parts = found.groupdict()
    name, year = parts.get("name"), parts.get("year")
    month = int(parts["month"]) if name is None else _month(name)
    if year is None:
        return _without_year(month, int(parts["day"]), today, near)
    return _day(int(year), month, int(parts["day"]))


def written(day: date) -> str:
    """Return a day as 29 November 2026."""
    return f"{day.day} {MONTHS[day.month - 1].capitalize()} {day.year}"


def named(text: str, day: date) -> str:
    """Return a day by the name that it was given, where it has one of its own."""
    return capwords(text) if text in FEASTS else written(day)


def weekday(day: date) -> str:
    return WEEKDAYS[day.weekday()]


def _month(name: str) -> int:
    return next(number for number, month in enumerate(MONTHS, 1) if month[:3] == name[:3])


def _day(year: int, month: int, day: int) -> date | None:
    if year < FIRST_YEAR:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _slashed(first: int, second: int, year: int) -> date | None:
    """Return a day that is one in only one of the two orders; 3/4 is March to some and April to others."""
    found = {_day(year, first, second), _day(year, second, first)} - {None}
    return found.pop() if len(found) == 1 else None


def _without_year(month: int, day: int, today: date, near: Near) -> date | None:
    this = _day(today.year, month, day)
    if this is None or near == "this year":
        return this
    if near == "next":
        return this if this >= today else _day(today.year + 1, month, day)
    return this if this <= today else _day(today.year - 1, month, day)
