"""Accounts and roles in lists, for programs of administrators. Changes nothing."""

from __future__ import annotations

from sqlalchemy import select

from echo.errors import NotFound
from echo.extensions import db
from echo.languages import gettext
from echo.limits import PEOPLE_PER_PAGE
from echo.models import Role, User


def people(after: int) -> tuple[list[User], str | None]:
    """Return a page of accounts with higher numbers than `after`, and the cursor of the next one."""
    query = select(User).where(User.id > after).order_by(User.id).limit(PEOPLE_PER_PAGE + 1)
    rows = list(db.session.scalars(query))
    more, rows = len(rows) > PEOPLE_PER_PAGE, rows[:PEOPLE_PER_PAGE]
    return rows, str(rows[-1].id) if more else None


def roles() -> list[Role]:
    """Return every role, the weakest first."""
    return list(db.session.scalars(select(Role).order_by(Role.id)))


def role(role_id: int) -> Role:
    """Return one role; raises NotFound."""
    row = db.session.get(Role, role_id)
    if row is None:
        raise NotFound(gettext("There is no such role."))
    return row
