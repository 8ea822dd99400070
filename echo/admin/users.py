"""People: list, details, create, edit. Knows no passwords or secrets: those columns are never read here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import request, url_for
from flask_admin import expose
from flask_login import current_user
from sqlalchemy import select

from echo.admin import cells, words
from echo.admin.access import Guarded
from echo.admin.bulk import BulkAct
from echo.admin.columns import Column, On
from echo.admin.filters import ChoiceIs, IdIs, IsThere, IsTrue, days, few
from echo.admin.pages import handle, shown_version
from echo.admin.table_view import TableView
from echo.admin.user_acts import UserActs
from echo.extensions import db
from echo.forms.admin import CreateUserForm, EditUserForm
from echo.languages import gettext, mark
from echo.models import Role, RoleName, User
from echo.services.people import account_facts, administration
from echo.services.people.account_facts import Facts


class _RoleIs(ChoiceIs):
    """People with one role, found through the role's name."""

    def apply(self, query: Any, value: Any, alias: Any = None) -> Any:
        role_id = db.session.scalar(select(Role.id).where(Role.name == value))
        return few(query, User.id, User.role_id == role_id)


def _switch(active: bool) -> Callable[[User, int], None]:
    """Return what switches one account on or off."""

    def act(actor: User, user_id: int) -> None:
        administration.switch(actor, user_id, active)

    return act


class Users(UserActs, Guarded, TableView):
    """Every account. A plain admin edits those without rights over others, and gives no roles."""

    routes = (
        "index_view", "details_view", "create_view", "edit_view", "action_view", "export",
        *UserActs.acts,
    )  # fmt: skip
    proof_for = ("create_view", "edit_view", "action_view", *UserActs.acts_with_proof)
    create_label = mark("New account")
    about = mark("Everybody with an account here.")
    can_create = can_edit = True
    columns = (
        Column("id", mark("No."), sort=("id",), is_minor=True),
        Column("username", mark("Name"), cells.account, sort=("username_key",)),
        Column("email", mark("E-mail"), cells.one_line, sort=("email_key",)),
        Column("role", mark("Role"), cell=cells.tag),
        Column("active", mark("May sign in"), cells.yes_no),
        Column("email_verified_at", on=On.CSV),
        Column("in_ranking", mark("In the ranking"), cells.flag, on=On.DETAILS | On.CSV),
        Column("created_at", mark("Signed up"), cells.moment, sort=("created_at",), is_minor=True),
        Column("last_seen_at", mark("Last here"), cells.moment, sort=("last_seen_at",)),
        Column("updated_at", mark("Changed"), cells.moment, on=On.DETAILS),
    )
    column_default_sort = ("id", True)
    searched = (User.username, User.email)
    search_rows = 200_000
    bulk_acts = {  # fixed by the class
        "switch_on": BulkAct(
            mark("Switch on"),
            mark("Let these people sign in again?"),
            mark("Accounts switched on"),
            _switch(True),
        ),
        "switch_off": BulkAct(
            mark("Switch off"),
            mark("Switch these accounts off? They are signed out everywhere, at once."),
            mark("Accounts switched off"),
            _switch(False),
            is_harsh=True,
        ),
        "sign_out": BulkAct(
            mark("Sign out everywhere"),
            mark("Sign these people out everywhere? They can sign in again."),
            mark("People signed out"),
            administration.sign_out,
        ),
    }
    column_filters = (
        IdIs(User.id, mark("Number"), "id"),
        _RoleIs(User.role_id, mark("Role"), "role", list(words.ROLES.items())),
        IsTrue(User.active, mark("May sign in"), "active"),
        IsThere(User.email_verified_at, mark("Address confirmed"), "verified"),
        *days(User.created_at, mark("Signed up from"), mark("Signed up until")),
    )
    details_template = "admin/user.html"

    def __init__(self) -> None:
        super().__init__(User, mark("People"), "users")

    def row_title(self, row: User) -> str:
        return row.username

    def may_edit(self, user: User) -> bool:
        return administration.may_edit(current_user, user)

    def may_delete(self, user: User) -> bool:
        return bool(current_user.is_super_admin and current_user.id != user.id)

    def numbers(self, user: User) -> dict[str, int]:
        return account_facts.written(user.id)

    def facts(self, user: User) -> Facts:
        return account_facts.of(user)

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Any:
        form = CreateUserForm()
        _offer_roles(form)

        def act() -> None:
            administration.create_user(
                current_user,
                username=str(form.username.data),
                email=str(form.email.data),
                password=str(form.password.data),
                role=_chosen(form) or RoleName.USER,
            )

        def show() -> str:
            page: str = self.render("admin/user_form.html", form=form, user=None)
            return page

        url = url_for(".index_view")
        return handle(form, show, act, done=gettext("The account is made."), url=url)

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> Any:
        user = self.get_one(request.args.get("id", ""))
        administration.refuse_foreign(current_user, user)
        form = EditUserForm(obj=user)
        _offer_roles(form)

        def act() -> None:
            administration.edit_user(
                current_user,
                user.id,
                username=str(form.username.data),
                email=str(form.email.data),
                active=bool(form.active.data),
                role=_chosen(form),
                seen=str(form.version.data),
            )

        def show() -> str:
            version = shown_version(form, administration.version(user))
            page: str = self.render("admin/user_form.html", form=form, user=user, version=version)
            return page

        url = url_for(".details_view", id=user.id)
        return handle(form, show, act, done=gettext("The account is saved."), url=url)


def _offer_roles(form: CreateUserForm | EditUserForm) -> None:
    """Let a super admin choose a role; nobody else is shown the field, or heard on it."""
    if current_user.is_super_admin:
        form.role.choices = words.choices(words.ROLES)
    else:
        del form.role


def _chosen(form: CreateUserForm | EditUserForm) -> RoleName | None:
    return RoleName(form.role.data) if "role" in form else None
