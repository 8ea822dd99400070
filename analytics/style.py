"""How every figure looks: the colours of a theme, faces, sizes. Knows no data.

The colours are given from outside, so that they live in one place only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

Size = Literal["wide", "narrow"]

INCHES: Final[dict[Size, tuple[float, float]]] = {"wide": (9.0, 3.4), "narrow": (4.2, 3.4)}
TEXT_POINTS: Final = 10.0
TITLE_POINTS: Final = 12.0
MARGIN: Final = 0.06


@dataclass(frozen=True)
class Look:
    """The colours of one theme, as #rrggbb."""

    surface: str
    text: str
    faint: str
    line: str
    mark: str


def new_figure(look: Look, size: Size) -> tuple[Figure, Axes]:
    """Return an empty figure and its axes in the theme's colours, free of pyplot's global state."""
    figure = Figure(figsize=INCHES[size], layout="constrained", facecolor=look.surface)
    axes = figure.add_subplot(facecolor=look.surface)
    axes.margins(x=MARGIN)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(look.line)
    axes.tick_params(colors=look.faint, labelsize=TEXT_POINTS, length=0, pad=6)
    axes.grid(axis="y", color=look.line, linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes
