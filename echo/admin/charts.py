"""A chart of a range: its rows from SQL, its picture from the drawing process, kept for a minute.

Knows no page, and no chart either: what there is, the drawing process says when it is ready.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache as once
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from flask import Flask, current_app

from analytics.cards import Card
from echo import csv_lines, policies
from echo.admin.chart_worker import ChartWorker
from echo.admin.kept_charts import KeptCharts
from echo.admin.ranges import DayRange
from echo.clock import utc_now
from echo.config import ROOT
from echo.errors import Forbidden, NotFound
from echo.extensions import db
from echo.languages import gettext, here
from echo.policies import Right, RoleName
from echo.services.numbers import chart_rows
from echo.services.numbers.cards import all_cards

T = TypeVar("T")
Theme = Literal["light", "dark"]
Kind = Literal["svg", "png"]
Size = Literal["wide", "narrow"]

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
NAMES_OF_PEOPLE: Final = {"top_users"}  # rows that charts without people must not be drawn from


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

    @property
    def right(self) -> Right:
        """What one needs to see it."""
        return Right.PEOPLE if NAMES_OF_PEOPLE & set(self.rows) else Right.CHARTS


class Needed(NamedTuple):
    """Rows that a chart is drawn from; of `timing`, one measure or, for "", all."""

    name: str
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
    app.extensions["kept_charts"] = KeptCharts()
    app.extensions["chart_worker"] = ChartWorker(Path(app.instance_path) / "matplotlib")


def known() -> dict[str, ChartInfo]:
    """Return every chart by its name, in the order of the page; raises Busy."""
    worker = ChartWorker.of(current_app)
    if not worker.ready:
        worker.start()
    infos = (ChartInfo(**{**one, "rows": tuple(one["rows"])}) for one in worker.ready["charts"])
    return {info.name: info for info in infos}


def texts() -> list[str]:
    """Return the texts of charts and tables that have translations, in English; raises Busy."""
    known()
    found: list[str] = ChartWorker.of(current_app).ready["words"]
    return found


def visible(role: RoleName) -> list[ChartInfo]:
    """Return the charts that somebody with this role may see."""
    return [one for one in known().values() if policies.allows(role, one.right)]


def info(name: str, role: RoleName) -> ChartInfo:
    """Return what is said of a chart; raises NotFound, and Forbidden for one that the role may not see."""
    found = known().get(name)
    if found is None:
        raise NotFound(gettext("There is no such chart."))
    if not policies.allows(role, found.right):
        raise Forbidden(gettext("This chart names people; your role sees figures alone."))
    return found


def table(query: Query) -> dict[str, Any]:
    """Return `alt` (the chart in words), and `columns` and `rows` of the table beside it, in English."""

    def make() -> dict[str, Any]:
        header = ChartWorker.of(current_app).ask({**_request(query), "kind": "table"}).header
        return {"alt": header["alt"], **header["table"]}

    return _kept(f"table/{here().code}/{query.key}", make)


def csv(query: Query) -> bytes:
    """Return the chart's table as CSV (UTF-8)."""
    numbers = table(query)
    return (csv_lines.heading(numbers["columns"]) + csv_lines.lines(numbers["rows"])).encode()


def picture(query: Query, kind: Kind, theme: Theme = "light", size: Size = "wide") -> bytes:
    """Return the chart as SVG or PNG."""

    def make() -> bytes:
        request = {"kind": kind, "size": size, "look": looks()[theme], "titled": kind == "png"}
        return ChartWorker.of(current_app).ask({**_request(query), **request}).body

    return _kept(f"{kind}/{theme}/{size}/{here().code}/{query.key}", make)


def report(month: DayRange, site: str, zone: ZoneInfo, role: RoleName) -> bytes:
    """Return the printable report of a month as PDF, with the charts that the role may see."""
    seen = visible(role)

    def make() -> bytes:
        names = {name for one in seen for name in one.rows}
        request = {
            "act": "report",
            "month": month.first,
            "site": site,
            "charts": [one.name for one in seen],
            "cards": [asdict(card) for card in _cards(month)],
            "rows": {name: _rows(Needed(name, ""), month, zone) for name in names},
            "before": chart_rows.signups_before(month.first, zone),
            "look": looks()["light"],
            "language": here().code,
        }
        return ChartWorker.of(current_app).ask(request).body

    return _kept(f"report/{here().code}/{len(seen)}/{site}/{month.first}/{zone.key}", make)


def _cards(month: DayRange) -> list[Card]:
    """Return the month's cards; those of the present month end today."""
    days = DayRange(month.first, min(month.last, max(month.first, utc_now().date())))
    return all_cards(days.days, days.last)


def _kept(key: str, make: Callable[[], T]) -> T:
    """Return what is cached under `key`, made by `make` where it is not: by one caller, for all."""
    kept = KeptCharts.of(current_app)
    found: T | None = kept.get(key)
    if found is None:
        known()  # takes a turn of its own where nobody has asked yet
        with ChartWorker.of(current_app).turn():
            found = kept.get(key)
            if found is None:
                found = make()
                kept.put(key, found)
    return found


def _request(query: Query) -> dict[str, Any]:
    """Return what all requests for a chart have in common: the rows and the range."""
    days = query.days
    span: dict[str, Any] = {"first": days.first, "last": days.last}
    chart = known()[query.chart]
    if "signups" in chart.rows:  # the table goes on from the accounts that there were
        span["before"] = chart_rows.signups_before(days.first, query.zone)
    needed = [Needed(name, chart.measure) for name in chart.rows]
    rows = {each.name: _rows(each, days, query.zone) for each in needed}
    return {
        "act": "chart",
        "chart": query.chart,
        "rows": rows,
        "span": span,
        "language": here().code,
    }


def _rows(needed: Needed, days: DayRange, zone: ZoneInfo) -> list[Any]:
    only = {"measure": needed.measure} if needed.name == "timing" and needed.measure else {}
    rows = chart_rows.ROWS[needed.name](days.first, days.last, zone, **only)
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
