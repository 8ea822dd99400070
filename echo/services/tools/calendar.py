"""Questions about the time, a day, and the days between two: in the zone of the moment that is given.

Knows no clock of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from echo.services.tools import asked, dates

DAYS_MOST: Final = 1_000_000
IS: Final = r"(?:'s| is)"
NOW: Final = r"(?: (?:right )?now| at the moment| currently)?"
TIME: Final = re.compile(
    rf"what time is it{NOW}|what time it is{NOW}|what{IS} the (?:current |exact )?time{NOW}|the time is what"
)
THIS_DAY: Final = re.compile(
    rf"(?:what|which) (?:day|date|weekday|day of the week|year|month) (?:is it|is){NOW}(?: today)?"
    rf"|(?:what|which) (?:day|date) is (?P<tomorrow>tomorrow)"
    rf"|(?:what|which) (?:day|date) was (?:it )?(?P<yesterday>yesterday)"
    rf"|what{IS} (?:today's date|the date(?: of)?(?: today)?|the current (?:date|day|year|month)|today)"
    rf"|what{IS} (?:tomorrow's date|the date tomorrow)(?P<after>)"
    r"|today's date"
)
WEEKDAY: Final = re.compile(
    r"(?:on )?(?:what|which) (?:day of the week|weekday|day) (?:is|was|will|does|did) (?:it be )?(?:on )?"
    r"(?P<day>.+?)(?: be| fall)?(?: on)?"
)
UNTIL: Final = re.compile(
    r"how many (?P<unit>days|weeks) (?:are there |are left |are |is it |remain |left )?"
    r"(?:until|till|to|before) (?P<end>.+)"
)
SINCE: Final = re.compile(
    r"how many (?P<unit>days|weeks) (?:has it been |have passed |is it |are there )?since (?P<begin>.+)"
)
BETWEEN: Final = re.compile(
    r"(?:how many (?P<unit>days|weeks) (?:are there |are |is it |lie |passed )?|number of days )"
    r"(?:between (?P<first>.+) and|from (?P<from>.+?) (?:until|till|to)) (?P<last>.+)"
)
LATER: Final = re.compile(
    r"(?:what|which) (?:date|day|weekday)(?: of the week)? (?:is it|will it be|is|was it|was) "
    r"(?:in (?P<in>\d{1,7}) (?P<in_unit>days?|weeks?)"
    r"|(?P<count>\d{1,7}) (?P<unit>days?|weeks?) (?P<way>ago|from|after|before)(?: (?P<day>.+))?)"
)


@dataclass(frozen=True)
class Looked:
    """What was looked up, and what it is."""

    asked: str
    result: str


def compute(question: str, now: datetime) -> Looked | None:
    """Return the answer to a question about time or days; None for any other.

    `now` is aware, in the zone of whoever asks.
    """
    core = asked.core(question)
    if core is None:
        return None
    text = core.lower().rstrip("!")
    for pattern, answer in RULES:
        if match := pattern.fullmatch(text):
            try:
                found = answer(match, now)
            except OverflowError:  # past the year 9999
                return None
            if found is not None:
                return found
    return None


def look(now: datetime, day: str, until: str | None, later: int | None) -> Looked | None:
    """Return the time of today, the weekday of a day, the days until another, or a day some days later.

    Days are written as people do; None where one is no day that is known, or does not come.
    """
    text = day.lower().strip()
    begin = dates.read(text, now.date(), "next")
    end = dates.read(until.lower().strip(), now.date(), "next") if until is not None else None
    if begin is None or (until is not None and end is None) or abs(later or 0) > DAYS_MOST:
        return None
    if end is not None:
        first, last = sorted((begin, end))
        return _span("", first, last, "days")
    if later is None:
        return _now(now) if text in ("now", "today") else _weekday_of(begin)
    try:
        return _moved(begin, abs(later), "days", later < 0)
    except OverflowError:
        return None


def _time(_match: re.Match[str], now: datetime) -> Looked:
    return _now(now)


def _now(now: datetime) -> Looked:
    moment = f"{now:%H:%M} on {dates.weekday(now.date())}, {dates.written(now.date())}"
    return Looked("the time", f"{moment} ({_zone(now)})")


def _this_day(match: re.Match[str], now: datetime) -> Looked:
    name = "today"
    if match["tomorrow"] or match["after"] is not None:
        name = "tomorrow"
    elif match["yesterday"]:
        name = "yesterday"
    day = now.date() + timedelta(days=dates.RELATIVE[name])
    return Looked(f"the date {name}", f"{_full(day)} ({_zone(now)})")


def _weekday(match: re.Match[str], now: datetime) -> Looked | None:
    day = dates.read(match["day"], now.date(), "this year")
    return _weekday_of(day) if day is not None else None


def _weekday_of(day: date) -> Looked:
    return Looked(f"the weekday of {dates.written(day)}", dates.weekday(day))


def _until(match: re.Match[str], now: datetime) -> Looked | None:
    end = dates.read(match["end"], now.date(), "next")
    if end is None:
        return None
    return _span(f"until {dates.named(match['end'], end)}", now.date(), end, match["unit"])


def _since(match: re.Match[str], now: datetime) -> Looked | None:
    begin = dates.read(match["begin"], now.date(), "last")
    if begin is None:
        return None
    return _span(f"since {dates.named(match['begin'], begin)}", begin, now.date(), match["unit"])


def _between(match: re.Match[str], now: datetime) -> Looked | None:
    first = dates.read(match["first"] or match["from"], now.date(), "this year")
    last = dates.read(match["last"], now.date(), "this year")
    if first is None or last is None:
        return None
    return _span("", first, last, match["unit"] or "days")


def _span(which: str, first: date, last: date, unit: str) -> Looked | None:
    """Return how far the second day is from the first; None where it comes before it."""
    days = (last - first).days
    if days < 0:
        return None
    told = _counted(days, "day")
    if unit == "weeks":
        told = " and ".join((_counted(days // 7, "week"), _counted(days % 7, "day")))
    span = f"from {dates.written(first)} to {dates.written(last)}"
    return Looked(f"the {unit} {which or span}", f"{told} ({span})" if which else told)


def _later(match: re.Match[str], now: datetime) -> Looked | None:
    count, unit = int(match["in"] or match["count"]), match["in_unit"] or match["unit"]
    days = count * (7 if unit.startswith("week") else 1)
    way, told = match["way"] or "from", match["day"]
    if days > DAYS_MOST or (told is None) != (way == "ago" or match["in"] is not None):
        return None
    begin = dates.read(told, now.date(), "this year") if told else now.date()
    if begin is None:
        return None
    return _moved(begin, count, unit, way in ("ago", "before"))


def _moved(begin: date, count: int, unit: str, is_back: bool) -> Looked:
    days = count * (7 if unit.startswith("week") else 1)
    day = begin + timedelta(days=-days if is_back else days)
    where = "before" if is_back else "after"
    unit = unit.removesuffix("s")
    return Looked(f"the date {_counted(count, unit)} {where} {dates.written(begin)}", _full(day))


def _full(day: date) -> str:
    return f"{dates.weekday(day)}, {dates.written(day)}"


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def _zone(now: datetime) -> str:
    return getattr(now.tzinfo, "key", None) or now.tzname() or "UTC"


Answer = Callable[[re.Match[str], datetime], Looked | None]
RULES: Final[tuple[tuple[re.Pattern[str], Answer], ...]] = (
    (TIME, _time),
    (THIS_DAY, _this_day),
    (LATER, _later),
    (UNTIL, _until),
    (SINCE, _since),
    (BETWEEN, _between),
    (WEEKDAY, _weekday),
)
