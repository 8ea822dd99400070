"""Charts off the hub: one at a time on a native thread, cached by query. Knows no page.

pandas and matplotlib are imported there, by the first chart, so that serving starts without them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache as once
from typing import Final, Literal, NamedTuple, ParamSpec, TypeVar

from echo import hub
from echo.admin.ranges import DayRange
from echo.config import ROOT
from echo.errors import Busy
from echo.extensions import cache, db
from echo.services import reports

P = ParamSpec("P")
T = TypeVar("T")
Theme = Literal["light", "dark"]
Kind = Literal["svg", "png"]
Size = Literal["wide", "narrow"]
Rows = list[tuple[date, int]]

KEPT_SECONDS: Final = 60
PATIENCE_SECONDS: Final = 20.0
NOBODY: Final = "Nobody signed up in this time."
TOKENS: Final = ROOT / "static" / "css" / "tokens.css"
TWO_COLOURS: Final = re.compile(r"--([a-z-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)")
COLOURS: Final = {  # what it is in a chart: its name among the tokens
    "surface": "raised", "text": "text", "faint": "text-faint", "line": "line", "mark": "live",
}  # fmt: skip


class Line(NamedTuple):
    """One line of the table beside the chart."""

    start: date
    signups: int
    in_all: int


class Table(NamedTuple):
    """The chart's numbers; `step` is day, week or month."""

    step: str
    lines: list[Line]


class _OneAtATime:
    """A green lock: matplotlib's settings are global, and a second thread would be no faster."""

    def __init__(self) -> None:
        self._busy = False
        self._freed = hub.Signal()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for one's turn; raises Busy when the others take too long."""
        while self._busy:
            if not self._freed.wait(PATIENCE_SECONDS):
                raise Busy("Other charts are being drawn. Please try again.", retry_after=5)
        self._busy = True
        try:
            yield
        finally:
            self._busy = False
            self._freed.notify()


_drawing = _OneAtATime()


def _kept(key: str, make: Callable[[], T]) -> T:
    """Return what is cached under `key`, made by `make` where it is not: by one caller, for all."""
    found: T | None = cache.get(key)
    if found is not None:
        return found
    db.session.commit()  # nothing is written: the connection goes back while one waits
    with _drawing.turn():
        found = cache.get(key)
        if found is None:
            found = make()
            cache.set(key, found, timeout=KEPT_SECONDS)
    return found


def _native(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Work on a native thread; the database connection goes back to its pool meanwhile."""
    db.session.commit()
    return hub.run_native(work, *args, **kwargs)


def signups_table(days: DayRange) -> Table:
    """Return the sign-ups of the range by day, week or month, with the running total."""

    def make() -> Table:
        rows = reports.signups_by_day(days.first, days.last)
        return _native(_tabulate, rows, days, reports.users_before(days.first))

    return _kept(f"signups/table/{days.first}/{days.last}", make)


def signups_picture(days: DayRange, theme: Theme, kind: Kind, size: Size) -> bytes:
    """Return the chart of the range's sign-ups as SVG or PNG."""

    def make() -> bytes:
        rows = reports.signups_by_day(days.first, days.last)
        return _native(_draw, rows, days, _colours()[theme], kind, size)

    return _kept(f"signups/{kind}/{theme}/{size}/{days.first}/{days.last}", make)


@once
def _colours() -> dict[str, dict[str, str]]:
    """Return the charts' colours of both themes out of the one file that holds colours."""
    found = {name: pair for name, *pair in TWO_COLOURS.findall(TOKENS.read_text())}
    return {
        theme: {part: found[name][place] for part, name in COLOURS.items()}
        for place, theme in enumerate(("light", "dark"))
    }


def _tabulate(rows: Rows, days: DayRange, before: int) -> Table:
    from analytics import frames, measures

    step = measures.fitting_step(days.first, days.last)
    table = measures.table(frames.daily_counts(rows, days.first, days.last), step, before)
    lines = [
        Line(start.date(), int(count), int(total))
        for start, count, total in table.itertuples(name=None)
    ]
    return Table(step, lines)


def _draw(rows: Rows, days: DayRange, colours: dict[str, str], kind: Kind, size: Size) -> bytes:
    from analytics import charts, frames, measures, render, style

    step = measures.fitting_step(days.first, days.last)
    counts = measures.per_step(frames.daily_counts(rows, days.first, days.last), step)
    look = style.Look(**colours)
    if kind == "svg":  # the page around it says what it shows
        return render.to_svg(charts.bars(counts, step, look, NOBODY, size=size))
    title = f"Sign-ups per {step}, {days.words}"
    return render.to_png(charts.bars(counts, step, look, NOBODY, size=size, title=title))
