"""Personas for everybody: listed, made, changed, deleted. People's own are never shown here."""

from __future__ import annotations

from typing import Any

from flask import get_template_attribute, request, url_for
from flask_admin import expose
from flask_login import current_user
from markupsafe import Markup
from sqlalchemy.orm import Query

from echo import limits
from echo.admin import cells, words
from echo.admin.access import Guarded
from echo.admin.columns import EVERYWHERE, Column, On
from echo.admin.filters import ChoiceIs
from echo.admin.pages import Deleting, TakingPictures, handle, shown_version
from echo.admin.table_view import TableView
from echo.forms.personas import SharedPersonaForm
from echo.languages import gettext, mark
from echo.models import Persona, RoleName
from echo.policies import FROM_ROLE_ON
from echo.services.chats import persona_values, shared_personas
from echo.services.serving import Models


def _users(row: Persona, _name: str) -> Markup:
    role = RoleName(str(row.least_role))
    return Markup('<span class="tag">{}</span>').format(gettext(FROM_ROLE_ON[role]))


def _picture(row: Persona, _name: str) -> Markup:
    face: Markup = get_template_attribute("partials/persona_picture.html", "picture_of")(row)
    return face


class SharedPersonas(TakingPictures, Deleting, Guarded, TableView):
    """With whom everybody, or whoever has a role, may begin chats."""

    routes = ("index_view", "details_view", "create_view", "edit_view", "delete_view", "export")
    proof_for = ("create_view", "edit_view", "delete_view")
    carrying = ("create_view", "edit_view")
    about = mark("Ready-made partners for chats, for everybody or from a role on.")
    can_create = can_edit = True
    delete_template, deleted = "admin/persona_delete.html", mark("The persona is deleted.")
    create_label = mark("New persona")
    columns = (
        Column("id", mark("Id"), on=On.DETAILS | On.CSV),
        Column("emoji", mark("Picture"), _picture, on=EVERYWHERE),
        Column("name", mark("Name"), cell=cells.cut, sort=("name", "id")),
        Column("description", mark("Description"), cell=cells.cut, is_minor=True),
        Column(
            "system_prompt",
            mark("System prompt"),
            cell=cells.cut,
            is_long=True,
            on=On.DETAILS | On.CSV,
        ),
        Column("model", mark("Model"), is_minor=True),
        Column("least_role", mark("Who sees it"), _users, on=EVERYWHERE, sort=("least_role", "id")),
        Column("created_at", mark("Since"), cells.moment, sort=("created_at", "id")),
    )
    column_default_sort = "name"
    newest = "created_at"
    searched = (Persona.name, Persona.description, Persona.system_prompt)
    column_filters = (
        ChoiceIs(Persona.least_role, mark("Who sees it"), "least_role", list(FROM_ROLE_ON.items())),
    )
    list_template = "admin/personas.html"

    def __init__(self) -> None:
        super().__init__(Persona, mark("Personas"), "personas")

    def row_title(self, row: Persona) -> str:
        return row.name

    def all_rows(self) -> Query[Any]:
        return super().all_rows().filter(Persona.user_id.is_(None))

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Any:
        form = _form()

        def act() -> None:
            role = RoleName(form.least_role.data)
            shared_personas.share(current_user, form.values(), role, form.own_picture())

        return self._edit(form, None, act, gettext("The persona is there."))

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> Any:
        row: Persona = self.get_one(request.args.get("id", ""))
        form = _form(row)

        def act() -> None:
            role, seen = RoleName(form.least_role.data), str(form.version.data or "")
            picture = form.own_picture()
            shared_personas.change(current_user, row.id, form.values(), role, seen, picture)

        return self._edit(form, row, act, gettext("The persona is saved."))

    def _edit(self, form: SharedPersonaForm, row: Persona | None, act: Any, done: str) -> Any:
        def show() -> str:
            page: str = self.render(
                "admin/persona_form.html",
                form=form,
                row=row,
                version=shown_version(form, shared_personas.version(row) if row else ""),
                values=_shown(form, row),
                wrong=_wrong(form),
                models=Models.here().views(),
                roles=dict(words.choices(FROM_ROLE_ON)),
                limits=limits,
            )
            return page

        return handle(form, show, act, done=done, url=url_for(".index_view"))

    def remove(self, row_id: str) -> None:
        shared_personas.remove(current_user, row_id)


def _form(row: Persona | None = None) -> SharedPersonaForm:
    form = SharedPersonaForm(data={"least_role": row.least_role} if row else None)
    form.least_role.choices = words.choices(FROM_ROLE_ON)
    return form


def _shown(form: SharedPersonaForm, row: Persona | None) -> Any:
    """Return what stands in the fields: what was typed, else what is stored, else what is usual."""
    return (
        persona_values.USUAL | form.values() if form.is_submitted() else row or persona_values.USUAL
    )


def _wrong(form: SharedPersonaForm) -> list[str]:
    """Return what is said of fields that this page draws itself."""
    apart = ("version", "least_role")
    return [str(errors[0]) for name, errors in form.errors.items() if errors and name not in apart]
