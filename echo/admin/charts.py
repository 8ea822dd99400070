"""A chart of a range: its rows from SQL, its picture from the drawing process, kept for a minute.

Knows no page, and no chart either: what there is, the drawing process says when it is ready.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache as once
from pathlib import Path
from typing import Any, Final, Literal, TypeVar
from zoneinfo import ZoneInfo

from flask import Flask, current_app

from echo.admin import cards
from echo.admin.chart_worker import ChartWorker
from echo.admin.ranges import DayRange
from echo.config import ROOT
from echo.errors import NotFound
from echo.extensions import cache, db
from echo.services import chart_rows
from echo.services.cards import all_cards

T = TypeVar("T")
Theme = Literal["light", "dark"]
Kind = Literal["svg", "png", "csv"]
Size = Literal["wide", "narrow"]

KEPT_SECONDS: Final = 60
TOKENS: Final = ROOT / "static" / "css" / "tokens.css"
TWO_COLOURS: Final = re.compile(r"--([a-z0-9-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)")
COLOURS: Final = {  # what it is in a chart: its name among the tokens
    "surface": "raised",
    "text": "text",
    "faint": "text-faint",
    "line": "line",
    "mark": "live",
    "good": "chart-good",
    "bad": "chart-bad",
}
SERIES: Final = tuple(f"chart-{number}" for number in range(1, 7))


@dataclass(frozen=True)
class ChartInfo:
    """What a page says of a chart before it is drawn; `rows` names what it is drawn from."""

    name: str
    group: str
    title: str
    question: str
    formula: str
    rows: tuple[str, ...]
    measure: str


@dataclass(frozen=True)
class Query:
    """One chart of one range, in one viewer's days."""

    chart: str
    days: DayRange
    zone: ZoneInfo

    @property
    def key(self) -> str:
        return f"{self.chart}/{self.days.first}/{self.days.last}/{self.zone.key}"


def init_app(app: Flask) -> None:
    """Give the application its drawing process; it starts when the first chart is asked for."""
    app.extensions["chart_worker"] = ChartWorker(Path(app.instance_path) / "matplotlib")


def _worker() -> ChartWorker:
    worker: ChartWorker = current_app.extensions["chart_worker"]
    return worker


def known() -> dict[str, ChartInfo]:
    """Return every chart by its name, in the order of the page."""
    worker = _worker()
    if not worker.ready:
        worker.start()
    infos = (ChartInfo(**{**one, "rows": tuple(one["rows"])}) for one in worker.ready["charts"])
    return {info.name: info for info in infos}


def info(name: str) -> ChartInfo:
    """Return what is said of a chart; raises NotFound."""
    found = known().get(name)
    if found is None:
        raise NotFound("There is no such chart.")
    return found


def table(query: Query) -> dict[str, Any]:
    """Return `alt` (the chart in words), and `columns` and `rows` of the table beside it."""

    def make() -> dict[str, Any]:
        header = _worker().ask({**_request(query), "kind": "table"}).header
        return {"alt": header["alt"], **header["table"]}

    return _kept(f"table/{query.key}", make)


def picture(query: Query, kind: Kind, theme: Theme = "light", size: Size = "wide") -> bytes:
    """Return the chart as SVG or PNG, or its table as CSV."""

    def make() -> bytes:
        title = "" if kind == "svg" else f"{info(query.chart).title}, {query.days.words}"
        request = {"kind": kind, "size": size, "look": looks()[theme], "title": title}
        return _worker().ask({**_request(query), **request}).body

    return _kept(f"{kind}/{theme}/{size}/{query.key}", make)


def report(month: DayRange, site: str, zone: ZoneInfo) -> bytes:
    """Return the printable report of a month as PDF."""

    def make() -> bytes:
        names = {name for one in known().values() for name in one.rows}
        request = {
            "act": "report",
            "month": month.first,
            "site": site,
            "cards": [asdict(card) for card in cards.named(all_cards(month.days, month.last))],
            "rows": {name: _rows(name, month, zone) for name in names},
            "before": chart_rows.signups_before(month.first, zone),
            "look": looks()["light"],
        }
        return _worker().ask(request).body

    return _kept(f"report/{month.first}/{zone.key}", make)


def _kept(key: str, make: Callable[[], T]) -> T:
    """Return what is cached under `key`, made by `make` where it is not: by one caller, for all."""
    key = f"charts/{key}"
    found: T | None = cache.get(key)
    if found is None:
        with _worker().turn():
            found = cache.get(key)
            if found is None:
                found = make()
                cache.set(key, found, timeout=KEPT_SECONDS)
    return found


def _request(query: Query) -> dict[str, Any]:
    """Return what all requests for a chart have in common: the rows and the range."""
    days = query.days
    span: dict[str, Any] = {"first": days.first, "last": days.last}
    if query.chart == "users":
        span["before"] = chart_rows.signups_before(days.first, query.zone)
    rows = {name: _rows(name, days, query.zone) for name in info(query.chart).rows}
    return {"act": "chart", "chart": query.chart, "rows": rows, "span": span}


def _rows(name: str, days: DayRange, zone: ZoneInfo) -> list[Any]:
    read: Callable[[date, date, ZoneInfo], list[Any]] = getattr(chart_rows, name)
    rows = read(days.first, days.last, zone)
    db.session.commit()  # nothing is written: the connection goes back while one waits
    return rows


@once
def looks() -> dict[str, dict[str, Any]]:
    """Return the charts' colours of both themes out of the one file that holds colours."""
    found = {name: pair for name, *pair in TWO_COLOURS.findall(TOKENS.read_text())}
    return {
        theme: {
            **{part: found[name][place] for part, name in COLOURS.items()},
            "series": [found[name][place] for name in SERIES],
        }
        for place, theme in enumerate(("light", "dark"))
    }
