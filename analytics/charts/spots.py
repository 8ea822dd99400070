"""Which part of a picture stands for which line of the chart's table, so that a pointer can read it.

It does not know what the numbers mean: their words are given. Figures are measured after they are drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analytics.charts import scales
from analytics.span import Step

Parts = Literal["days", "lines", "bins", "cells"]
"""What lies side by side: steps of time, bars from the left, bars from below, squares of a grid."""


class Spot(NamedTuple):
    """A box of the picture, in parts of its width and height from its upper left corner.

    It stands for a line of the table, a square for one `column` of it.
    """

    left: float
    top: float
    width: float
    height: float
    line: int
    column: str = ""


@dataclass(frozen=True)
class _Ruler:
    """Measures of a drawn figure."""

    figure: Figure
    axes: Axes

    def box(self, low: tuple[float, float], high: tuple[float, float]) -> Spot:
        """Return the box between two points of the data."""
        (left, bottom), (right, top) = map(self._place, (low, high))
        left, right = sorted((left, right))
        bottom, top = sorted((bottom, top))
        return Spot(left, 1 - top, right - left, top - bottom, 0)

    def _place(self, point: tuple[float, float]) -> tuple[float, float]:
        pixels = self.axes.transData.transform(point)
        across, up = self.figure.transFigure.inverted().transform(pixels)
        return float(across), float(up)


def found(
    figure: Figure, frame: pd.DataFrame, step: Step, parts: Parts, cells: Sequence[str] = ()
) -> list[Spot]:
    """Return the spots of a drawn figure of this table; none where it only says a sentence.

    `cells` are the columns of the table that are squares of a grid.
    """
    axes = figure.axes[0]
    if not (len(axes.get_xticks()) or len(axes.get_yticks())):
        return []
    ruler = _Ruler(figure, axes)
    if parts == "days":
        return _days(ruler, pd.DatetimeIndex(frame["start"]), step)
    if parts == "cells":
        return _cells(ruler, frame, cells)
    return _lines(ruler, len(frame)) if parts == "lines" else _bins(ruler, len(frame))


def _days(ruler: _Ruler, days: pd.DatetimeIndex, step: Step) -> list[Spot]:
    """Return a band for each step, as high as all axes; the first and last end where the axes do."""
    boxes = [axes.get_position() for axes in ruler.figure.axes]
    top, bottom = 1 - max(box.y1 for box in boxes), 1 - min(box.y0 for box in boxes)
    low, high = ruler.axes.get_xlim()
    half = scales.DAYS_OF[step] / 2
    bands = [
        ruler.box((max(low, place - half), 1), (min(high, place + half), 1))
        for place in scales.places_of(days)
    ]
    return [Spot(band.left, top, band.width, bottom - top, line) for line, band in enumerate(bands)]


def _lines(ruler: _Ruler, count: int) -> list[Spot]:
    shown = range(min(count, math.ceil(max(ruler.axes.get_ylim()))))
    boxes = [ruler.box((0, line - 0.5), (0, line + 0.5)) for line in shown]
    return [Spot(0, box.top, 1, box.height, line) for line, box in enumerate(boxes)]


def _bins(ruler: _Ruler, count: int) -> list[Spot]:
    area = ruler.axes.get_position()
    boxes = [ruler.box((line - 0.5, 1), (line + 0.5, 1)) for line in range(count)]
    return [
        Spot(box.left, 1 - area.y1, box.width, area.height, line) for line, box in enumerate(boxes)
    ]


def _cells(ruler: _Ruler, frame: pd.DataFrame, cells: Sequence[str]) -> list[Spot]:
    """Return a box for each square with a number; the grid shows the last lines of the table."""
    across, down = (round(max(limits)) for limits in (ruler.axes.get_xlim(), ruler.axes.get_ylim()))
    shown = frame[list(cells[:across])].tail(down)
    first = len(frame) - len(shown)
    return [
        ruler.box((place, line), (place + 1, line + 1))._replace(line=first + line, column=name)
        for line in range(len(shown))
        for place, name in enumerate(map(str, shown))
        if pd.notna(shown[name].iloc[line])
    ]


def written_into(
    svg: bytes,
    spots: Sequence[Spot],
    say: Callable[[Spot], Sequence[str]],
    inches: tuple[float, float],
) -> bytes:
    """Return the picture with an invisible box over each spot; its title says what it stands for."""
    head, end = svg.rsplit(b"</svg>", 1)
    wide, high = (72 * each for each in inches)
    boxes = "".join(
        f'<rect x="{spot.left * wide:.1f}" y="{spot.top * high:.1f}" width="{spot.width * wide:.1f}"'
        f' height="{spot.height * high:.1f}" data-line="{spot.line}">'
        f"<title>{escape(chr(10).join(say(spot)))}</title></rect>\n"
        for spot in spots
    )
    group = f'<g id="values" fill="none" pointer-events="all">\n{boxes}</g>\n'
    return head + group.encode() + b"</svg>" + end
