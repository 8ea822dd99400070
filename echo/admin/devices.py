"""Browsers in which people are signed in; one can be signed out alone. Knows no tokens."""

from __future__ import annotations

from typing import Any

from flask import g, request, url_for
from flask_admin import expose
from flask_login import current_user
from markupsafe import Markup
from sqlalchemy import ColumnElement

from echo import hub
from echo.admin import cells
from echo.admin.access import Guarded
from echo.admin.bulk import BulkAct
from echo.admin.columns import Column, On
from echo.admin.filters import ChoiceIs, IdIs, TextIs, days
from echo.admin.pages import go
from echo.admin.table_view import TableView
from echo.clock import utc_now
from echo.languages import gettext, mark
from echo.models import Device
from echo.services.people import administration
from echo.services.sign_in import device_names, devices


def _state(row: Device, _name: str) -> Markup:
    live = devices.is_live(row)
    kind, word = ("good", gettext("signed in")) if live else ("", gettext("ended"))
    return Markup('<span class="tag {}">{}</span>').format(kind, word)


def _title(row: Device, _name: str) -> Markup:
    title = g.device_titles.get(row.user_agent, device_names.UNKNOWN)
    return Markup('<span title="{}">{}</span>').format(row.user_agent, title)


def _has_ended() -> ColumnElement[bool]:
    """Idle ones are ended by a job within minutes, so the row itself tells."""
    return Device.revoked_at.is_not(None) | (Device.expires_at <= utc_now())


class _StateIs(ChoiceIs):
    """Signed in, or over."""

    def apply(self, query: Any, value: Any, alias: Any = None) -> Any:
        ended = _has_ended()
        return query.filter(ended if value == "ended" else ~ended)


class Devices(Guarded, TableView):
    """Every session, the ended ones too as long as they are kept."""

    routes = ("index_view", "revoke", "action_view", "export")
    about = mark("Where people are signed in.")
    can_view_details = False
    columns = (
        Column("id", on=On.CSV),
        Column("user_agent", mark("Browser"), _title),
        Column("revoked_at", mark("State"), _state),
        Column("user", mark("Person"), cells.named_person, on=On.LIST),
        Column("user_id", on=On.CSV),
        Column("address", mark("Address")),
        Column("method", on=On.CSV),
        Column("created_at", mark("Since"), cells.moment, sort=("created_at", "id")),
        Column("last_seen_at", mark("Last here"), cells.moment),
        Column("expires_at", mark("Until"), cells.moment, sort=("expires_at",)),
    )
    column_default_sort = ("id", True)
    searched = (Device.user_agent, Device.address)
    column_filters = (
        IdIs(Device.user_id, mark("Person's number"), "user_id"),
        _StateIs(
            Device.revoked_at,
            mark("State"),
            "state",
            [("live", mark("Signed in")), ("ended", mark("Ended"))],
        ),
        TextIs(Device.address, mark("Address"), "address"),
        *days(Device.created_at),
    )
    bulk_acts = {  # fixed by the class
        "revoke": BulkAct(
            mark("Sign out"),
            mark("Sign these browsers out? Their people can sign in again."),
            mark("Browsers signed out"),
            administration.sign_out_device,
            is_harsh=True,
        ),
    }
    list_template = "admin/devices.html"

    def __init__(self) -> None:
        super().__init__(Device, mark("Devices"), "devices")

    def prepare(self, rows: list[Device]) -> None:
        agents = list({row.user_agent for row in rows})
        names = hub.run_native(device_names.readable_all, agents)
        g.device_titles = {agent: name.title for agent, name in zip(agents, names, strict=True)}

    def row_title(self, row: Device) -> str:
        return f"{row.user.username}: {row.user_agent[: cells.CUT] or row.address}"

    def may_revoke(self, row: Device) -> bool:
        return devices.is_live(row) and administration.may_edit(current_user, row.user)

    @expose("/revoke/", methods=("POST",))
    def revoke(self) -> Any:
        """Sign one browser out."""
        device: Device = self.get_one(request.args.get("id", ""))
        administration.sign_out_device(current_user, device.id)
        return go(
            url_for(".index_view"),
            gettext("%(name)s is signed out there.", name=device.user.username),
        )
