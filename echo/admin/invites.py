"""Invitations: list, make, withdraw. Knows no tokens: a link is shown once and kept nowhere."""

from __future__ import annotations

from typing import Any

from flask import g, request, url_for
from flask_admin import expose
from flask_login import current_user
from markupsafe import Markup

from echo.admin import cells, sentences
from echo.admin.access import Guarded
from echo.admin.bulk import BulkAct
from echo.admin.columns import Column, On
from echo.admin.filters import ChoiceIs, IdIs, days
from echo.admin.pages import go
from echo.admin.table_view import TableView
from echo.clock import utc_now
from echo.config import public_address
from echo.forms.admin import InviteForm
from echo.languages import gettext, mark, number
from echo.models import Invite
from echo.services import site_settings
from echo.services.people import account_facts, invites

KINDS = {"open": "good", "revoked": "bad"}
STATES = {
    "open": mark("Open"),
    "used_up": mark("Used up"),
    "expired": mark("Expired"),
    "revoked": mark("Withdrawn"),
}
TAGS = {
    "open": mark("open"),
    "used_up": mark("used up"),
    "expired": mark("expired"),
    "revoked": mark("withdrawn"),
}


def _uses(row: Invite, _name: str) -> str:
    return gettext("%(used)s of %(most)s", used=number(row.uses), most=number(row.max_uses))


def _state(row: Invite, _name: str) -> Markup:
    state = invites.state(row)
    return Markup('<span class="tag {}">{}</span>').format(
        KINDS.get(state, ""), gettext(TAGS[state])
    )


def _maker(row: Invite, _name: str) -> Any:
    return sentences.person(row.created_by, g.invite_makers, "–")


class _StateIs(ChoiceIs):
    """Invitations in one state, as `invites.state` tells it."""

    def apply(self, query: Any, value: Any, alias: Any = None) -> Any:
        now = utc_now()
        if value == "revoked":
            return query.filter(Invite.revoked_at.is_not(None))
        query = query.filter(Invite.revoked_at.is_(None))
        if value == "expired":
            return query.filter(Invite.expires_at <= now)
        is_used_up = Invite.uses >= Invite.max_uses
        return query.filter(
            Invite.expires_at > now, is_used_up if value == "used_up" else ~is_used_up
        )


class Invites(Guarded, TableView):
    """Every invitation, the old ones too."""

    routes = ("index_view", "create_view", "revoke", "action_view", "export")
    about = mark("Links with which people make an account of their own.")
    can_create = True
    create_label = mark("New invitation")
    can_view_details = False
    columns = (
        Column("id", on=On.CSV),
        Column("note", mark("For"), cells.cut),
        Column("revoked_at", mark("State"), _state),
        Column("uses", mark("Used"), _uses),
        Column("max_uses", on=On.CSV),
        Column("created_by", mark("By"), _maker),
        Column("created_at", mark("Made"), cells.moment, sort=("created_at", "id")),
        Column("expires_at", mark("Until"), cells.moment, sort=("expires_at",)),
    )
    column_default_sort = ("id", True)
    searched = (Invite.note,)
    column_filters = (
        _StateIs(Invite.revoked_at, mark("State"), "state", list(STATES.items())),
        IdIs(Invite.created_by, mark("Made by person number"), "created_by"),
        *days(Invite.created_at, mark("Made from"), mark("Made until")),
    )
    bulk_acts = {  # fixed by the class
        "revoke": BulkAct(
            mark("Withdraw"),
            mark(
                "Withdraw these invitations? Their links stop working; accounts made with them stay."
            ),
            mark("Invitations withdrawn"),
            invites.revoke,
            is_harsh=True,
        ),
    }
    list_template = "admin/invites.html"

    def __init__(self) -> None:
        super().__init__(Invite, mark("Invitations"), "invites")

    @property
    def mode(self) -> str:
        """Who may sign up now: the page says when invitations are not asked for."""
        return site_settings.current().signup_mode

    def may_revoke(self, invite: Invite) -> bool:
        return invites.state(invite) == "open"

    def row_title(self, row: Invite) -> str:
        moment = f"{row.created_at:%Y-%m-%d %H:%M} UTC"
        return row.note or gettext("Invitation of %(moment)s", moment=moment)

    def prepare(self, rows: list[Invite]) -> None:
        g.invite_makers = account_facts.names(row.created_by for row in rows)

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Any:
        form = InviteForm()
        if not form.is_submitted():
            return self.render("admin/invite_form.html", form=form)
        if not form.validate():
            return self.render("admin/invite_form.html", form=form), 400
        token = invites.make(
            current_user,
            note=str(form.note.data or ""),
            max_uses=int(form.max_uses.data or 1),
            days=int(form.days.data or 1),
        )
        return self.render(
            "admin/link.html",
            heading=gettext("The invitation is made"),
            about=gettext(
                "Hand this link over yourself; it is shown this once. Whoever has it can sign up."
            ),
            address=public_address(url_for("signup.index", invite=token)),
            back=url_for(".index_view"),
            back_label=gettext(self.name),
        )

    @expose("/revoke/", methods=("POST",))
    def revoke(self) -> Any:
        """Let a link work no more; accounts that were made with it stay."""
        invite: Invite = self.get_one(request.args.get("id", ""))
        invites.revoke(current_user, invite.id)
        return go(url_for(".index_view"), gettext("The invitation is withdrawn."))
