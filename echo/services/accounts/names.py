"""Names and addresses that only one account can have. Knows nothing else of accounts."""

from __future__ import annotations

from sqlalchemy import select

from echo.errors import Conflict
from echo.extensions import db
from echo.models import User


def fold(name: str) -> str:
    """Return the form in which names and addresses are compared."""
    return name.strip().casefold()


def refuse_taken(username: str, email: str, but_for: int | None = None) -> None:
    """Raise Conflict, whose `field` says which, when another account has the name or the address."""
    for column, value, field, text in (
        (User.username_key, username, "username", "This name is taken. Please choose another."),
        (User.email_key, email, "email", "There is an account with this address. Sign in instead?"),
    ):
        taken = db.session.scalar(select(User.id).where(column == fold(value)))
        if taken is not None and taken != but_for:
            raise Conflict(text, field=field)
