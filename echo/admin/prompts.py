"""Shared prompts: listed, made, changed, deleted. People's own are never shown here."""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_admin import expose
from flask_login import current_user
from markupsafe import Markup

from echo.admin import cells, words
from echo.admin.access import Guarded
from echo.admin.columns import EVERYWHERE, Column, On
from echo.admin.filters import ChoiceIs
from echo.admin.pages import Deleting, handle, shown_version
from echo.admin.table_view import TableView
from echo.forms.admin import SharedPromptForm
from echo.languages import gettext, mark
from echo.models import RoleName, SharedPrompt
from echo.policies import FROM_ROLE_ON
from echo.services.prompts import saved, sharing


def _users(row: SharedPrompt, _name: str) -> Markup:
    return Markup('<span class="tag">{}</span>').format(
        gettext(FROM_ROLE_ON[RoleName(row.least_role)])
    )


class SharedPrompts(Deleting, Guarded, TableView):
    """What the message field offers to everybody, or from a role on."""

    routes = ("index_view", "details_view", "create_view", "edit_view", "delete_view", "export")
    proof_for = ("create_view", "edit_view", "delete_view")
    about = mark(
        "Texts that the message field offers after a slash, to everybody or from a role on."
    )
    can_create = can_edit = True
    delete_template, deleted = "admin/prompt_delete.html", mark("The prompt is deleted.")
    create_label = mark("New prompt")
    columns = (
        Column("id", mark("Id"), on=On.DETAILS | On.CSV),
        Column("name", mark("Name"), cell=cells.cut, sort=("name", "id")),
        Column("text", mark("Text"), cell=cells.cut, is_long=True, is_minor=True),
        Column("least_role", mark("Who sees it"), _users, on=EVERYWHERE, sort=("least_role", "id")),
        Column("created_at", mark("Since"), cells.moment, sort=("created_at", "id")),
    )
    column_default_sort = "name"
    newest = "created_at"
    searched = (SharedPrompt.name, SharedPrompt.text)
    column_filters = (
        ChoiceIs(
            SharedPrompt.least_role, mark("Who sees it"), "least_role", list(FROM_ROLE_ON.items())
        ),
    )
    list_template = "admin/prompts.html"

    def __init__(self) -> None:
        super().__init__(SharedPrompt, mark("Prompts"), "prompts")

    def row_title(self, row: SharedPrompt) -> str:
        return row.name

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Any:
        form = _form()

        def act() -> None:
            sharing.share(current_user, _wording(form), RoleName(form.least_role.data))

        return self._edit(form, None, act, gettext("The prompt is shared."))

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> Any:
        row: SharedPrompt = self.get_one(request.args.get("id", ""))
        form = _form(row)

        def act() -> None:
            role = RoleName(form.least_role.data)
            sharing.change(current_user, row.id, _wording(form), role, str(form.version.data or ""))

        return self._edit(form, row, act, gettext("The prompt is saved."))

    def _edit(self, form: SharedPromptForm, row: SharedPrompt | None, act: Any, done: str) -> Any:
        def show() -> str:
            version = shown_version(form, sharing.version(row) if row else "")
            page: str = self.render(
                "admin/prompt_form.html",
                form=form,
                row=row,
                version=version,
                roles=dict(words.choices(FROM_ROLE_ON)),
            )
            return page

        return handle(form, show, act, done=done, url=url_for(".index_view"))

    def remove(self, row_id: str) -> None:
        sharing.remove(current_user, row_id)


def _form(row: SharedPrompt | None = None) -> SharedPromptForm:
    form = SharedPromptForm(obj=row)
    form.least_role.choices = words.choices(FROM_ROLE_ON)
    return form


def _wording(form: SharedPromptForm) -> saved.Wording:
    return saved.checked(form.name.data, form.text.data)
