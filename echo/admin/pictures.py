"""People's pictures: seen, given, taken away. Knows no formats."""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_admin import expose
from flask_login import current_user
from markupsafe import Markup

from echo.admin import cells
from echo.admin.access import Guarded
from echo.admin.columns import Column
from echo.admin.filters import IdIs, days, whole_id
from echo.admin.pages import TakingPictures, go, handle
from echo.admin.table_view import TableView
from echo.errors import InvalidInput
from echo.forms import fields
from echo.forms.admin import PictureForm
from echo.languages import gettext, mark
from echo.limits import PICTURE_BYTES
from echo.models import Picture
from echo.services.accounts import accounts
from echo.services.people import administration, people_pictures


def _preview(row: Picture, _name: str) -> Markup:
    return Markup(
        '<img class="preview" src="{}" alt="" width="56" height="56" loading="lazy">'
    ).format(url_for("profile.picture", picture_id=row.id))


class Pictures(TakingPictures, Guarded, TableView):
    """Every picture; a person has one at most."""

    routes = ("index_view", "create_view", "delete_view", "export")
    carrying = ("create_view",)
    about = mark("Pictures that people chose for themselves or were given here.")
    can_create = True
    create_label = mark("Give a picture")
    can_view_details = False
    columns = (
        Column("id", mark("Picture"), _preview),
        Column("user_id", mark("Person"), cells.person, sort=("user_id",)),
        Column("size_bytes", mark("Size"), cells.size, sort=("size_bytes",)),
        Column("created_at", mark("Since"), cells.moment, sort=("created_at",)),
    )
    column_default_sort = ("created_at", True)
    newest = "created_at"
    column_filters = (
        IdIs(Picture.user_id, mark("Person's number"), "user_id"),
        *days(Picture.created_at),
    )
    list_template = "admin/pictures.html"

    def __init__(self) -> None:
        super().__init__(Picture, mark("Pictures"), "pictures")

    def prepare(self, rows: list[Picture]) -> None:
        cells.know_people(rows)

    def may_change(self, row: Picture) -> bool:
        return administration.may_edit(current_user, accounts.get(row.user_id))

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Any:
        """Give a person a picture, in place of theirs."""
        form = PictureForm(user_id=request.args.get("user_id", ""))

        def act() -> None:
            try:
                user_id = whole_id(str(form.user_id.data))
            except ValueError:
                raise InvalidInput(
                    gettext("Enter the number of an account."), field="user_id"
                ) from None
            people_pictures.give(current_user, user_id, fields.uploaded(form.picture))

        def show() -> str:
            page: str = self.render("admin/picture_form.html", form=form, most=PICTURE_BYTES)
            return page

        return handle(
            form, show, act, done=gettext("The picture is stored."), url=url_for(".index_view")
        )

    @expose("/delete/", methods=("POST",))
    def delete_view(self) -> Any:
        """Take a picture away; the person's letter is shown again."""
        picture: Picture = self.get_one(request.args.get("id", ""))
        people_pictures.take_away(current_user, picture.id)
        return go(url_for(".index_view"), gettext("The picture is deleted."))
