"""The sheet that a figure is drawn on: title, legend, or a sentence when there is nothing to show.

It does not know what is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from analytics import render, words
from analytics.style import TEXT_POINTS, TITLE_POINTS, Look, Size, new_figure, plain

TITLE_WIDTH: Final[dict[Size, int]] = {"wide": 90, "narrow": 38}  # characters in one line
LEGEND_INSET: Final = 38  # points of a figure's width that the legend cannot have
LEGEND_LENGTH: Final = 30  # characters of one name
SHORTER: Final = 22  # where more than these many names share a narrow figure
CROWD: Final = 3
LEGEND_GAP: Final = 14  # points between two names, and
LEGEND_MARK: Final = 17  # those that the mark before a name takes
SENTENCE_WIDTH: Final[dict[Size, int]] = {"wide": 70, "narrow": 32}
NAME_LENGTH: Final[dict[Size, int]] = {"wide": 24, "narrow": 16}


@dataclass(frozen=True)
class Sheet:
    """How a figure is dressed: colours, size, a title where it stands alone, words for "nothing".

    `onto` is the part of a larger figure to draw on; without it, each figure is new.
    """

    look: Look
    size: Size = "wide"
    title: str = ""
    nothing: str = ""
    onto: SubFigure | None = None

    def open(self) -> tuple[Figure, Axes]:
        """Return an empty figure and its axes."""
        place = self.onto or new_figure(self.look, self.size)
        axes = place.add_subplot()
        plain(axes, self.look)
        return place.figure.figure, axes

    def open_two(self, heights: tuple[float, float]) -> tuple[Figure, Axes, Axes]:
        """Return an empty figure with two axes above each other that share their days."""
        place = self.onto or new_figure(self.look, self.size)
        above, below = place.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": heights})
        for axes in (above, below):
            plain(axes, self.look)
        return place.figure.figure, above, below

    def head(self, axes: Axes, names: Sequence[str] = (), marks: Sequence[Any] = ()) -> None:
        """Set the title at the figure's left edge and a legend of the names above the data."""
        if self.title:
            title = words.wrapped(words.clipped(self.title, 200), TITLE_WIDTH[self.size])
            figure = axes.get_figure(root=True)
            if figure is not None:
                figure.suptitle(
                    title, x=0.012, ha="left", color=self.look.text, fontsize=TITLE_POINTS
                )
        if names:
            self._legend(axes, names, marks)

    def _legend(self, axes: Axes, names: Sequence[str], marks: Sequence[Any]) -> None:
        """Draw the legend in as many columns as fit."""
        crowded = self.size == "narrow" and len(names) > CROWD
        labels = [words.clipped(name, SHORTER if crowded else LEGEND_LENGTH) for name in names]
        labels = [f" {label}" if label.startswith("_") else label for label in labels]
        wide = max(render.text_width(label, TEXT_POINTS) for label in labels) + LEGEND_MARK
        room = axes.figure.bbox.width / axes.figure.dpi * 72 - LEGEND_INSET
        across = max(1, min(len(labels), int((room + LEGEND_GAP) / (wide + LEGEND_GAP))))
        axes.legend(
            marks, labels, loc="lower left", bbox_to_anchor=(0, 1), ncols=across, frameon=False,
            fontsize=TEXT_POINTS, labelcolor=self.look.text, handlelength=1.1, handleheight=0.8,
            handletextpad=0.5, columnspacing=1.4, labelspacing=0.3, borderpad=0.2, borderaxespad=0.5,
        )  # fmt: skip

    def name(self, text: str) -> str:
        """Return a name as it fits beside a bar."""
        return words.clipped(text, NAME_LENGTH[self.size])

    def write_above(
        self, axes: Axes, place: float, height: float, text: str, flank: float = 0.0
    ) -> None:
        """Write a number above a bar or point; where the scale's end cuts it, beside it, with an arrow.

        `flank` is how far away, in days, the shape still is at the scale's end.
        """
        end = axes.get_ylim()[1]
        style: dict[str, Any] = {"ha": "center", "xytext": (0, 3)}
        if height > end:
            left = sum(axes.get_xlim()) / 2 < place  # the side with more room
            style = {"ha": "right" if left else "left", "xytext": (-10 if left else 10, -10)}
            text, place = f"{text} ↑", place + (-flank if left else flank)
        axes.annotate(
            text, (place, min(height, end)), textcoords="offset points", color=self.look.text,
            fontsize=TEXT_POINTS, annotation_clip=False, **style,
        )  # fmt: skip

    def say_nothing(self, axes: Axes) -> None:
        """Write the sentence in the middle of axes that have nothing to show."""
        sentence = words.wrapped(self.nothing, SENTENCE_WIDTH[self.size])
        said = axes.text(0.5, 0.5, sentence, transform=axes.transAxes, ha="center", va="center")
        said.set(color=self.look.faint, fontsize=TEXT_POINTS + 1)

    def blank(self) -> Figure:
        """Return a figure that has no axes to read, only the sentence."""
        figure, axes = self.open()
        self.head(axes)
        axes.set(xticks=[], yticks=[])
        axes.spines["bottom"].set_visible(False)
        self.say_nothing(axes)
        return figure
