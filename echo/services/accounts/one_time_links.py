"""Links that work once: made, checked, used up. Knows no addresses of pages and sends no mail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import delete, select, update

from echo.clock import utc_now
from echo.errors import NotFound
from echo.extensions import db
from echo.languages import gettext, mark
from echo.models import OneTimeLink
from echo.services.storage import execute, transaction, undone_on_failure
from echo.services.tokens import digest, new_token


class Purpose(StrEnum):
    """What a link is good for; one that was made for another purpose is not found."""

    FIRST_SUPER_ADMIN = "first_super_admin"
    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"
    UNLOCK = "unlock"


LIFETIMES: Final = {
    Purpose.FIRST_SUPER_ADMIN: timedelta(days=7),
    Purpose.VERIFY_EMAIL: timedelta(days=3),
    Purpose.RESET_PASSWORD: timedelta(hours=1),
    Purpose.UNLOCK: timedelta(hours=1),
}
GONE: Final = mark("This link has been used already or has expired. Please ask for a new one.")


def make(
    purpose: Purpose,
    user_id: int | None = None,
    *,
    email: str | None = None,
    lifetime: timedelta | None = None,
) -> str:
    """Return the token of a new link; older links of this person for the same purpose stop working."""
    token = new_token()

    def work() -> None:
        db.session.execute(
            delete(OneTimeLink).where(
                OneTimeLink.purpose == purpose, OneTimeLink.user_id.is_not_distinct_from(user_id)
            )
        )
        db.session.add(
            OneTimeLink(
                purpose=purpose,
                token_hash=digest(token),
                user_id=user_id,
                email=email,
                expires_at=utc_now() + (lifetime or LIFETIMES[purpose]),
            )
        )

    transaction(work)
    return token


def check(token: str, purpose: Purpose, gone: str = GONE) -> OneTimeLink:
    """Return the link, which stays usable; raises NotFound for a used, expired or unknown one alike."""
    link = db.session.scalar(
        select(OneTimeLink).where(
            OneTimeLink.purpose == purpose, OneTimeLink.token_hash == digest(token)
        )
    )
    if link is None or link.used_at or link.expires_at < utc_now():
        raise NotFound(gettext(gone))
    return link


def use_up(token: str, purpose: Purpose, gone: str = GONE) -> OneTimeLink:
    """Return the link and let it work no more; of two at the same moment one raises NotFound."""
    link = check(token, purpose, gone)

    if not execute(
        update(OneTimeLink)
        .where(OneTimeLink.id == link.id, OneTimeLink.used_at.is_(None))
        .values(used_at=utc_now())
    ):
        raise NotFound(gettext(gone))
    return link


@contextmanager
def using_up(token: str, purpose: Purpose, gone: str = GONE) -> Iterator[OneTimeLink]:
    """Use the link up around what it does; when that fails, for instance by a weak password, it works again.

    Raises:
        NotFound: as `use_up`.
    """
    link = use_up(token, purpose, gone)
    with undone_on_failure(lambda: _give_back(link)):
        yield link


def _give_back(link: OneTimeLink) -> None:
    execute(update(OneTimeLink).where(OneTimeLink.id == link.id).values(used_at=None))


def forget_expired() -> None:
    """Delete links that nobody can use any more."""

    execute(delete(OneTimeLink).where(OneTimeLink.expires_at < utc_now()))
