"""A month as a printable PDF: its cards and contents, then every chart with its question and words.

It does not know where numbers come from: cards and rows are given.
"""

from __future__ import annotations

import calendar
import io
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from analytics import render, words
from analytics.cards import Card
from analytics.catalogue import CHARTS, Chart, Rows
from analytics.charts import Sheet
from analytics.language import gettext
from analytics.language import month as month_name
from analytics.span import Span
from analytics.style import Look

A4: Final = (8.27, 11.69)  # inches
LEFT, RIGHT, TOP, BOTTOM = 0.09, 0.93, 0.93, 0.07  # margins as parts of the page
PER_PAGE: Final = 2
CARDS_ACROSS: Final = 3
CARD_HEIGHT: Final = 0.105
CONTENTS_TOP: Final = 0.345
CONTENTS_LINE: Final = 0.022
PARTS: Final = (0.55, 3.0, 0.9)  # heights of a chart's head, figure and words
TEXT_WIDTH: Final = 106  # characters of a line of text
NOTE_WIDTH: Final = 96  # of one in larger letters
COHORT_DAYS: Final = 84  # retention looks back twelve weeks: within a month there is little to see


class Report(NamedTuple):
    """The PDF and how many pages it has."""

    content: bytes
    pages: int


def monthly(
    site: str,
    month: date,
    cards: Sequence[Card],
    rows: Rows,
    look: Look,
    *,
    before: int = 0,
    names: Sequence[str] | None = None,
) -> Report:
    """Return the report of the month that `month` lies in, the same bytes for the same numbers.

    `rows` are those that the charts `names` (all, where it is None) need, for the month;
    `cohorts` reach back twelve weeks. Rows that are absent count as none. `before` is how many
    accounts there were before the month.

    Raises:
        ValueError: a chart is unknown, or a row is of another kind.
    """
    unknown = [name for name in names or () if name not in CHARTS]
    if unknown:
        raise ValueError(f"there is no chart {', '.join(unknown)}")
    charts = [CHARTS[name] for name in (CHARTS if names is None else names)]
    span = month_of(month, before)
    shared = _shared(charts)
    pages = [_title_page(site, span, cards, look)]
    _draw_contents(pages[0], shared, look)
    pages += [_chart_page(some, rows, span, look) for some in shared]
    for place, page in enumerate(pages, start=1):
        _number(page, f"{site} · {_month(span)}", place, len(pages), look)
    return Report(_bound(pages, f"{site}, {_month(span)}"), len(pages))


def _shared(charts: Sequence[Chart]) -> list[Sequence[Chart]]:
    """Return the charts page by page, two on each; one that would be left alone joins the two before it."""
    pages = [charts[place : place + PER_PAGE] for place in range(0, len(charts), PER_PAGE)]
    if len(pages) > 1 and len(pages[-1]) == 1:
        pages[-2:] = [[*pages[-2], *pages[-1]]]
    return pages


def month_of(day: date, before: int = 0) -> Span:
    """Return the days of the month that a day lies in."""
    last = calendar.monthrange(day.year, day.month)[1]
    return Span(day.replace(day=1), day.replace(day=last), "day", before)


def _month(span: Span) -> str:
    return month_name(span.first)


def _bound(pages: Sequence[Figure], title: str) -> bytes:
    buffer = io.BytesIO()
    metadata = {"Title": title, "CreationDate": None, "Creator": None, "Producer": None}
    with render.drawing(), PdfPages(buffer, metadata=metadata) as book:
        for page in pages:
            book.savefig(page)
    return buffer.getvalue()


def _title_page(site: str, span: Span, cards: Sequence[Card], look: Look) -> Figure:
    page = Figure(figsize=A4, facecolor=look.surface)
    page.text(LEFT, TOP, words.clipped(site, 60), fontsize=13, color=look.mark, va="top")
    page.text(LEFT, TOP - 0.03, _month(span), fontsize=26, color=look.text, va="top")
    note = gettext(
        "Numbers %(range)s, each with its change against the month before.",
        range=words.stretch(span),
    )
    note = words.wrapped(note, NOTE_WIDTH)
    page.text(LEFT, TOP - 0.08, note, fontsize=10, color=look.faint, va="top")
    across = (RIGHT - LEFT) / CARDS_ACROSS
    for place, card in enumerate(cards):
        line, column = divmod(place, CARDS_ACROSS)
        _draw_card(page, card, LEFT + column * across, TOP - 0.13 - line * CARD_HEIGHT, look)
    if not cards:
        nothing = gettext("There are no numbers.")
        page.text(LEFT, TOP - 0.13, nothing, fontsize=11, color=look.faint, va="top")
    return page


def _draw_contents(page: Figure, shared: Sequence[Sequence[Chart]], look: Look) -> None:
    """Write below the cards on which page each chart is, in two columns."""
    listed = [(chart, place) for place, charts in enumerate(shared, start=2) for chart in charts]
    if not listed:
        return
    page.text(LEFT, CONTENTS_TOP, gettext("In this report"), fontsize=13, color=look.text, va="top")
    half = -(-len(listed) // 2)
    width = (RIGHT - LEFT) / 2
    for number, (chart, place) in enumerate(listed):
        column, line = divmod(number, half)
        left = LEFT + column * width
        top = CONTENTS_TOP - 0.035 - line * CONTENTS_LINE
        style: dict[str, Any] = {"fontsize": 9.5, "va": "top"}
        page.text(left, top, gettext(chart.title), color=look.text, **style)
        right = left + width - (0 if column else 0.04)
        page.text(right, top, str(place), color=look.faint, ha="right", **style)


def _draw_card(page: Figure, card: Card, left: float, top: float, look: Look) -> None:
    colours = {"good": look.good, "bad": look.bad, "neutral": look.faint}
    width = (RIGHT - LEFT) / CARDS_ACROSS - 0.02
    page.add_artist(Line2D([left, left + width], [top, top], color=look.line, linewidth=0.8))
    for down, text, size, colour in (
        (0.012, words.clipped(gettext(card.name), 32), 9.5, look.faint),
        (0.028, words.clipped(card.text, 18), 19, look.text),
        (0.058, words.clipped(card.change_text, 40), 9, colours[card.verdict]),
        (0.074, words.clipped(gettext(card.note), 40), 7.5, look.faint),
    ):
        page.text(left, top - down, text, fontsize=size, color=colour, va="top")


def _chart_page(charts: Sequence[Chart], rows: Rows, span: Span, look: Look) -> Figure:
    """Return a page of charts; constrained layout keeps each within its own part of it."""
    page = Figure(figsize=A4, facecolor=look.surface, layout="constrained")
    engine = page.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(rect=(LEFT, BOTTOM, RIGHT - LEFT, TOP - BOTTOM), h_pad=0, w_pad=0, hspace=0)
    parts = page.add_gridspec(len(charts) * len(PARTS), 1, height_ratios=PARTS * len(charts))
    for place, chart in enumerate(charts):
        block = [page.add_subfigure(parts[place * len(PARTS) + part]) for part in range(len(PARTS))]
        _draw_chart(block, chart, rows, span, look)
    return page


def _draw_chart(
    block: Sequence[SubFigure], chart: Chart, rows: Rows, span: Span, look: Look
) -> None:
    """Draw a chart below its title and question, with its description below it."""
    head, middle, foot = block
    if "cohorts" in chart.rows:
        first = span.last - timedelta(days=COHORT_DAYS + span.last.weekday())
        span = Span(first, span.last, "week", span.before)
    frame = chart.prepare({name: rows.get(name, ()) for name in chart.rows}, span)
    head.text(0, 0.95, gettext(chart.title), fontsize=15, color=look.text, va="top")
    head.text(0, 0.4, gettext(chart.question), fontsize=10, color=look.faint, va="top")
    chart.figure(frame, span, Sheet(look, "wide", nothing=gettext(chart.nothing), onto=middle))
    middle.set_facecolor(look.surface)
    said = words.wrapped(words.clipped(chart.describe(frame, span), 700), TEXT_WIDTH)
    foot.text(0, 0.9, said, fontsize=9, color=look.text, va="top", linespacing=1.4)


def _number(page: Figure, name: str, place: int, count: int, look: Look) -> None:
    """Write the page's foot: what it belongs to, and which of how many pages it is."""
    style: dict[str, Any] = {"fontsize": 8.5, "color": look.faint, "va": "bottom"}
    page.text(LEFT, BOTTOM / 2, words.clipped(name, 80), ha="left", **style)
    numbered = gettext("Page %(page)s of %(pages)s", page=place, pages=count)
    page.text(RIGHT, BOTTOM / 2, numbered, ha="right", **style)
