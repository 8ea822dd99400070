"""The first page: cards, every chart of a range with its table, downloads, the month's report.

Knows services and the drawing process, no rows.
"""

from __future__ import annotations

from datetime import date
from itertools import groupby
from typing import Any, Final, cast

from flask import Response, request
from flask_admin import BaseView, expose
from flask_login import current_user

from echo import cluster
from echo.admin import card_words, chart_words, charts, ranges
from echo.admin.access import Guarded
from echo.admin.pages import Page
from echo.clock import ZONE_COOKIE, zone_named
from echo.errors import InvalidInput
from echo.languages import format_date, gettext, mark
from echo.services.numbers.cards import recent_cards

MIMETYPES: Final = {
    "svg": "image/svg+xml",
    "png": "image/png",
    "csv": "text/csv",
    "pdf": "application/pdf",
}


WIDE_FROM: Final = 6
"""A table of more columns stands below its chart, and leaves its headings' units to their tips."""


class Dashboard(Guarded, Page, BaseView):
    """Who came, what they used, how it felt, how fast it was."""

    routes = ("index", "chart", "chart_file", "report")

    def __init__(self) -> None:
        super().__init__(name=mark("Dashboard"), endpoint="admin", url="/admin")

    @expose("/")
    def index(self) -> Any:
        error: InvalidInput | None = None
        zone = zone_named(request.cookies.get(ZONE_COOKIE))
        try:
            days = ranges.read(request.args, zone)
        except InvalidInput as refusal:
            days, error = ranges.preset(zone), refusal
        groups = groupby(charts.visible(current_user.role_name), key=lambda info: info.group)
        card_days = days.days if days.preset else ranges.USUAL_DAYS
        page = self.render(
            "admin/dashboard.html",
            shared=cluster.here().is_shared,
            cards=recent_cards(card_days),
            card_days=card_days,
            groups=[(name, list(infos)) for name, infos in groups],
            days=days,
            zone=zone,
            months=ranges.past_months(zone),
            presets=ranges.PRESETS,
            card_words=card_words,
            chart_word=chart_words.sayer(charts.texts()),
            error=error,
            typed={name: request.args.get(name, days.address[name]) for name in ("from", "to")},
        )
        return (page, error.status) if error else page

    @expose("/charts/<chart_name>")
    def chart(self, chart_name: str) -> Any:
        """One chart with its table: a page of its own, or the part that the dashboard asks for."""
        info, query = charts.info(chart_name, current_user.role_name), _query(chart_name)
        template = "admin/chart_part.html" if _is_part() else "admin/chart.html"
        table, said = charts.table(query), chart_words.sayer(charts.texts())
        return self.render(
            template,
            chart=info,
            query=query,
            table=table,
            wide_from=WIDE_FROM,
            day_words=_day_words,
            range_words=ranges.in_words,
            chart_word=said,
            row_word=chart_words.row_sayer(table["names"][0], said),
        )

    @expose("/charts/<chart_name>.<any(svg, png, csv):kind>")
    def chart_file(self, chart_name: str, kind: str) -> Response:
        """The chart of a range as picture, or its numbers."""
        charts.info(chart_name, current_user.role_name)
        query = _query(chart_name)
        theme = cast(charts.Theme, _one_of(("light", "dark"), "theme"))
        size = cast(charts.Size, _one_of(("wide", "narrow"), "size"))
        if kind == "csv":
            body = charts.csv(query)
        else:
            body = charts.picture(query, cast(charts.Kind, kind), theme, size)
        name = f"echo-{chart_name}-{query.days.first}-{query.days.last}"
        return _file(body, kind, None if kind == "svg" else name)

    @expose("/report/<month>.pdf")
    def report(self, month: str) -> Response:
        """The printable report of a month, such as 2026-10."""
        zone = zone_named(request.cookies.get(ZONE_COOKIE))
        days = ranges.month(month, zone)
        body = charts.report(days, request.host, zone, current_user.role_name)
        return _file(body, "pdf", f"echo-report-{month}")


def _query(name: str) -> charts.Query:
    zone = zone_named(request.cookies.get(ZONE_COOKIE))
    return charts.Query(name, ranges.read(request.args, zone), zone)


def _day_words(iso: str, days: ranges.DayRange) -> str:
    """Return a day of a table, such as "Mar 4"; with its year where the range has several."""
    day = date.fromisoformat(iso)
    years = days.first.year != days.last.year or day.year != days.last.year
    # Translators: how CLDR writes the pattern of a day, without and with its year
    pattern = gettext("MMM d, yyyy") if years else gettext("MMM d")
    return str(format_date(day, pattern))


def _is_part() -> bool:
    return request.headers.get("X-Requested-With") == "XMLHttpRequest"


def _file(body: bytes, kind: str, name: str | None) -> Response:
    response = Response(body, mimetype=MIMETYPES[kind])
    if name is not None:
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response


def _one_of(values: tuple[str, ...], name: str) -> str:
    """Return an argument of the address, the first value when it is absent."""
    value = request.args.get(name, values[0])
    if value not in values:
        known = gettext(" or ").join(values)
        raise InvalidInput(
            gettext("The %(name)s is %(values)s.", name=name, values=known), field=name
        )
    return value
