"""What the links in mails do: a new password, a proven address, the end of a block. Knows no pages.

A link that is refused for another reason, such as a weak password, stays usable.
"""

from __future__ import annotations

import random
from typing import Final

from echo import hub
from echo.errors import NotFound
from echo.extensions import db
from echo.languages import gettext
from echo.models import OneTimeLink, User
from echo.services import background, mail
from echo.services.accounts import accounts, addresses, one_time_links, passwords
from echo.services.accounts.one_time_links import GONE, Purpose
from echo.services.sign_in import login_delays, password_login

# The answer has left before anybody is looked up, and nobody can tell when that was.
PAUSE_SECONDS: Final = (0.3, 1.3)


def ask_for_reset(credentials: str) -> None:
    """Send a link to the owner of this name or address, if there is one; returns before it is known."""
    background.run(_send_reset_link, credentials)


def _send_reset_link(credentials: str) -> None:
    hub.sleep(random.uniform(*PAUSE_SECONDS))
    user = accounts.find(credentials)
    if user is None or not user.active or mail.seconds_to_next("reset_password", user.id):
        return
    token = one_time_links.make(Purpose.RESET_PASSWORD, user.id, email=user.email)
    mail.notify(user, "reset_password", token=token)  # to the stored address, not to what was typed


def person(token: str, purpose: Purpose) -> tuple[User, OneTimeLink]:
    """Return whose link it is, and the link, which stays usable; raises NotFound."""
    link = one_time_links.check(token, purpose)
    user = db.session.get(User, link.user_id) if link.user_id is not None else None
    if user is None or not user.active:
        raise NotFound(gettext(GONE))
    return user, link


def reset(token: str, password: str) -> User:
    """Give the link's owner a new password, which ends all sessions, blocks and other links.

    Raises:
        NotFound: the link is used, expired or unknown.
        InvalidInput: the password is weak; the link stays usable.
    """
    user, link = person(token, Purpose.RESET_PASSWORD)
    accounts.judge_password(user, password)
    new_hash = passwords.hash_password(password)
    with one_time_links.using_up(token, Purpose.RESET_PASSWORD):
        password_login.store_password(user, new_hash, proven=link.email)
    return user


def verify(token: str) -> User:
    """Note that the link's address is its owner's; an address that waited for this becomes the account's.

    Raises:
        NotFound: the link is used, expired or unknown.
        Conflict: another account has the address by now.
    """
    user, link = person(token, Purpose.VERIFY_EMAIL)
    with one_time_links.using_up(token, Purpose.VERIFY_EMAIL):
        addresses.store_proven(user, str(link.email))
    return user


def unlock(token: str) -> User:
    """End the block of the link's owner; raises NotFound."""
    user, _ = person(token, Purpose.UNLOCK)
    with one_time_links.using_up(token, Purpose.UNLOCK):
        login_delays.unlock(user.id)
    return user
