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
from echo.models import Invite
from echo.services import site_settings
from echo.services.people import account_facts, invites

KINDS = {"open": "good", "revoked": "bad"}
STATES = {"open": "Open", "used_up": "Used up", "expired": "Expired", "revoked": "Withdrawn"}


def _uses(row: Invite, _name: str) -> str:
    return f"{row.uses:,} of {row.max_uses:,}"


def _state(row: Invite, _name: str) -> Markup:
    state = invites.state(row)
    word = "withdrawn" if state == "revoked" else state
    return Markup('<span class="tag {}">{}</span>').format(KINDS.get(state, ""), word)


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
    about = "Links with which people make an account of their own."
    can_create = True
    create_label = "New invitation"
    can_view_details = False
    columns = (
        Column("id", on=On.CSV),
        Column("note", "For", cells.cut),
        Column("revoked_at", "State", _state),
        Column("uses", "Used", _uses),
        Column("max_uses", on=On.CSV),
        Column("created_by", "By", _maker),
        Column("created_at", "Made", cells.moment, sort=("created_at", "id")),
        Column("expires_at", "Until", cells.moment, sort=("expires_at",)),
    )
    column_default_sort = ("id", True)
    searched = (Invite.note,)
    column_filters = (
        _StateIs(Invite.revoked_at, "State", "state", list(STATES.items())),
        IdIs(Invite.created_by, "Made by person number", "created_by"),
        *days(Invite.created_at, "Made"),
    )
    bulk_acts = {  # fixed by the class
        "revoke": BulkAct(
            "Withdraw",
            "Withdraw these invitations? Their links stop working; accounts made with them stay.",
            "Invitations withdrawn",
            invites.revoke,
            is_harsh=True,
        ),
    }
    list_template = "admin/invites.html"

    def __init__(self) -> None:
        super().__init__(Invite, "Invitations", "invites")

    @property
    def mode(self) -> str:
        """Who may sign up now: the page says when invitations are not asked for."""
        return site_settings.current().signup_mode

    def may_revoke(self, invite: Invite) -> bool:
        return invites.state(invite) == "open"

    def row_title(self, row: Invite) -> str:
        return row.note or f"Invitation of {row.created_at:%Y-%m-%d %H:%M} UTC"

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
            heading="The invitation is made",
            about="Hand this link over yourself; it is shown this once. Whoever has it can sign up.",
            address=public_address(url_for("signup.index", invite=token)),
            back=url_for(".index_view"),
            back_label=self.name,
        )

    @expose("/revoke/", methods=("POST",))
    def revoke(self) -> Any:
        """Let a link work no more; accounts that were made with it stay."""
        invite: Invite = self.get_one(request.args.get("id", ""))
        invites.revoke(current_user, invite.id)
        return go(url_for(".index_view"), "The invitation is withdrawn.")
