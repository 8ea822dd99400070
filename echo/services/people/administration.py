"""What administrators do with other people's accounts and with roles. Knows no forms or pages.

A super admin may edit everybody; a plain admin only those who have no rights over others. Each act leaves
a row in the audit trail: in the same transaction where this module writes itself, and before the act where
another service does, since an act without a row is worse than a row without its act.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final, TypeVar

from sqlalchemy import delete, select

from echo import policies, signals
from echo.errors import Forbidden, InvalidInput, NotFound
from echo.extensions import db
from echo.languages import gettext, mark
from echo.models import Device, OneTimeLink, Role, RoleName, User
from echo.services import audit
from echo.services.accounts import accounts, names, one_time_links
from echo.services.accounts.one_time_links import Purpose
from echo.services.audit import Act, Entry
from echo.services.people import deletion
from echo.services.sign_in import devices, endings, login_delays, second_factor
from echo.services.tokens import mark_of, refuse_changed

T = TypeVar("T", User, Role)

RESET_LIFETIME: Final = timedelta(hours=24)
CHANGED_MEANWHILE: Final = {
    "account": mark(
        "Somebody changed this account while you were editing it. Compare with what is stored now, "
        "and save again if yours should hold."
    ),
    "role": mark(
        "Somebody changed this role while you were editing it. Compare with what is stored now, "
        "and save again if yours should hold."
    ),
}


def may_edit(actor: User, user: User) -> bool:
    """Tell whether `actor` may change this account."""
    return policies.may_administer(actor.role_name, user.role_name)


def version(row: User | Role) -> str:
    """Return a mark of what an administrator can edit in a row: it changes when any of that changes.

    Not the time of the last change: people's own visits move that of their accounts.
    """
    if isinstance(row, User):
        return mark_of(row.username, row.email, row.role.name, row.active)
    return mark_of(row.description, row.daily_messages, row.daily_tokens)


def create_user(
    actor: User | None,
    *,
    username: str,
    email: str,
    password: str,
    role: RoleName = RoleName.USER,
) -> User:
    """Make an account; raises as `accounts.sign_up`, and Forbidden for a role one may not give."""
    if actor is not None:
        _refuse_giving(actor, role)
    user = accounts.sign_up(username, email, password, role)
    audit.record(Act.USER_CREATED, actor, subject_id=user.id, role=role)
    return user


def edit_user(
    actor: User,
    user_id: int,
    *,
    username: str,
    email: str,
    active: bool,
    role: RoleName | None = None,
    seen: str | None = None,
) -> User:
    """Change an account; a `role` of None stays as it is. Either all changes are allowed or none is made.

    `seen` is the `version` that the actor saw before editing.

    Raises:
        NotFound, Forbidden: no such account; not this one.
        Conflict: a name that is taken, or somebody else changed the account first (field "version").
        InvalidInput: it would leave Echo without a super admin, or switch off one's own account.
    """

    def work() -> tuple[tuple[User, list[Entry]], list[Entry]]:
        accounts.decide_alone()
        user = _locked(User, user_id, gettext("There is no such account."))
        refuse_changed(seen, version(user), CHANGED_MEANWHILE["account"])
        new_role = role or user.role_name
        _refuse_edit(actor, user, active, new_role)
        names.refuse_taken(username, email, but_for=user_id)
        entries = _differences(actor, user, username, email, active, new_role)
        _assign(user, username, email, active, new_role)
        return (user, entries), entries

    user, entries = audit.transaction(work)
    _tell(user, {entry.act for entry in entries})
    return user


def switch(actor: User, user_id: int, active: bool) -> User:
    """Let a person sign in or not, and change nothing else; raises as `edit_user`."""
    user = accounts.get(user_id)
    return edit_user(
        actor,
        user_id,
        username=user.username,
        email=user.email,
        active=active,
        seen=version(user),
    )


def _locked(model: type[T], row_id: int, missing: str) -> T:
    """Return the row as it is now, kept from other writers until the end of the transaction."""
    row: T | None = db.session.scalar(
        select(model)
        .where(model.id == row_id)
        .with_for_update(of=model)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound(missing)
    return row


def _refuse_edit(actor: User, user: User, active: bool, role: RoleName) -> None:
    refuse_foreign(actor, user)
    if role is not user.role_name:
        _refuse_giving(actor, role)
    if actor.id == user.id and not active:
        raise InvalidInput(gettext("You cannot switch off your own account."), field="active")
    if user.is_super_admin and not (active and role is RoleName.SUPER_ADMIN):
        accounts.refuse_last_super_admin(user.id)


def refuse_foreign(actor: User, user: User) -> None:
    """Raise Forbidden when this account is not the actor's to administer."""
    if not may_edit(actor, user):
        raise Forbidden(gettext("Only a super admin edits the accounts of administrators."))


def _refuse_giving(actor: User, role: RoleName) -> None:
    if not policies.may_give(actor.role_name, role):
        raise Forbidden(gettext("Only a super admin gives roles."))


def _differences(
    actor: User, user: User, username: str, email: str, active: bool, role: RoleName
) -> list[Entry]:
    """Return the acts that an edit consists of; names and addresses are not written down."""
    pairs = {"username": (user.username, username), "email": (user.email, email)}
    renamed = {name: "changed" for name, (old, new) in pairs.items() if old != new.strip()}

    def entry(act: Act, **detail: Any) -> Entry:
        return Entry(act, actor.id, user.id, "", detail)

    entries = [entry(Act.USER_EDITED, **renamed)] if renamed else []
    if role is not user.role_name:
        entries.append(entry(Act.USER_ROLE_GIVEN, role=role, before=user.role_name))
    if active is not user.active:
        entries.append(entry(Act.USER_SWITCHED_ON if active else Act.USER_SWITCHED_OFF))
    return entries


def _assign(user: User, username: str, email: str, active: bool, role: RoleName) -> None:
    if names.fold(email) != user.email_key:  # links that went to the former address are void
        user.email_verified_at = None
        db.session.execute(delete(OneTimeLink).where(OneTimeLink.user_id == user.id))
    user.username, user.username_key = username.strip(), names.fold(username)
    user.email, user.email_key = email.strip(), names.fold(email)
    user.active = active
    if role is not user.role_name:
        user.role = accounts.role_row(role)


def _tell(user: User, acts: set[Act]) -> None:
    """End what the person may not do any more; after the commit."""
    if Act.USER_SWITCHED_OFF in acts:
        devices.revoke_all(user.id, reason=endings.SWITCHED_OFF)
        signals.account_closed.send(user.id)
    if Act.USER_ROLE_GIVEN in acts:
        signals.access_ended.send(user.id, device_id=None, reason=endings.ROLE_CHANGED)


def sign_out(actor: User, user_id: int) -> None:
    """End every session of a person."""
    user = _administered(actor, user_id)
    audit.record(Act.USER_SIGNED_OUT, actor, subject_id=user.id)
    devices.revoke_all(user.id, reason=endings.BY_ADMINISTRATOR)


def sign_out_device(actor: User, device_id: str) -> None:
    """End one session of a person; one that has ended stays as it is. Raises NotFound, Forbidden."""
    device = db.session.get(Device, device_id)
    if device is None:
        raise NotFound(gettext("There is no such device, or it has been deleted."))
    refuse_foreign(actor, device.user)
    if device.revoked_at is None:
        target = f"devices/{device.id}"
        audit.record(Act.DEVICE_REVOKED, actor, subject_id=device.user_id, target=target)
        devices.revoke(device, endings.BY_ADMINISTRATOR)


def unlock(actor: User, user_id: int) -> None:
    """Let a person try again at once whose sign-in waits after wrong passwords."""
    user = _administered(actor, user_id)
    audit.record(Act.USER_UNLOCKED, actor, subject_id=user.id)
    login_delays.unlock(user.id)


def remove_second_factors(actor: User | None, user_id: int) -> None:
    """Let somebody who has lost every second factor sign in without; the owner is told by mail."""
    user = _administered(actor, user_id) if actor else accounts.get(user_id)
    audit.record(Act.USER_FACTORS_REMOVED, actor, subject_id=user.id)
    second_factor.remove_all(user)


def reset_link(actor: User, user_id: int) -> str:
    """Return the token of a link with which the person chooses a new password within a day."""
    user = _administered(actor, user_id)
    audit.record(Act.USER_RESET_LINK_MADE, actor, subject_id=user.id)
    return one_time_links.make(Purpose.RESET_PASSWORD, user.id, lifetime=RESET_LIFETIME)


def delete_user(actor: User, user_id: int, typed: str) -> None:
    """Delete an account with everything in it; `typed` is its name, as a confirmation.

    Raises:
        NotFound, Forbidden: as `edit_user`.
        InvalidInput: another name was typed, it is one's own account, or the last super admin's.
    """
    user = _administered(actor, user_id)
    if actor.id == user.id:
        raise InvalidInput(
            gettext("Delete your own account under Profile, Your data."), field="typed"
        )
    if typed.strip() != user.username:
        raise InvalidInput(gettext("That is not the name of this account."), field="typed")
    deletion.delete_account(user, actor)


def _administered(actor: User, user_id: int) -> User:
    user = accounts.get(user_id)
    refuse_foreign(actor, user)
    return user


def edit_role(
    actor: User,
    role_id: int,
    *,
    description: str,
    daily_messages: int | None,
    daily_tokens: int | None,
    seen: str | None = None,
) -> Role:
    """Change what a role says and allows each day; None allows without limit. Names are fixed.

    Raises:
        NotFound: no such role.
        Conflict: somebody else changed it first (field "version").
    """
    wanted: dict[str, Any] = {"daily_messages": daily_messages, "daily_tokens": daily_tokens}

    def work() -> tuple[Role, list[Entry]]:
        role = _locked(Role, role_id, gettext("There is no such role."))
        refuse_changed(seen, version(role), CHANGED_MEANWHILE["role"])
        detail = {name: [getattr(role, name), value] for name, value in wanted.items()}
        detail = {name: pair for name, pair in detail.items() if pair[0] != pair[1]}
        if description != role.description:
            detail["description"] = ["changed"]
        role.description = description
        role.daily_messages, role.daily_tokens = daily_messages, daily_tokens
        entry = Entry(Act.ROLE_EDITED, actor.id, None, f"roles/{role.name}", detail)
        return role, [entry] if detail else []

    return audit.transaction(work)
