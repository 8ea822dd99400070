"""What a worker is asked for, and its answers: a chart, its table, a report. Knows no process.

A request names its chart and brings its rows; nothing is fetched from anywhere. It says the language of its
reader: a picture whose letters no face has is in English, as is what programs read.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import date
from functools import partial
from typing import Any, Final

import pandas as pd

from analytics import faces, language, render, report, words
from analytics.cards import Card
from analytics.catalogue import CHARTS, Chart, Span
from analytics.charts import spots
from analytics.style import INCHES, Look
from analytics.wire import Frame

LOOKS: Final = {"surface", "text", "faint", "line", "mark", "series", "good", "bad"}


def answer(header: Mapping[str, Any]) -> Frame:
    """Return the answer to a request; one that cannot be met says why and has no body.

    Whatever goes wrong is answered, for the worker must live on; what nobody expected is logged too.
    """
    given = header.get("id")
    name = given if isinstance(given, str | int) else None
    try:
        done = _act(header)
    except Exception as error:
        if not isinstance(error, ValueError):
            traceback.print_exc()
        reason = f"{type(error).__name__}: {error}"
        return Frame({"id": name, "ok": False, "error": reason[:500]})
    return Frame({"id": name, "ok": True, **done.header}, done.body)


def _act(header: Mapping[str, Any]) -> Frame:
    act = header.get("act")
    with language.spoken(header.get("language", language.USUAL)):
        if act == "chart":
            return _chart(header)
        if act == "report":
            return _report(header)
    raise ValueError(f"an act is chart or report; not {act!r}")


def _chart(header: Mapping[str, Any]) -> Frame:
    """Return a chart's picture or table; `alt` says in words what it shows."""
    chart, span = _known_chart(header.get("chart")), span_of(header["span"])
    frame = chart.prepare(header["rows"], span)
    alt = chart.describe(frame, span)
    if header.get("kind") == "table":
        return Frame({"alt": alt, "table": _table(chart, frame, span)})
    return Frame({"alt": alt}, _picture(chart, frame, span, header))


def _table(chart: Chart, frame: pd.DataFrame, span: Span) -> dict[str, Any]:
    """Return the table, in English for programs."""
    headings, names = chart.headings(frame, span), [str(name) for name in frame]
    return {
        "names": names,
        "columns": [headings[name] for name in names],
        "rows": render.cells(frame),
    }


def _picture(chart: Chart, frame: pd.DataFrame, span: Span, header: Mapping[str, Any]) -> bytes:
    """Return the picture; the words that are no shapes are in their reader's language in any case."""
    kind, size = header.get("kind"), header.get("size", "wide")
    pictures: dict[Any, Callable[..., bytes]] = {"svg": render.to_svg, "png": render.to_png}
    if kind not in pictures:
        raise ValueError(f"a kind is svg, png or table; not {kind!r}")
    if size not in INCHES:
        raise ValueError(f"a size is wide or narrow; not {size!r}")
    with _drawable(header):
        title = words.headline(language.gettext(chart.title), span) if header.get("titled") else ""
        figure = chart.draw(frame, span, look_of(header["look"]), size, title)
        picture = pictures[kind](figure)
        found = chart.spots(figure, frame, span) if kind == "svg" else []
    if kind == "png":
        return picture
    return spots.written_into(picture, found, partial(chart.read, frame, span), INCHES[size])


def _drawable(header: Mapping[str, Any]) -> AbstractContextManager[None]:
    """Speak the reader's language if this process has a face for its letters, else the usual one."""
    code = header.get("language", language.USUAL)
    return language.spoken(code if faces.can_write(language.letters(code)) else language.USUAL)


def _known_chart(name: object) -> Chart:
    if not isinstance(name, str) or name not in CHARTS:
        raise ValueError(f"there is no chart {name!r}")
    return CHARTS[name]


def _report(header: Mapping[str, Any]) -> Frame:
    month = date.fromisoformat(header["month"])
    cards = [Card(**card) for card in header["cards"]]
    with _drawable(header):
        pdf = report.monthly(
            str(header["site"]),
            month,
            cards,
            header["rows"],
            look_of(header["look"]),
            before=int(header.get("before", 0)),
            names=header.get("charts"),
        )
    return Frame({"pages": pdf.pages}, pdf.content)


def span_of(given: Mapping[str, Any]) -> Span:
    """Return a range out of ISO texts; without a step, the one that suits its length.

    Raises:
        ValueError: a day is none, the range ends before it begins, or the step is unknown.
    """
    first, last = date.fromisoformat(given["first"]), date.fromisoformat(given["last"])
    before = int(given.get("before", 0))
    if not given.get("step"):
        return Span.fitting(first, last, before)
    return Span(first, last, given["step"], before)


def look_of(given: Mapping[str, Any]) -> Look:
    """Return the colours out of a mapping; unknown names are refused.

    Raises:
        ValueError: a name is unknown or missing, or a colour is not #rrggbb.
    """
    unknown = set(given) - LOOKS
    if unknown:
        raise ValueError(f"a look has no {', '.join(sorted(unknown))}")
    return Look(**{**given, "series": tuple(given.get("series", ()))})
