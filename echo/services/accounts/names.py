"""Names and addresses that only one account can have. Knows nothing else of accounts."""

from __future__ import annotations

from typing import Final

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select

from echo.errors import Conflict
from echo.extensions import db
from echo.languages import gettext, mark
from echo.limits import EMAIL_MAX
from echo.models import User

TAKEN: Final = mark("This name is taken. Please choose another.")
ADDRESS_TAKEN: Final = mark("There is an account with this address. Sign in instead?")


def fold(name: str) -> str:
    """Return the form in which names and addresses are compared.

    A mailbox is one in whatever way it is spelled: its domain in letters of any script or as punycode (the
    form of the result), letters that are composed or not.
    """
    name = name.strip()
    if "@" not in name or len(name) > EMAIL_MAX or not _has_spellings(name):
        return name.casefold()
    try:
        mailbox = validate_email(name, check_deliverability=False)
    except EmailNotValidError:
        return name.casefold()  # nobody's address
    return f"{mailbox.local_part.casefold()}@{mailbox.ascii_domain}"


def _has_spellings(address: str) -> bool:
    return not address.isascii() or "xn--" in address.lower()


def refuse_taken(username: str, email: str, but_for: int | None = None) -> None:
    """Raise Conflict, whose `field` says which, when another account has the name or the address."""
    for column, value, field, text in (
        (User.username_key, username, "username", TAKEN),
        (User.email_key, email, "email", ADDRESS_TAKEN),
    ):
        taken = db.session.scalar(select(User.id).where(column == fold(value)))
        if taken is not None and taken != but_for:
            raise Conflict(gettext(text), field=field)
