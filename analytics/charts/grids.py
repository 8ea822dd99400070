"""Heat maps: a number for each cell of a grid, darker is more. Knows neither hours nor cohorts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.figure import Figure

from analytics import words
from analytics.charts.sheet import Sheet
from analytics.style import TEXT_POINTS, mixed, readable_on

LEAST: Final = 0.07  # how much of the mark's colour a cell with 0 has: it is there, it is not blank
WRITTEN: Final = {"wide": 26, "narrow": 9}  # so few columns leave room for the numbers
KEY_STEPS: Final = 5


@dataclass(frozen=True)
class Labels:
    """What stands beside a grid: every so manieth column and line is named, both axes have a name."""

    across: str
    down: str
    every_column: int = 1
    every_line: int = 1
    unit: str = ""


def heat(grid: pd.DataFrame, labels: Labels, sheet: Sheet, highest: float | None = None) -> Figure:
    """Return a coloured cell for each number; NaN stays blank. `highest` fixes the scale's end."""
    values = grid.to_numpy(dtype=float)
    if not values.size or not np.isfinite(values).any() or np.nanmax(values) <= 0:
        return sheet.blank()
    look = sheet.look
    figure, axes = sheet.open()
    ramp = LinearSegmentedColormap.from_list(
        "echo", [mixed(look.surface, look.mark, LEAST), look.mark]
    )
    top = highest or float(np.nanmax(values))
    seaborn.heatmap(
        grid, mask=grid.isna(), ax=axes, cmap=ramp, vmin=0, vmax=top, cbar=False,
        linewidths=0.8 if max(values.shape) <= 60 else 0, linecolor=look.surface,
        xticklabels=False, yticklabels=False,
    )  # fmt: skip
    sheet.head(axes)
    _name(axes, grid, labels, sheet)
    if values.shape[1] <= WRITTEN[sheet.size] and values.shape[0] <= 13:
        _write(axes, values, ramp, top, sheet)
    shown = f"{words.number(round(top))}{labels.unit}"
    _key(axes, ramp, f"≥ {shown}" if np.nanmax(values) > top else shown, labels, sheet)
    return figure


def _name(axes: Axes, grid: pd.DataFrame, labels: Labels, sheet: Sheet) -> None:
    columns = range(0, len(grid.columns), labels.every_column)
    lines = range(0, len(grid.index), labels.every_line)
    axes.set_xticks([place + 0.5 for place in columns], [str(grid.columns[p]) for p in columns])
    axes.set_yticks([place + 0.5 for place in lines], [str(grid.index[p]) for p in lines])
    axes.tick_params(colors=sheet.look.faint, labelsize=TEXT_POINTS - 1, length=0, pad=4)
    axes.tick_params(axis="y", rotation=0)
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    axes.set_xlabel(labels.across, loc="left", color=sheet.look.faint, fontsize=TEXT_POINTS - 1)
    axes.set_ylabel(labels.down, color=sheet.look.faint, fontsize=TEXT_POINTS - 1)


def _write(axes: Axes, values: Any, ramp: Any, top: float, sheet: Sheet) -> None:
    """Write each cell's number in the ink that reads best on it; 0 goes without saying."""
    for line, column in np.argwhere(np.isfinite(values) & (values > 0)):
        value = values[line, column]
        ink = readable_on(to_hex(ramp(value / top)), sheet.look)
        axes.text(
            column + 0.5, line + 0.5, f"{value:.0f}" if value < 1000 else f"{value / 1000:.0f}k",
            ha="center", va="center", color=ink, fontsize=TEXT_POINTS - 2.5,
        )  # fmt: skip


def _key(axes: Axes, ramp: Any, shown: str, labels: Labels, sheet: Sheet) -> None:
    """Draw the scale below the grid, at its right: 0, five squares, the highest number."""
    below = -TEXT_POINTS * 2.6
    style: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points"}
    ink: dict[str, Any] = {"color": sheet.look.faint, "fontsize": TEXT_POINTS - 1, "va": "center"}
    axes.annotate(shown, (1, 0), (0, below), ha="right", **style, **ink)
    left = -(len(shown) * 6 + 4.0)
    for place in range(KEY_STEPS):
        offset = left - (KEY_STEPS - place) * 11
        colour = ramp(place / (KEY_STEPS - 1))
        box = {"boxstyle": "square,pad=0.35", "facecolor": colour, "linewidth": 0}
        axes.annotate(
            " ", (1, 0), (offset, below), ha="left", va="center", fontsize=7, bbox=box, **style
        )
    axes.annotate(
        f"0{labels.unit}", (1, 0), (left - KEY_STEPS * 11 - 6, below), ha="right", **style, **ink
    )
