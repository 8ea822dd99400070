"""The one-time link that makes the first super admin. Knows no addresses of pages."""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select

from echo.errors import NotFound
from echo.extensions import db
from echo.languages import gettext, mark
from echo.models import Role, RoleName, User
from echo.services import audit
from echo.services.accounts import accounts, one_time_links
from echo.services.accounts.one_time_links import Purpose

COMMAND: Final = "python run.py setup-link"
GONE: Final = mark(
    "This link has been used or has expired. Sign in, if an account was made with it; else “python "
    "run.py setup-link” on Echo’s machine prints a new one."
)


def is_needed() -> bool:
    """Tell whether nobody is a super admin yet."""
    return not db.session.scalar(
        select(func.count()).select_from(User).join(Role).where(Role.name == RoleName.SUPER_ADMIN)
    )


def new_token() -> str:
    """Return the token of a new link; links made before stop working."""
    return one_time_links.make(Purpose.FIRST_SUPER_ADMIN)


def check(token: str) -> None:
    """Raise NotFound unless the link is unused, in time and still needed."""
    one_time_links.check(token, Purpose.FIRST_SUPER_ADMIN, GONE)
    if not is_needed():
        raise NotFound(gettext(GONE))


def redeem(token: str, username: str, email: str, password: str) -> User:
    """Make the first super admin and use the link up. A refused form leaves the link usable."""
    check(token)
    with one_time_links.using_up(token, Purpose.FIRST_SUPER_ADMIN, GONE):
        user = accounts.sign_up(username, email, password, role=RoleName.SUPER_ADMIN)
    audit.record(audit.Act.USER_CREATED, user, subject_id=user.id, role=RoleName.SUPER_ADMIN)
    return user
