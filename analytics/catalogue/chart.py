"""What a chart is: the question it answers, its rows, its table, its figure, its words.

It does not know which charts there are, nor where rows come from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

import pandas as pd
from matplotlib.figure import Figure

from analytics import headings, words
from analytics.charts import Sheet, spots
from analytics.charts.spots import Parts, Spot
from analytics.frames import Row
from analytics.language import gettext, mark
from analytics.span import Span, Step
from analytics.style import Look, Size

Group = Literal["People", "Use", "Speed", "Feedback"]
Rows = Mapping[str, Sequence[Row]]

GROUPS: Final = (mark("People"), mark("Use"), mark("Speed"), mark("Feedback"))

MOST_READ: Final = 6  # so many numbers of one line are read at once; of more, those that are not 0
STARTS: Final[dict[Step, str]] = {
    "day": mark("Day"), "week": mark("Week from"), "month": mark("Month from"),
}  # fmt: skip
PEAKS: Final[dict[Step, str]] = {
    "day": mark("The most were %(most)s %(when)s; the last day had %(last)s."),
    "week": mark("The most were %(most)s %(when)s; the last week had %(last)s."),
    "month": mark("The most were %(most)s %(when)s; the last month had %(last)s."),
}


@dataclass(frozen=True)
class Chart:
    """One chart of the page.

    `prepare` makes the table beside the chart, which is also the CSV, out of the rows it names;
    `describe` says the table's main numbers in words; `columns` are headings with units. Columns
    that depend on the data (models, error codes) are their own headings. Texts and tables are in
    English, figures and what is told of them in the language that is spoken.
    """

    name: str
    group: Group
    title: str
    question: str
    formula: str
    rows: tuple[str, ...]
    columns: Mapping[str, str]
    nothing: str
    prepare: Callable[[Rows, Span], pd.DataFrame]
    figure: Callable[[pd.DataFrame, Span, Sheet], Figure]
    describe: Callable[[pd.DataFrame, Span], str]
    measure: str = ""
    """Of `timing` rows, the only measure that the chart reads; others need not be sent."""
    parts: Parts = "days"
    """What lies side by side in the picture, each standing for a line of the table."""
    cells: tuple[str, ...] = ()
    """The columns of the table that are squares of a grid."""
    name_of: Callable[[str], str] = str
    """How the first cell of a line is said, where it is no day; people and models keep their names."""

    def introduced(self) -> dict[str, Any]:
        """Return what a page says of the chart before it is drawn, and which rows it needs."""
        return {
            "name": self.name,
            "group": self.group,
            "title": self.title,
            "question": self.question,
            "formula": self.formula,
            "rows": list(self.rows),
            "measure": self.measure,
        }

    def draw(
        self, frame: pd.DataFrame, span: Span, look: Look, size: Size = "wide", title: str = ""
    ) -> Figure:
        """Return the figure of a prepared table; a title only where it stands alone."""
        return self.figure(frame, span, Sheet(look, size, title, gettext(self.nothing)))

    def spots(self, figure: Figure, frame: pd.DataFrame, span: Span) -> list[Spot]:
        """Return which part of the drawn picture stands for which line of the table."""
        cells = [name for name in self.cells if name in frame]
        return spots.found(figure, frame, span.step, self.parts, cells)

    def read(self, frame: pd.DataFrame, span: Span, spot: Spot) -> list[str]:
        """Return what a spot stands for in words: a heading, then a line for each number."""
        line = frame.iloc[spot.line]
        first, *rest = (str(name) for name in frame)
        named = [spot.column] if spot.column else [name for name in rest if name not in self.cells]
        known = [name for name in named if not pd.isna(line[name])]
        if len(known) > MOST_READ:
            known = [name for name in known if line[name]][:MOST_READ]
        return [
            self._heading(line[first], span),
            *(self._measured(name, line[name]) for name in known),
        ]

    def _measured(self, name: str, value: Any) -> str:
        """Return a cell with its heading; a heading that depends on the data has no translation."""
        if name not in self.columns:
            return headings.measured(name, value, name)
        return headings.measured(self.columns[name], value, headings.said(self.columns[name]))

    def _heading(self, value: Any, span: Span) -> str:
        if isinstance(value, date):
            return words.beginning(value, span.step if self.parts == "days" else "week")
        return self.name_of(str(value))

    def headings(self, frame: pd.DataFrame, span: Span) -> dict[str, str]:
        """Return the heading of each column that the table has."""
        fixed = {**self.columns, "start": STARTS[span.step]}
        return {str(column): fixed.get(str(column), str(column)) for column in frame}


def need(rows: Rows, name: str) -> Sequence[Row]:
    """Return the rows of this name.

    Raises:
        ValueError: they are not there.
    """
    if name not in rows:
        raise ValueError(f"the rows {name!r} are missing")
    return rows[name]


def timed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose first column is `start`."""
    return frame.rename_axis("start").reset_index()


def series(frame: pd.DataFrame, column: str) -> pd.Series[Any]:
    """Return a column of a table with the days of `start` as its index."""
    return frame[column].set_axis(pd.DatetimeIndex(frame["start"]))


def disambiguated(wide: pd.DataFrame, taken: Sequence[str], kind: str) -> pd.DataFrame:
    """Return the frame with columns that nobody mistakes for one of `taken`."""
    return wide.rename(columns={name: f"{name} ({kind})" for name in wide if name in taken})


def when(frame: pd.DataFrame, line: int, span: Span) -> str:
    """Return when a line of the table was, in words; a step that began earlier, by its start."""
    start = frame["start"].iloc[line].date()
    return words.moment(start, span.step)


def describe_counts(
    frame: pd.DataFrame, column: str, span: Span, said: Callable[[int], str]
) -> str:
    """Return total, peak and last value of counts in words; the caller says what "none" means."""
    counts = frame[column]
    sentence = words.sentence(said(int(counts.sum())), words.stretch(span))
    if len(counts) == 1:
        return sentence
    place = int(counts.to_numpy().argmax())
    most, last = (words.number(int(counts.iloc[at])) for at in (place, -1))
    peak = gettext(PEAKS[span.step], most=most, when=when(frame, place, span), last=last)
    return f"{sentence} {peak}"


def describe_nothing(sentence: str, span: Span) -> str:
    """Return that there was nothing in the range; the sentence is one for translators."""
    return words.sentence(gettext(sentence), words.stretch(span))
