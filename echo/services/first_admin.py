"""The one-time link that makes the first super admin. Knows no addresses of pages."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, func, select, update

from echo.clock import utc_now
from echo.errors import NotFound
from echo.extensions import db
from echo.models import OneTimeLink, Role, RoleName, User
from echo.services import accounts
from echo.services.devices import digest
from echo.services.storage import transaction

PURPOSE: Final = "first_super_admin"
LIFETIME: Final = timedelta(days=7)


def is_needed() -> bool:
    """Tell whether nobody is a super admin yet."""
    return not db.session.scalar(
        select(func.count()).select_from(User).join(Role).where(Role.name == RoleName.SUPER_ADMIN)
    )


def new_token() -> str:
    """Return the token of a new link; links made before stop working."""
    token = secrets.token_urlsafe(32)

    def work() -> None:
        db.session.execute(delete(OneTimeLink).where(OneTimeLink.purpose == PURPOSE))
        db.session.add(
            OneTimeLink(purpose=PURPOSE, token_hash=digest(token), expires_at=utc_now() + LIFETIME)
        )

    transaction(work)
    return token


def check(token: str) -> None:
    """Raise NotFound unless the link is unused, in time and still needed."""
    link = db.session.scalar(
        select(OneTimeLink).where(
            OneTimeLink.purpose == PURPOSE, OneTimeLink.token_hash == digest(token)
        )
    )
    if link is None or link.used_at or link.expires_at < utc_now() or not is_needed():
        raise NotFound("This link has been used or has expired. Start Echo again for a new one.")


def redeem(token: str, username: str, email: str, password: str) -> User:
    """Make the first super admin and use the link up. A refused form leaves the link usable."""
    check(token)
    if not _use_up(token):
        raise NotFound("This link was used at the same moment by somebody else.")
    try:
        return accounts.sign_up(username, email, password, role=RoleName.SUPER_ADMIN)
    except BaseException:
        _give_back(token)
        raise


def _use_up(token: str) -> bool:
    """Mark the link used; False when another request did so first."""

    def work() -> bool:
        result = db.session.execute(
            update(OneTimeLink)
            .where(OneTimeLink.token_hash == digest(token), OneTimeLink.used_at.is_(None))
            .values(used_at=utc_now())
        )
        return bool(result.rowcount)  # type: ignore[attr-defined]

    return transaction(work)


def _give_back(token: str) -> None:
    def work() -> None:
        db.session.execute(
            update(OneTimeLink).where(OneTimeLink.token_hash == digest(token)).values(used_at=None)
        )

    transaction(work)
