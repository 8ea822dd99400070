"""The scales of axes: few, short tick labels for days and numbers. Knows no data beyond its limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Final, Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from analytics import words
from analytics.span import Step
from analytics.style import Size

Form = Literal["count", "percent", "ms", "rate", "stars"]

DAYS_OF: Final[dict[Step, int]] = {"day": 1, "week": 7, "month": 30}
NAMED: Final[dict[Size, int]] = {"wide": 10, "narrow": 5}  # so many dates have room
HEADROOM: Final = 1.12
FAR: Final = 12  # beyond so many times the median, a linear scale shows nothing but the outlier
ROUND: Final = {  # milliseconds of a unit: how many of it make a round step
    1.0: (1, 2, 5, 10, 20, 50, 100, 200, 500),
    1e3: (1, 2, 5, 10, 15, 30),
    6e4: (1, 2, 5, 10, 15, 30),
    3.6e6: (1, 2, 4, 8, 24, 48, 120, 240, 1000, 10_000),
}
FAR_DURATIONS: Final = (1, 10, 100, 1e3, 1e4, 6e4, 6e5, 3.6e6, 3.6e7)  # round ones, in ms
ALONE: Final = 8  # so many times the second highest, one bar is cut
ABOVE_OTHERS: Final = 1.5  # where a scale ends that cuts it: so many times the second highest
FEWEST_TO_CUT: Final = 4
EPOCH: Final = date(1970, 1, 1)
FORMS: Final[dict[Form, Callable[[float], str]]] = {
    "count": words.short,
    "rate": words.short,
    "percent": lambda value: f"{value:.0f} %",
    "ms": lambda value: words.duration(value) if value else "0",
    "stars": lambda value: f"{value:.0f}",
}


def places_of(days: pd.DatetimeIndex) -> list[int]:
    """Return matplotlib's own measure of dates: whole days since 1970."""
    return [(day - pd.Timestamp(EPOCH)).days for day in days]


def end_of(heights: Sequence[float]) -> float:
    """Return where a scale of counts ends: the highest; below it where one alone dwarfs the others.

    The one that is cut is then drawn to the edge, with its number (Sheet.write_above).
    """
    known = sorted(height for height in heights if height > 0)
    if len(known) > FEWEST_TO_CUT and known[-1] > ALONE * known[-2]:
        return known[-2] * ABOVE_OTHERS
    return known[-1] if known else 0.0


def scale_numbers(axes: Axes, highest: float, form: Form = "count") -> None:
    """Begin at 0, leave room for numbers above, name at most five heights; counts in whole numbers."""
    least = 4 if form == "count" else 1
    axes.set_ylim(0, max(highest * HEADROOM, least))
    if form == "ms":
        axes.yaxis.set_major_locator(FixedLocator(duration_ticks(highest)))
    else:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=form in ("count", "stars")))
    _name_numbers(axes, form)


def duration_ticks(highest: float) -> list[float]:
    """Return at most five round durations, in milliseconds, from 0 to the highest."""
    steps = [unit * each for unit, rounds in ROUND.items() for each in rounds]
    fitting = [step for step in steps if highest / step <= 4.5]
    step = fitting[0] if fitting else highest
    return [step * place for place in range(int(highest * HEADROOM / step) + 1)]


def scale_percent(axes: Axes) -> None:
    """From 0 to 100 %."""
    axes.set_ylim(0, 100)
    axes.yaxis.set_major_locator(FixedLocator([0, 25, 50, 75, 100]))
    _name_numbers(axes, "percent")


def scale_far(axes: Axes, low: float, high: float, form: Form) -> None:
    """Use a logarithmic scale, for numbers of which a few are far above the others."""
    axes.set_yscale("log")
    axes.set_ylim(max(low, 1e-3) / 1.3, high * 1.3)
    ticks = [tick for tick in FAR_DURATIONS if low / 1.3 <= tick <= high * 1.3]
    if form == "ms" and len(ticks) > 1:
        axes.yaxis.set_major_locator(FixedLocator(ticks))
    else:
        axes.yaxis.set_major_locator(LogLocator(numticks=6))
    axes.yaxis.set_minor_locator(NullLocator())
    _name_numbers(axes, form)


def is_far(values: Sequence[float]) -> bool:
    """Return whether the highest of these positive values dwarfs the others."""
    known = sorted(value for value in values if value > 0)
    return len(known) > 2 and known[-1] > FAR * known[len(known) // 2]


def _name_numbers(axes: Axes, form: Form) -> None:
    named = FORMS[form]
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: named(value)))


def scale_days(
    axes: Axes, days: pd.DatetimeIndex, step: Step, size: Size, line: bool = False
) -> None:
    """Name a few of the days; a few bars stay slim in the middle, a line takes the whole width."""
    places, most = places_of(days), NAMED[size]
    spare = 0 if line and len(places) > 1 else max(0, most - len(places)) / 2
    room = DAYS_OF[step] * (spare + (0.5 if line else 1))
    axes.set_xlim(places[0] - room, places[-1] + room)
    ticks = day_ticks(days[0].date(), days[-1].date(), step, most)
    axes.set_xticks([(day - EPOCH).days for day, _label in ticks], [text for _day, text in ticks])


def day_ticks(first: date, last: date, step: Step, most: int) -> list[tuple[date, str]]:
    """Return at most `most` days with their labels; the year stands where it begins or changes."""
    for unit, every in _strides(step):
        days = list(_marks(first, last, unit, every, most))
        if len(days) <= most:
            break
    labels, year = [], 0
    for day in days:
        label = _label(day, unit)
        labels.append(label if day.year == year or unit == "year" else f"{label}\n{day.year}")
        year = day.year
    return list(zip(days, labels, strict=True))


def _strides(step: Step) -> Iterator[tuple[str, int]]:
    if step == "day":
        yield from (("day", 1), ("day", 2))
    if step != "month":
        yield from (("week", 1), ("week", 2), ("week", 3))
    yield from (("month", 1), ("month", 2), ("month", 3), ("month", 6))
    yield from (("year", every) for every in (1, 2, 5, 10, 25, 100, 1000))


def _marks(first: date, last: date, unit: str, every: int, most: int) -> Iterator[date]:
    """Yield the days that a stride falls on, up to one more than there is room for."""
    day, found = _begin(first, unit, every), 0
    while day <= last and found <= most:
        if day >= first:
            found += 1
            yield day
        day = _next(day, unit, every)


def _begin(first: date, unit: str, every: int) -> date:
    if unit == "day":
        return first
    if unit == "week":
        return first + timedelta(days=-first.weekday() % 7)
    if unit == "month":
        return date(first.year, (first.month - 1) // every * every + 1, 1)
    return date(max(first.year // every * every, 1), 1, 1)


def _next(day: date, unit: str, every: int) -> date:
    if unit in ("day", "week"):
        return day + timedelta(days=every * (7 if unit == "week" else 1))
    months = day.month - 1 + every * (12 if unit == "year" else 1)
    return date(min(day.year + months // 12, date.max.year), months % 12 + 1, 1)


def _label(day: date, unit: str) -> str:
    if unit == "year":
        return f"{day.year}"
    return f"{day:%b}" if unit == "month" else f"{day:%b} {day.day}"
