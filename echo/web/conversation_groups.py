"""The sidebar's groups: Pinned, Today, Yesterday, Previous 7 days, then months. Knows no HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo
from itertools import groupby
from typing import Any

from flask import request
from flask_login import current_user

from echo.clock import ZONE_COOKIE, utc_now, zone_named
from echo.languages import gettext, month
from echo.models import Conversation
from echo.services.chats import wire
from echo.services.turns import Turns

DAYS_IN_WEEK = 7


def of(rows: Iterable[Conversation]) -> list[dict[str, Any]]:
    """Return `[{label, conversations}]` for rows in the order of the sidebar, by the viewer's days."""
    zone = zone_named(request.cookies.get(ZONE_COOKIE))
    rows = list(rows)
    live = Turns.here().everywhere.live_among([row.id for row in rows])
    return [
        {"label": label, "conversations": [_row(row, row.id in live) for row in group]}
        for label, group in groupby(rows, key=lambda row: _label(row, zone))
    ]


def row_of(row: Conversation) -> dict[str, Any]:
    """Return what one row of the sidebar shows."""
    return _row(row, Turns.here().is_live(row.id))


def _row(row: Conversation, is_live: bool) -> dict[str, Any]:
    told = wire.conversation(row, is_live, current_user.id)
    return {
        **{name: told[name] for name in ("id", "title", "pinned", "live", "tags", "persona")},
        "updated_at": row.updated_at,
        "place": "archived" if told["archived"] else told["folder_id"] or "",
        "folder": told["folder_id"] or "",
        "together": told["together"],
    }


def _label(row: Conversation, zone: tzinfo) -> str:
    if row.pinned and row.user_id == current_user.id:
        return gettext("Pinned")
    day = row.updated_at.astimezone(zone)
    days = (utc_now().astimezone(zone).date() - day.date()).days
    if days <= 0:
        return gettext("Today")
    if days == 1:
        return gettext("Yesterday")
    return gettext("Previous 7 days") if days <= DAYS_IN_WEEK else month(day)
