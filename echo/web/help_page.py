"""The help page: the table of what Echo can do, searched by address. Knows no chat and no model."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import Blueprint, current_app, render_template, request, url_for
from flask_login import current_user

from echo import policies
from echo.languages import gettext
from echo.limits import SEARCH_CHARS
from echo.policies import RoleName
from echo.services import help, site_settings
from echo.services.help import Entry

blueprint = Blueprint("help", __name__)


@blueprint.get("/help")
def index() -> str:
    query = " ".join(request.args.get("q", "").split())[:SEARCH_CHARS]
    role = current_user.role_name if current_user.is_authenticated else None
    found = help.browse(query, role)
    return render_template(
        "help.html", query=query, count=len(found), groups=_groups(found, query, role)
    )


def _groups(found: list[Entry], query: str, role: RoleName | None) -> list[dict[str, Any]]:
    """Return the entries by group; those that were searched for in one, best first."""
    if query:
        return [{"name": "", "rows": _rows(found, role)}] if found else []
    return [
        {"name": gettext(name), "rows": _rows(list(rows), role)}
        for name, rows in groupby(found, key=lambda entry: entry.group)
    ]


def _rows(found: list[Entry], role: RoleName | None) -> list[dict[str, Any]]:
    facts = help.facts_of(current_app.extensions["settings"], site_settings.current())
    said = help.facts_here(facts)
    return [
        {"entry": entry, "pieces": entry.pieces(said), "url": _url(entry, role)}
        for entry in map(help.entry_here, found)
    ]


def _url(entry: Entry, role: RoleName | None) -> str | None:
    """Return where the entry leads; None where this person cannot go, or would find nothing."""
    endpoint, _, fragment = entry.link.partition("#")
    if (
        not endpoint
        or not policies.allows(role, policies.of_route(endpoint))
        or (fragment and role is None)
    ):
        return None
    return url_for(endpoint, _anchor=fragment or None)
