"""Lines over time: several, filled, a band of percentiles, a measure above its counts.

Gaps (NaN) stay gaps: a line never guesses what nobody measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from analytics import words
from analytics.charts import scales
from analytics.charts.boxes import FILLED, draw_boxes
from analytics.charts.scales import Form
from analytics.charts.sheet import Sheet
from analytics.language import gettext
from analytics.span import Step
from analytics.style import TEXT_POINTS

Lines = Sequence[tuple[str, "pd.Series[Any]", str]]  # name, values, colour
DASHES: Final = ("-", (0, (5, 2)), (0, (1.5, 1.5)))  # told apart without colours too
DOTTED: Final = 16  # so few points are dots on the line
WIDTH: Final = 2.0
RATIOS: Final = (3, 1)  # heights of a measure and of the counts below it
BAND: Final = 0.22  # how much of the colour a band has


def _single(values: Any) -> Any:
    """Return where a value stands between two gaps: without a dot it could not be seen."""
    known = np.isfinite(values)
    before, after = np.append(False, known[:-1]), np.append(known[1:], False)
    return known & ~before & ~after


def _draw_line(axes: Axes, days: pd.DatetimeIndex, values: pd.Series[Any], **style: Any) -> Line2D:
    heights = values.to_numpy(dtype=float)
    dots = np.isfinite(heights) if len(heights) <= DOTTED else _single(heights)
    (line,) = axes.plot(
        scales.places_of(days), heights, linewidth=WIDTH, marker="o", markersize=4,
        markevery=list(np.flatnonzero(dots)), solid_capstyle="round", **style,
    )  # fmt: skip
    return line


def _known(lines: Lines) -> list[float]:
    return [float(each) for _n, values, _c in lines for each in values if np.isfinite(each)]


def _set_height(axes: Axes, each: Lines, form: Form, sheet: Sheet) -> None:
    known = _known(each)
    if form == "percent":
        scales.scale_percent(axes)
    elif form in ("ms", "rate") and scales.is_far(known):
        scales.scale_far(axes, min(known), max(known), form)
        axes.set_ylabel(
            gettext("logarithmic scale"), color=sheet.look.faint, fontsize=TEXT_POINTS - 1
        )
    else:
        cut = max(scales.end_of(values.to_list()) for _name, values, _colour in each)
        scales.scale_numbers(axes, cut if form == "count" else max(known), form)


def _tell_cut(axes: Axes, each: Lines, step: Step, sheet: Sheet) -> None:
    """Write the number of what the scale's end cuts."""
    name, values, _colour = max(each, key=lambda one: float(one[1].max()))
    peak = float(values.max())
    if peak > axes.get_ylim()[1]:
        place = float(scales.places_of(pd.DatetimeIndex([values.idxmax()]))[0])
        sheet.write_above(axes, place, peak, f"{words.number(peak)} {name}", scales.DAYS_OF[step])


def lines(each: Lines, step: Step, sheet: Sheet, form: Form = "count") -> Figure:
    """Return a line for each series, with 0 at the bottom."""
    known = _known(each)
    if not any(known):
        return sheet.blank()
    figure, axes = sheet.open()
    days = pd.DatetimeIndex(each[0][1].index)
    marks = [
        _draw_line(axes, days, values, color=colour, linestyle=DASHES[place % len(DASHES)])
        for place, (_name, values, colour) in enumerate(each)
    ]
    sheet.head(axes, [name for name, _values, _colour in each], _legend_lines(marks))
    _set_height(axes, each, form, sheet)
    scales.scale_days(axes, days, step, sheet.size, line=True)
    _tell_cut(axes, each, step, sheet)
    return figure


def _legend_lines(marks: list[Line2D]) -> list[Line2D]:
    return [
        Line2D([], [], color=mark.get_color(), linestyle=mark.get_linestyle(), linewidth=WIDTH)
        for mark in marks
    ]


def area(values: pd.Series[Any], step: Step, sheet: Sheet) -> Figure:
    """Return a filled line, for what adds up; the last value is written at its end."""
    if not values.any():
        return sheet.blank()
    figure, axes = sheet.open()
    days = pd.DatetimeIndex(values.index)
    places = scales.places_of(days)
    look = sheet.look
    axes.fill_between(
        places, values.to_numpy(dtype=float), color=look.mark, alpha=BAND, linewidth=0
    )
    _draw_line(axes, days, values, color=look.mark)
    sheet.head(axes)
    scales.scale_numbers(axes, float(values.max()))
    scales.scale_days(axes, days, step, sheet.size, line=True)
    last = values.iloc[-1]
    axes.annotate(
        words.number(last), (places[-1], last), (0, 6), textcoords="offset points",
        ha="center" if len(values) < 4 else "right", color=look.text, fontsize=TEXT_POINTS,
    )  # fmt: skip
    return figure


def band(
    low: pd.Series[Any], high: pd.Series[Any], names: tuple[str, str], step: Step, sheet: Sheet,
    form: Form = "ms",
) -> Figure:  # fmt: skip
    """Return the band between two percentiles, with both as lines."""
    look, days = sheet.look, pd.DatetimeIndex(low.index)
    both: Lines = [(names[0], low, look.series[0]), (names[1], high, look.series[1])]
    known = _known(both)
    if not known:
        return sheet.blank()
    figure, axes = sheet.open()
    places = scales.places_of(days)
    axes.fill_between(
        places, low.to_numpy(dtype=float), high.to_numpy(dtype=float), color=look.series[1],
        alpha=BAND, linewidth=0,
    )  # fmt: skip
    marks = [
        _draw_line(axes, days, values, color=colour, linestyle=DASHES[place])
        for place, (_name, values, colour) in enumerate(both)
    ]
    sheet.head(axes, names, _legend_lines(marks))
    _set_height(axes, both, form, sheet)
    scales.scale_days(axes, days, step, sheet.size, line=True)
    return figure


def rated(
    values: pd.Series[Any], counts: pd.Series[Any], names: tuple[str, str], step: Step, sheet: Sheet,
    form: Form,
) -> Figure:  # fmt: skip
    """Return a measure over time (percent or stars) and below it how many it is made of."""
    if not counts.any():
        return sheet.blank()
    figure, above, below = sheet.open_two(RATIOS)
    look, days = sheet.look, pd.DatetimeIndex(values.index)
    line = _draw_line(above, days, values, color=look.series[0])
    places, width = scales.places_of(days), scales.DAYS_OF[step] * FILLED
    draw_boxes(below, places, 0, counts.to_numpy(dtype=float), width, color=look.series[1])
    marks = [*_legend_lines([line]), Patch(facecolor=look.series[1], linewidth=0)]
    sheet.head(above, names, marks)
    _scale_rated(above, below, counts, form)
    scales.scale_days(below, days, step, sheet.size)
    return figure


def _scale_rated(above: Axes, below: Axes, counts: pd.Series[Any], form: Form) -> None:
    if form == "stars":
        above.set_ylim(0.8, 5.2)
        above.set_yticks([1, 2, 3, 4, 5])
    else:
        scales.scale_percent(above)
        above.set_ylim(-4, 104)
    above.spines["bottom"].set_visible(False)
    above.tick_params(labelbottom=False)
    highest = int(counts.max())
    below.set_ylim(0, highest * 1.15)
    below.set_yticks([0, highest], ["0", words.short(highest)])
