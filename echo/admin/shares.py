"""Chats that people show to others by a link: to whom, since when, what is seen. One can be ended here."""

from __future__ import annotations

from typing import Any

from flask import g, request, url_for
from flask_admin import expose
from flask_login import current_user
from markupsafe import Markup

from echo.admin import cells
from echo.admin.access import Guarded
from echo.admin.bulk import BulkAct
from echo.admin.columns import PAGES, Column, On
from echo.admin.filters import ChoiceIs, IdIs, days
from echo.admin.pages import go
from echo.admin.tables import PrivateTable
from echo.clock import utc_now
from echo.languages import gettext, mark
from echo.models import Share, Visibility
from echo.services.sharing import shares


def _seen_by(row: Share, _name: str) -> Markup:
    if row.expires_at is not None and row.expires_at <= utc_now():
        return _tag(gettext("nobody: expired"))
    if row.visibility not in g.sharing_possible:
        return _tag(gettext("fewer: switched off"))
    return _tag(gettext(shares.SEEN_BY[Visibility(row.visibility)]))


def _tag(word: str) -> Markup:
    return Markup('<span class="tag">{}</span>').format(word)


class Shares(Guarded, PrivateTable):
    """Every link to a shared chat that has not been stopped."""

    routes = ("index_view", "details_view", "revoke", "action_view", "export")
    about = mark(
        "What people show to others by a link. What you see of others is noted in the audit trail, "
        "and they are shown it. A link that you end is noted too."
    )
    columns = (
        Column("id", mark("Id"), on=On.DETAILS | On.CSV),
        Column("title", mark("Title"), cell=cells.cut, on=PAGES | On.WORDS),
        Column("user_id", mark("Person"), cells.person),
        Column("visibility", mark("Seen by"), _seen_by),
        Column("with_name", mark("With their name"), cells.flag, on=On.DETAILS | On.CSV),
        Column("opened", mark("Opened"), cells.amount),
        Column("created_at", mark("Shared"), cells.moment, sort=("created_at",)),
        Column("taken_at", mark("Copy of"), cells.moment, is_minor=True),
        Column("expires_at", mark("Until"), cells.moment),
    )
    column_default_sort = ("created_at", True)
    newest = "created_at"
    searched = (Share.title,)
    column_filters = (
        IdIs(Share.user_id, mark("Person's number"), "user_id"),
        ChoiceIs(
            Share.visibility, mark("Seen by"), "visibility",
            [
                (Visibility.SIGNED_IN, mark("People with an account")),
                (Visibility.PUBLIC, mark("Everybody with the link")),
            ],
        ),
        *days(Share.created_at),
    )  # fmt: skip
    bulk_acts = {  # fixed by the class
        "revoke": BulkAct(
            mark("End"),
            mark(
                "End these links? What they show is seen by nobody any more; their people keep the chats."
            ),
            mark("Links ended"),
            shares.revoke,
            is_harsh=True,
        ),
    }
    list_template = "admin/shares.html"
    details_template = "admin/share.html"

    def __init__(self) -> None:
        super().__init__(Share, mark("Shared chats"), "shares")

    def know(self, rows: list[Share]) -> None:
        super().know(rows)
        g.sharing_possible = shares.possible()

    def row_title(self, row: Share) -> str:
        title = row.title or gettext("Untitled")
        return f"{row.user.username}: {title}"

    def may_revoke(self, row: Share) -> bool:
        return shares.may_revoke(current_user, row)

    @expose("/revoke/", methods=("POST",))
    def revoke(self) -> Any:
        """End one link."""
        shares.revoke(current_user, str(self.checked_id(request.args.get("id", ""))))
        return go(url_for(".index_view"), gettext("The link shows nothing any more."))
