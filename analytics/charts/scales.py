"""The scales of axes: few, short tick labels for days and numbers. Knows no data beyond its limits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final, Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import MONTHLY, AutoDateLocator, num2date
from matplotlib.ticker import (
    FixedLocator,
    Formatter,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullLocator,
)

from analytics import words
from analytics.language import short_day, short_month
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
    "percent": lambda value: words.percent(round(value) / 100),
    "ms": lambda value: words.duration(value) if value else "0",
    "stars": words.short,
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
    locator = AutoDateLocator(minticks=most // 2, maxticks=most)
    locator.intervald[MONTHLY] = [1, 2, 3, 6, 12]
    ticks = places if len(places) <= most else _within(locator, places[0], places[-1])
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(_Days())


class _Days(Formatter):
    """Names days as short as they can be told apart, and the year beside them where none of them says it."""

    def __init__(self) -> None:
        self._beside = ""

    def __call__(self, value: float, _place: int | None = None) -> str:
        return self.format_ticks([value])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Return the names of all ticks."""
        days = [num2date(value).date() for value in values]
        self._beside = ""
        if len(days) == 1:
            return [f"{short_day(days[0])}\n{days[0].year}"]
        if len({(each.month, each.day) for each in days}) == 1:
            return [str(each.year) for each in days]
        whole_months = len({each.day for each in days}) == 1
        if days and not (whole_months and any(each.month == 1 for each in days)):
            self._beside = str(days[-1].year)
        return [_month_or_year(each) if whole_months else short_day(each) for each in days]

    def get_offset(self) -> str:
        """Return what stands beside the axis."""
        return self._beside


def _month_or_year(first: date) -> str:
    return str(first.year) if first.month == 1 else short_month(first)


def _within(locator: AutoDateLocator, first: int, last: int) -> list[float]:
    """Return where round parts of time begin, none of them outside of the data."""
    values = locator.tick_values(num2date(first), num2date(last))
    return [value for value in values if first <= value <= last]
