"""Columns over time: single, stacked, and as parts of a hundred. Knows no themes beyond the look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from analytics import words
from analytics.charts import scales
from analytics.charts.boxes import FILLED, draw_boxes
from analytics.charts.sheet import Sheet
from analytics.span import Step
from analytics.style import Look, Size

NUMBERED: Final[dict[Size, int]] = {"wide": 16, "narrow": 7}  # so few bars carry their number
WRITTEN_OUT: Final[dict[Size, int]] = {"wide": 100_000, "narrow": 10_000}  # from here 12 k
EDGED: Final = 62  # so few columns have room for a thin line between their parts
Columns = Sequence[tuple[str, "pd.Series[Any]", str]]  # name, heights, colour


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
    return single(counts, step, Sheet(look, size, title, nothing))


def single(counts: pd.Series[int], step: Step, sheet: Sheet) -> Figure:
    """Return a bar for each step; with nothing to show, an empty scale and the sentence instead."""
    figure, axes = sheet.open()
    sheet.head(axes)
    days = pd.DatetimeIndex(counts.index)
    heights = counts.to_list()
    _draw_columns(axes, days, step, [("", counts, sheet.look.mark)], sheet.look)
    scales.scale_numbers(axes, scales.end_of(heights))
    scales.scale_days(axes, days, step, sheet.size)
    if any(heights):
        _number(axes, days, heights, sheet)
    else:
        sheet.say_nothing(axes)
    return figure


def _number(axes: Axes, days: pd.DatetimeIndex, heights: list[int], sheet: Sheet) -> None:
    """Write the number above each bar when they are few, else above the highest alone."""
    highest = max(heights)
    few = len(heights) <= NUMBERED[sheet.size]
    told = [each for each in zip(scales.places_of(days), heights, strict=True) if each[1]]
    if not few:
        told = [each for each in told if each[1] == highest][:1]
    for place, height in told:
        long = height >= WRITTEN_OUT[sheet.size]
        sheet.write_above(
            axes, place, height, words.short(height) if long else words.number(height)
        )


def _draw_columns(
    axes: Axes, days: pd.DatetimeIndex, step: Step, columns: Columns, look: Look
) -> list[Patch]:
    """Draw the columns upon each other; return a mark of each for the legend."""
    places = scales.places_of(days)
    below = np.zeros(len(places))
    edged = len(columns) > 1 and len(places) <= EDGED
    for _name, heights, colour in columns:
        above = below + heights.to_numpy(dtype=float)
        boxes = draw_boxes(axes, places, below, above, scales.DAYS_OF[step] * FILLED, color=colour)
        if edged:
            boxes.set(edgecolor=look.surface, linewidth=0.5)
        below = above
    return [Patch(facecolor=colour, linewidth=0) for _name, _heights, colour in columns]


def coloured(wide: pd.DataFrame, look: Look, others: str = "") -> Columns:
    """Return each column of the frame with a colour of the series; `others` is faint."""
    return [
        (str(name), wide[name], look.faint if name == others else look.series[place])
        for place, name in enumerate(wide)
    ]


def stacked(columns: Columns, step: Step, sheet: Sheet) -> Figure:
    """Return columns upon each other, one for each step, the first below."""
    total = _total(columns)
    if not columns or total.max() == 0:
        return sheet.blank()
    figure, axes = sheet.open()
    days = pd.DatetimeIndex(total.index)
    marks = _draw_columns(axes, days, step, columns, sheet.look)
    sheet.head(axes, [name for name, _heights, _colour in columns], marks)
    scales.scale_numbers(axes, scales.end_of(total.to_list()))
    scales.scale_days(axes, days, step, sheet.size)
    if len(total) <= NUMBERED[sheet.size] or scales.end_of(total.to_list()) < total.max():
        _number(axes, days, [int(height) for height in total], sheet)
    return figure


def shares(columns: Columns, step: Step, sheet: Sheet) -> Figure:
    """Return each step's parts of a hundred; steps without anything are gaps."""
    total = _total(columns)
    if not columns or total.max() == 0:
        return sheet.blank()
    figure, axes = sheet.open()
    parts = [
        (name, (heights / total.where(total > 0) * 100).fillna(0.0), colour)
        for name, heights, colour in columns
        if heights.sum() > 0
    ]
    days = pd.DatetimeIndex(total.index)
    marks = _draw_columns(axes, days, step, parts, sheet.look)
    named = [f"{name} {words.percent(_part(columns, name))}" for name, _h, _c in parts]
    sheet.head(axes, named, marks)
    scales.scale_percent(axes)
    scales.scale_days(axes, days, step, sheet.size)
    return figure


def _part(columns: Columns, name: str) -> float:
    sums = {each: float(heights.sum()) for each, heights, _colour in columns}
    return sums[name] / sum(sums.values())


def _total(columns: Columns) -> pd.Series[Any]:
    if not columns:
        return pd.Series(dtype="int64")
    return pd.concat([heights for _name, heights, _colour in columns], axis=1).sum(axis=1)
