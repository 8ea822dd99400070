"""`/api/users`: accounts, for administrators. Knows services and the forms of the administrators' pages."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint
from flask_login import current_user
from pydantic import Field

from echo.api.bodies import Body, Query, Text
from echo.api.operations import operation
from echo.api.rest import shapes
from echo.api.rest.asking import After, checked, number, require_proof
from echo.clock import iso
from echo.errors import InvalidInput
from echo.forms.admin import CreateUserForm, EditUserForm
from echo.limits import EMAIL_MAX, PASSWORD_MAX, PASSWORD_MIN, USERNAME_MAX, USERNAME_MIN
from echo.models import RoleName, User
from echo.services.accounts import accounts
from echo.services.people import administration, listing

blueprint = Blueprint("api_users", __name__, url_prefix="/api/users")

NAME: Final = Field(min_length=USERNAME_MIN, max_length=USERNAME_MAX)
ADDRESS: Final = Field(min_length=3, max_length=EMAIL_MAX)


class People(After):
    """Which accounts."""

    name: Text | None = Field(
        None, min_length=1, max_length=EMAIL_MAX, description="one with this name or address"
    )


class NewUser(Body):
    """A new account, with a first password that its owner changes later."""

    username: Text = NAME
    email: Text = ADDRESS
    password: Text = Field(min_length=PASSWORD_MIN, max_length=PASSWORD_MAX)
    role: shapes.Role = "user"


class UserChange(Body):
    """What is to be otherwise. `version`: as it was read; refused (409) where somebody changed it since."""

    username: Text | None = Field(None, min_length=USERNAME_MIN, max_length=USERNAME_MAX)
    email: Text | None = Field(None, min_length=3, max_length=EMAIL_MAX)
    role: shapes.Role | None = None
    active: bool | None = Field(None, description="false: signed out everywhere, and kept out")
    version: Text | None = Field(None, min_length=1, max_length=64)


class Confirmation(Query):
    """That it is meant."""

    username: Text = Field(min_length=1, max_length=USERNAME_MAX, description="of the account")


def _told(row: User) -> dict[str, Any]:
    return {
        "id": row.id,
        "username": row.username,
        "email": row.email,
        "email_verified": row.email_verified_at is not None,
        "role": row.role_name,
        "active": row.active,
        "created_at": iso(row.created_at),
        "last_seen_at": iso(row.last_seen_at),
        "version": administration.version(row),
    }


@blueprint.get("")
@operation(shapes.Page[shapes.User], query=People)
def index(query: People) -> dict[str, Any]:
    """List accounts, the oldest first, or the one of a name."""
    if query.name is not None:
        found = accounts.find(query.name)
        return {"data": [_told(found)] if found else [], "next": None}
    rows, following = listing.people(number(query.after) if query.after else 0)
    return {"data": [_told(row) for row in rows], "next": following}


@blueprint.post("")
@operation(shapes.User, body=NewUser, status=HTTPStatus.CREATED)
def create(body: NewUser) -> dict[str, Any]:
    """Make an account; only super admins give roles."""
    require_proof()
    given = body.model_dump(include={"username", "email", "password"})
    form = checked(CreateUserForm, given, "role")
    return _told(
        administration.create_user(
            current_user,
            username=str(form.username.data),
            email=str(form.email.data),
            password=str(form.password.data),
            role=RoleName(body.role),
        )
    )


@blueprint.get("/<user_id>")
@operation(shapes.User)
def get(user_id: str) -> dict[str, Any]:
    """Get one account."""
    return _told(accounts.get(number(user_id)))


@blueprint.patch("/<user_id>")
@operation(shapes.User, body=UserChange)
def change(user_id: str, body: UserChange) -> dict[str, Any]:
    """Rename, give a role, switch off or on: all of it or nothing."""
    require_proof()
    if not body.model_fields_set - {"version"}:
        raise InvalidInput("Name what to change: username, email, role or active.")
    user = accounts.get(number(user_id))
    administration.refuse_foreign(current_user, user)
    seen = body.version or administration.version(user)
    given = {"username": body.username or user.username, "email": body.email or user.email}
    form = checked(EditUserForm, {**given, "version": seen}, "role")
    return _told(
        administration.edit_user(
            current_user,
            user.id,
            username=str(form.username.data),
            email=str(form.email.data),
            active=user.active if body.active is None else body.active,
            role=RoleName(body.role) if body.role else None,
            seen=seen,
        )
    )


@blueprint.delete("/<user_id>")
@operation(None, query=Confirmation)
def remove(user_id: str, query: Confirmation) -> None:
    """Delete an account with everything in it, for good."""
    require_proof()
    try:
        administration.delete_user(current_user, number(user_id), query.username)
    except InvalidInput as refused:
        if refused.field == "typed":
            refused.field = "username"
        raise
