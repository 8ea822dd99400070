"""Changing what one's own profile page holds: name, address, password, permission. Knows no forms."""

from __future__ import annotations

from echo.errors import WrongCredentials
from echo.languages import gettext
from echo.models import User
from echo.services import mail
from echo.services.accounts import accounts, addresses, passwords, reserved_names
from echo.services.accounts.names import fold, refuse_taken
from echo.services.numbers import contributors
from echo.services.sign_in import password_login
from echo.services.storage import transaction


def change_profile(
    user: User,
    *,
    username: str,
    email: str,
    new_password: str,
    password: str,
    keep_device: str,
    confirmed: bool = False,
    may_train: bool | None = None,
    in_ranking: bool | None = None,
) -> None:
    """Change what differs. A new address or password needs the present password.

    An account without a password (Google, passkey) needs `confirmed`: a fresh proof by another way. A
    new password signs every other device out. Where mails are sent, a new address waits for its proof.
    None leaves `may_train`, the permission to learn from rated answers, and `in_ranking`, being named among
    those who write most, as they are.

    Raises:
        InvalidInput, Conflict, WrongCredentials: with the `field` at fault.
        RateLimited: too many wrong passwords, or too many new addresses.
    """
    if fold(username) != user.username_key:
        reserved_names.refuse(username)
    refuse_taken(username, email, but_for=user.id)
    moved = fold(email) != user.email_key
    if moved or new_password:
        _refuse_unproven(user, password, confirmed)
    new_hash = _new_hash(user, new_password)
    waits = moved and mail.is_enabled()
    if waits:
        addresses.refuse_too_many(user)
    settings = {"may_train": may_train, "in_ranking": in_ranking}
    _store(user, username, user.email if waits else email, settings)
    if new_hash:
        password_login.store_password(user, new_hash, keep_device=keep_device)
    if waits:
        addresses.begin_move(user, email)


def _refuse_unproven(user: User, password: str, confirmed: bool) -> None:
    if user.password_hash is not None:
        password_login.confirm_password(user, password)
    elif not confirmed:
        raise WrongCredentials(gettext("Please confirm first that it is you."), field="password")


def _new_hash(user: User, new_password: str) -> str | None:
    if not new_password:
        return None
    accounts.judge_password(user, new_password, field="new_password")
    return passwords.hash_password(new_password)


def _store(user: User, username: str, email: str, settings: dict[str, bool | None]) -> None:
    def work() -> None:
        if fold(email) != user.email_key:
            user.email_verified_at = None
        user.username, user.username_key = username.strip(), fold(username)
        user.email, user.email_key = email.strip(), fold(email)
        for name, value in settings.items():
            if value is not None:
                setattr(user, name, value)

    transaction(work)
    contributors.forget()


def choose_language(user: User, code: str | None) -> None:
    """Keep the language that a person reads everywhere; None leaves it to each browser."""

    def work() -> None:
        user.language = code

    transaction(work)
