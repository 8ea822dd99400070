"""Bars that do not stand on a time line: ranks with names, and a histogram. Knows no measure's name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from analytics import words
from analytics.charts import scales
from analytics.charts.sheet import Sheet
from analytics.style import TEXT_POINTS

MOST: Final = 10  # so many lines can be read at a figure's height
THICK: Final = 0.68
SLIM: Final = 5  # fewer lines than these do not grow thicker


def ranks(
    names: Sequence[str], values: Sequence[float], notes: Sequence[str], sheet: Sheet,
    highest: float = 0.0,
) -> Figure:  # fmt: skip
    """Return a bar for each of the first ten, the first at the top, each with its note at its end.

    `highest` is where the scale ends (100 for per cent), the greatest value where it is 0.
    """
    if not names or not any(value == value for value in values):
        return sheet.blank()
    figure, axes = sheet.open()
    shown = range(min(len(names), MOST))
    lengths = [values[place] if values[place] == values[place] else 0.0 for place in shown]
    axes.barh(list(shown), lengths, THICK, color=sheet.look.mark, linewidth=0)
    axes.set_yticks(list(shown), [sheet.name(names[place]) for place in shown])
    axes.set_ylim(max(len(shown), SLIM) - 0.5, -0.5)
    axes.set_xlim(0, (highest or max(lengths) or 1) * 1.02)
    axes.xaxis.set_major_locator(NullLocator())
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="y", labelcolor=sheet.look.text)
    sheet.head(axes)
    for place in shown:
        _note(axes, place, lengths[place], notes[place], sheet)
    return figure


def _note(axes: Axes, place: int, length: float, note: str, sheet: Sheet) -> None:
    axes.annotate(
        words.clipped(note, 40), (length, place), (5, 0), textcoords="offset points", ha="left",
        va="center", color=sheet.look.text, fontsize=TEXT_POINTS - 0.5,
    )  # fmt: skip


def histogram(bins: Sequence[str], counts: Sequence[int], across: str, sheet: Sheet) -> Figure:
    """Return a bar for each bin, side by side, with its count above."""
    if not any(counts):
        return sheet.blank()
    figure, axes = sheet.open()
    places = list(range(len(bins)))
    axes.bar(places, counts, 0.92, color=sheet.look.mark, linewidth=0)
    axes.set_xlim(
        -0.5 - max(0, SLIM - len(bins)) / 2, len(bins) - 0.5 + max(0, SLIM - len(bins)) / 2
    )
    axes.set_xticks(places, list(bins))
    axes.set_xlabel(across, color=sheet.look.faint, fontsize=TEXT_POINTS)
    if sheet.size == "narrow" and len(bins) > SLIM:
        axes.tick_params(axis="x", labelsize=TEXT_POINTS - 2.5)
    sheet.head(axes)
    scales.scale_numbers(axes, max(counts))
    for place, count in zip(places, counts, strict=True):
        if count:
            axes.annotate(
                words.short(count), (place, count), (0, 3), textcoords="offset points",
                ha="center", color=sheet.look.text, fontsize=TEXT_POINTS - 0.5,
            )  # fmt: skip
    return figure
