"""Frames become figures. Knows neither how a figure is stored nor what theme is in use."""

from __future__ import annotations

from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analytics.measures import Step
from analytics.style import TEXT_POINTS, TITLE_POINTS, Look, Size, new_figure

DAYS_OF: Final[dict[Step, int]] = {"day": 1, "week": 7, "month": 30}
FILLED: Final = 0.72  # of a step's width is bar, the rest is gap
NUMBERED: Final[dict[Size, int]] = {"wide": 16, "narrow": 8}  # so few bars carry their number
NAMED: Final[dict[Size, int]] = {"wide": 10, "narrow": 5}  # so few bars carry their own date


def bars(
    counts: pd.Series[int],
    step: Step,
    look: Look,
    nothing: str,
    *,
    size: Size = "wide",
    title: str = "",
) -> Figure:
    """Return a bar for each step; with nothing to show, the sentence `nothing` instead."""
    figure, axes = new_figure(look, size)
    axes.set_title(title, loc="left", color=look.text, fontsize=TITLE_POINTS, pad=12)
    days = pd.DatetimeIndex(counts.index)
    places = [(day - pd.Timestamp(0)).days for day in days]  # matplotlib's own measure of dates
    heights = counts.to_list()
    drawn = axes.bar(places, heights, width=DAYS_OF[step] * FILLED, color=look.mark, linewidth=0)
    _scale_heights(axes, max(heights, default=0))
    _scale_days(axes, days, places, DAYS_OF[step], NAMED[size])
    if not any(heights):
        said = axes.text(0.5, 0.5, nothing, transform=axes.transAxes, ha="center")
        said.set(color=look.faint, fontsize=TEXT_POINTS + 1)
    elif len(heights) <= NUMBERED[size]:
        labels = [f"{height:,}" if height else "" for height in heights]
        axes.bar_label(drawn, labels, padding=3, color=look.text, fontsize=TEXT_POINTS)
    return figure


def _scale_heights(axes: Axes, highest: int) -> None:
    """Whole numbers only, and room for the numbers above the bars."""
    axes.set_ylim(0, max(highest * 1.12, 4))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:,.0f}"))


def _scale_days(
    axes: Axes, days: pd.DatetimeIndex, places: list[int], width: int, named: int
) -> None:
    """Dates as short as they can be; a few bars stay slim in the middle."""
    axes.xaxis_date()
    room = width * (1 + max(0, named - len(places)) / 2)
    axes.set_xlim(places[0] - room, places[-1] + room)
    if len(places) <= named:
        axes.set_xticks(places, [f"{day:%b} {day.day}" for day in days])
    else:
        locator = AutoDateLocator(minticks=3, maxticks=named)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(
            ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
        )
