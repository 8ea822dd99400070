"""Signing in by password: checking it, counting the wrong ones, giving a new one. Knows no forms.

Hashes and how strong a password is are `services/accounts/passwords.py`'s business.
"""

from __future__ import annotations

from typing import Final

from limits import parse
from sqlalchemy import delete

from echo.clock import utc_now
from echo.errors import RateLimited, WrongCredentials
from echo.extensions import db, limiter, seconds_to_wait
from echo.languages import gettext, mark
from echo.limits import EMAIL_MAX, LOGIN_PER_ACCOUNT
from echo.models import OneTimeLink, User
from echo.services import mail
from echo.services.accounts import passwords
from echo.services.accounts.accounts import find
from echo.services.accounts.names import fold
from echo.services.sign_in import attempts, devices, endings, login_delays
from echo.services.storage import transaction

WRONG_CREDENTIALS: Final = mark("That name or password is not right.")


def sign_in(credentials: str, password: str, place: str) -> User:
    """Check a try to sign in and count it, whichever way it came; raises as `check_password`."""
    refuse_blocked(credentials, place)
    _count(limit_key(credentials, place))
    return check_password(credentials, password, place)


@attempts.announced()
def _count(account: str) -> None:
    """Count a try at an account from one place; raises RateLimited."""
    wait = seconds_to_wait(parse(LOGIN_PER_ACCOUNT), "login", account) if limiter.enabled else 0
    if wait:
        raise RateLimited(
            gettext(
                "Too many tries for this account. Please wait some minutes. %(others)s",
                others=login_delays.other_ways(),
            ),
            field="credentials",
            retry_after=wait,
        )


@attempts.announced()
def check_password(credentials: str, password: str, place: str = "") -> User:
    """Return the active account with this name or address and password.

    `place` is where the try comes from, a network or a device that the account knows. Unknown accounts,
    accounts without a password and wrong passwords take the same time and words. While no password is taken
    none is compared, so that the time does not tell a right one either.

    Raises:
        WrongCredentials: in every such case.
        RateLimited: after several of them, for a growing time.
    """
    found = find(credentials)
    key = _key(found, credentials, place)
    _refuse(key, place)
    right = passwords.is_right(found.password_hash if found else None, password)
    if found is None or not right or not found.active:
        if login_delays.failed(key) and found and found.active:
            login_delays.tell_owner(found)
        raise WrongCredentials(gettext(WRONG_CREDENTIALS), field="credentials")
    _refuse(key, place)  # of many guesses at the same moment none counts after a block
    login_delays.succeeded(key)
    return found


@attempts.announced()
def refuse_blocked(credentials: str, place: str) -> None:
    """Raise RateLimited while the account takes no password from there; such a try counts nowhere."""
    _refuse(_key(find(credentials), credentials, place), place)


def _refuse(key: str, place: str) -> None:
    login_delays.refuse_blocked(key)
    if not place.startswith(login_delays.KNOWN):
        login_delays.refuse_crowd(key)


def _key(found: User | None, credentials: str, place: str) -> str:
    if found is not None:
        return login_delays.key_of_account(found.id, place)
    return login_delays.key_of_name(fold(credentials), place)


def confirm_password(user: User, password: str) -> None:
    """Check the password of somebody who is signed in; their tries are counted apart from the login's.

    Raises:
        WrongCredentials, RateLimited: with the field `password`.
    """
    key = login_delays.key_of_confirming(user.id)
    login_delays.refuse_blocked(key, field="password")
    if not passwords.is_right(user.password_hash, password):
        login_delays.failed(key)
        raise WrongCredentials(gettext("Your current password is not right."), field="password")
    login_delays.refuse_blocked(key, field="password")
    login_delays.succeeded(key)


def limit_key(credentials: str, place: str = "") -> str:
    """Return one key for an account and a place, whether its name or its address was typed."""
    found = find(credentials)
    return (
        login_delays.limit_key(found.id, place)
        if found
        else f"{fold(credentials)[:EMAIL_MAX]} {place}"
    )


def store_password(
    user: User, password_hash: str, *, keep_device: str | None = None, proven: str | None = None
) -> None:
    """Give an account its new password: every link sent before is void, all other sessions end.

    `proven` is the address that received the link by which this was done.
    """

    def work() -> None:
        user.password_hash = password_hash
        if proven is not None and fold(proven) == user.email_key:
            user.email_verified_at = user.email_verified_at or utc_now()
        db.session.execute(delete(OneTimeLink).where(OneTimeLink.user_id == user.id))

    transaction(work)
    login_delays.unlock(user.id)
    devices.revoke_all(user.id, but=keep_device, reason=endings.PASSWORD_CHANGED)
    mail.notify(user, "password_changed")
