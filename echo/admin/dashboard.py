"""The first page: cards, and the sign-ups as chart, table and downloads. Knows services, no rows."""

from __future__ import annotations

import csv
import io
from typing import Any, Final, cast

from flask import Response, request
from flask_admin import BaseView, expose

from echo.admin import charts, ranges
from echo.admin.access import Guarded
from echo.admin.pages import Page
from echo.errors import InvalidInput
from echo.services import reports

MIMETYPES: Final = {"svg": "image/svg+xml", "png": "image/png", "csv": "text/csv"}
STEPS: Final = {"day": "Day", "week": "Week from", "month": "Month from"}
FEW_RATINGS: Final = "No answers rated yet"


class Dashboard(Guarded, Page, BaseView):
    """How many people, how much talk, how it felt, who came."""

    routes = ("index", "signups")

    def __init__(self) -> None:
        super().__init__(name="Dashboard", endpoint="admin", url="/admin")

    @expose("/")
    def index(self) -> Any:
        error: InvalidInput | None = None
        try:
            days = ranges.read(request.args)
        except InvalidInput as refusal:
            days, error = ranges.preset(), refusal
        table = charts.signups_table(days)
        page = self.render(
            "admin/dashboard.html",
            cards=_cards(reports.totals()),
            days=days,
            presets=ranges.PRESETS,
            error=error,
            typed={name: request.args.get(name, days.address[name]) for name in ("from", "to")},
            table=table,
            step=STEPS[table.step],
            signups=sum(line.signups for line in table.lines),
        )
        return (page, error.status) if error else page

    @expose("/charts/signups.<any(svg, png, csv):kind>")
    def signups(self, kind: str) -> Response:
        """The chart of a range as picture, or its numbers."""
        days = ranges.read(request.args)
        if kind == "csv":
            body: str | bytes = _csv(charts.signups_table(days))
        else:
            body = charts.signups_picture(
                days,
                cast(charts.Theme, _one_of(("light", "dark"), "theme")),
                cast(charts.Kind, kind),
                cast(charts.Size, _one_of(("wide", "narrow"), "size")),
            )
        response = Response(body, mimetype=MIMETYPES[kind])
        if kind != "svg":
            name = f"echo-signups-{days.first}-{days.last}.{kind}"
            response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


def _one_of(values: tuple[str, ...], name: str) -> str:
    """Return an argument of the address, the first value when it is absent."""
    value = request.args.get(name, values[0])
    if value not in values:
        raise InvalidInput(f"The {name} is {' or '.join(values)}.", field=name)
    return value


def _csv(table: charts.Table) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow((f"{table.step}_from", "signups", "users_in_all"))
    writer.writerows(table.lines)
    return buffer.getvalue()


def _cards(totals: reports.Totals) -> list[dict[str, str]]:
    """Return name, number and explanation of each card."""
    liked = f"{totals.liked / totals.rated:.0%}" if totals.rated else "–"
    rated = f"{totals.liked:,} of {totals.rated:,} thumbs up, 30 days"
    return [
        {"name": "People", "value": f"{totals.users:,}", "note": "accounts in all"},
        {
            "name": "Active today",
            "value": f"{totals.active_today:,}",
            "note": "seen since 0:00 UTC",
        },
        {"name": "Admins", "value": f"{totals.admins:,}", "note": "super admins included"},
        {"name": "Conversations", "value": f"{totals.conversations:,}", "note": "not deleted"},
        {
            "name": "Messages today",
            "value": f"{totals.messages_today:,}",
            "note": "questions and replies",
        },
        {"name": "Feedback", "value": f"{totals.feedback:,}", "note": "opinions in all"},
        {"name": "Satisfaction", "value": liked, "note": rated if totals.rated else FEW_RATINGS},
    ]
