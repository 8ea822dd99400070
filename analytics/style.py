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
SERIES: Final = 6  # more colours than these cannot be told apart by everybody
RED, GREEN, BLUE = 0.2126, 0.7152, 0.0722  # how bright each part of a colour looks


@dataclass(frozen=True)
class Look:
    """The colours of one theme, as #rrggbb.

    `series` are at least six for things side by side, told apart by colour-blind eyes too; `good`
    and `bad` judge. Where they are not given, they are shades of the other colours.

    Raises:
        ValueError: a colour is not #rrggbb, or there are fewer than six series.
    """

    surface: str
    text: str
    faint: str
    line: str
    mark: str
    series: tuple[str, ...] = ()
    good: str = ""
    bad: str = ""

    def __post_init__(self) -> None:
        for colour in (self.surface, self.text, self.faint, self.line, self.mark):
            channels(colour)
        fallback = {
            "series": tuple(self.series) or shades(self.mark, self.text, self.surface),
            "good": self.good or self.mark,
            "bad": self.bad or self.text,
        }
        for name, value in fallback.items():
            object.__setattr__(self, name, value)
        for colour in (*self.series, self.good, self.bad):
            channels(colour)
        if len(self.series) < SERIES:
            raise ValueError(f"a look has at least {SERIES} series colours")


def channels(colour: str) -> tuple[float, float, float]:
    """Return red, green and blue from 0 to 1.

    Raises:
        ValueError: it is not #rrggbb.
    """
    if len(colour) != 7 or not colour.startswith("#"):
        raise ValueError(f"a colour is #rrggbb; not {colour!r}")
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def mixed(one: str, other: str, part: float) -> str:
    """Return a colour between two: `part` of the other, from 0 to 1."""
    pairs = zip(channels(one), channels(other), strict=True)
    return "#" + "".join(f"{round(255 * (a + (b - a) * part)):02x}" for a, b in pairs)


def shades(mark: str, text: str, surface: str) -> tuple[str, ...]:
    """Return six colours out of three, each as far from its neighbour as they allow."""
    dim = mixed(mark, surface, 0.55)
    grey = mixed(text, surface, 0.35)
    return (mark, grey, dim, text, mixed(mark, text, 0.5), mixed(text, surface, 0.65))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG 2 defines it: 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in channels(colour)
    ]
    return RED * linear[0] + GREEN * linear[1] + BLUE * linear[2]


def readable_on(colour: str, look: Look) -> str:
    """Return the theme's text or surface colour, whichever reads better on this colour."""
    return max((look.text, look.surface), key=lambda ink: contrast(ink, colour))


def plain(axes: Axes, look: Look) -> None:
    """Dress axes in the theme's colours: a base line, faint labels, thin level lines."""
    axes.set_facecolor(look.surface)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(look.line)
    axes.tick_params(colors=look.faint, labelsize=TEXT_POINTS, length=0, pad=6)
    axes.tick_params(which="minor", length=0)
    axes.grid(axis="y", color=look.line, linewidth=0.8)
    axes.set_axisbelow(True)


def new_figure(look: Look, size: Size) -> Figure:
    """Return an empty figure in the theme's colours, free of pyplot's global state."""
    return Figure(figsize=INCHES[size], layout="constrained", facecolor=look.surface)
