"""Roles: what each says and allows a day. Their names are fixed; none is made or deleted."""

from __future__ import annotations

from typing import Any, Final

from flask import request, url_for
from flask_admin import expose
from flask_login import current_user
from markupsafe import Markup

from echo.admin import cells
from echo.admin.access import Guarded
from echo.admin.columns import Column
from echo.admin.pages import handle, shown_version
from echo.admin.table_view import TableView
from echo.forms.admin import RoleForm
from echo.languages import gettext, mark, number
from echo.models import Role
from echo.services.people import administration

FIRST_WORDS: Final = (  # as the first migration wrote them; what an administrator writes stays as it is
    mark("Chats."),
    mark("Chats, and reads the charts."),
    mark("Also sees and edits people and feedback."),
    mark("Also gives roles and takes backups."),
)
NO_LIMIT = Markup('<span class="faint">{}</span>')


def _description(row: Role, name: str) -> Any:
    """In the reader's language, unless somebody has written another one."""
    written = row.description
    return gettext(written) if written in FIRST_WORDS else cells.cut(row, name)


def _allowance(row: Role, name: str) -> Any:
    value: int | None = getattr(row, name)
    return NO_LIMIT.format(gettext("no limit")) if value is None else number(value)


class Roles(Guarded, TableView):
    """The four roles."""

    routes = ("index_view", "edit_view")
    proof_for = ("edit_view",)
    about = mark("What each role says and allows a day. An empty allowance means no limit.")
    can_edit = True
    can_view_details = False
    columns = (
        Column("name", mark("Name"), cell=cells.tag),
        Column("description", mark("Description"), _description),
        Column("daily_messages", mark("Messages a day"), _allowance),
        Column("daily_tokens", mark("Tokens a day"), _allowance),
    )
    column_default_sort = "id"

    def __init__(self) -> None:
        super().__init__(Role, mark("Roles"), "roles")

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> Any:
        role = self.get_one(request.args.get("id", ""))
        form = RoleForm(obj=role)

        def act() -> None:
            administration.edit_role(
                current_user,
                role.id,
                description=str(form.description.data or ""),
                daily_messages=form.daily_messages.data,
                daily_tokens=form.daily_tokens.data,
                seen=str(form.version.data),
            )

        def show() -> str:
            version = shown_version(form, administration.version(role))
            page: str = self.render("admin/role_form.html", form=form, role=role, version=version)
            return page

        url = url_for(".index_view")
        return handle(form, show, act, done=gettext("The role is saved."), url=url)
