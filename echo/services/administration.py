"""What administrators do with other people's accounts and with roles. Knows no forms or pages.

A super admin may edit everybody; a plain admin only those who have no rights over others.
"""

from __future__ import annotations

from echo import policies
from echo.errors import Forbidden, InvalidInput, NotFound
from echo.extensions import db
from echo.models import Role, RoleName, User
from echo.services import accounts
from echo.services.storage import transaction


def may_edit(actor: User, user: User) -> bool:
    """Tell whether `actor` may change this account."""
    return policies.may_administer(actor.role_name, user.role_name)


def create_user(
    actor: User, *, username: str, email: str, password: str, role: RoleName = RoleName.USER
) -> User:
    """Make an account; raises as `accounts.sign_up`, and Forbidden for a role one may not give."""
    _refuse_giving(actor, role)
    return accounts.sign_up(username, email, password, role)


def edit_user(
    actor: User,
    user_id: int,
    *,
    username: str,
    email: str,
    active: bool,
    role: RoleName | None = None,
) -> User:
    """Change an account; a `role` of None stays as it is. Either all changes are allowed or none is made.

    Raises:
        NotFound, Forbidden, Conflict: no such account; not this one; a name that is taken.
        InvalidInput: it would leave Echo without a super admin, or switch off one's own account.
    """
    user = accounts.get(user_id)
    new_role = role or user.role_name
    _refuse_edit(actor, user, active, new_role)
    accounts.refuse_taken(username, email, but_for=user_id)
    _rename(user, username, email)
    if new_role is not user.role_name:
        accounts.set_role(user_id, new_role)
    if active is not user.active:
        accounts.set_active(user_id, active)
    return user


def _refuse_edit(actor: User, user: User, active: bool, role: RoleName) -> None:
    if not may_edit(actor, user):
        raise Forbidden("Only a super admin edits the accounts of administrators.")
    if role is not user.role_name:
        _refuse_giving(actor, role)
    if actor.id == user.id and not active:
        raise InvalidInput("You cannot switch off your own account.", field="active")
    if user.is_super_admin and not (active and role is RoleName.SUPER_ADMIN):
        accounts.refuse_last_super_admin(user.id)


def _refuse_giving(actor: User, role: RoleName) -> None:
    if not policies.may_give(actor.role_name, role):
        raise Forbidden("Only a super admin gives roles.")


def _rename(user: User, username: str, email: str) -> None:
    def work() -> None:
        user.username, user.username_key = username.strip(), accounts.fold(username)
        user.email, user.email_key = email.strip(), accounts.fold(email)

    transaction(work)


def edit_role(
    role_id: int, *, description: str, daily_messages: int | None, daily_tokens: int | None
) -> Role:
    """Change what a role says and allows each day; None allows without limit. Names are fixed."""
    role = db.session.get(Role, role_id)
    if role is None:
        raise NotFound("There is no such role.")

    def work() -> None:
        role.description = description
        role.daily_messages, role.daily_tokens = daily_messages, daily_tokens

    transaction(work)
    return role
