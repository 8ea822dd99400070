"""Accounts and the Google identities that open them. Knows no protocol, no pages and no pictures.

An identity is its `sub`, a text that Google never gives to another person; an address may change hands,
so it never decides whose account this is.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from anyascii import anyascii
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from echo.clock import utc_now
from echo.errors import Conflict, Forbidden, WrongCredentials
from echo.extensions import db
from echo.languages import gettext, mark
from echo.limits import EMAIL_MAX, USERNAME_MAX, USERNAME_MIN
from echo.models import RoleName, User
from echo.services import mail
from echo.services.accounts import accounts, addresses, names, reserved_names
from echo.services.storage import transaction

SUB_MAX: Final = 255
CLAIM_CHARS: Final = 2_000
NUMBERED: Final = 20  # names that are tried in order before digits are drawn
SPARE_NAME: Final = "member"

NO_SUB: Final = mark(
    "Google's answer does not say who you are, so nobody was signed in. Please try again."
)
UNVERIFIED: Final = mark(
    "Google has not verified your e-mail address, so it cannot be used here. "
    "Please verify it with Google first."
)
ADDRESS_TAKEN: Final = mark(
    "There is an account with this address. "
    "Sign in with your password and connect Google under Profile → Security."
)
OTHERS: Final = mark("This Google account is connected to another account here.")
CONNECTED: Final = mark("Another Google account is connected already. Disconnect that one first.")
NO_PASSWORD: Final = mark(
    "This account has no password. Set a password first, then disconnect Google."
)
SWITCHED_OFF: Final = mark("That name or password is not right. Please ask an administrator.")
CROWD: Final = mark("Many accounts are being made just now. Please try again in a moment.")


@dataclass(frozen=True)
class Identity:
    """What Google says of a person; `email` is None unless Google has verified it."""

    sub: str
    email: str | None
    name: str
    picture: str


def identity_of(claims: Mapping[str, Any]) -> Identity:
    """Read the claims of a token whose signature has been checked.

    Raises:
        WrongCredentials: there is no usable `sub`.
    """
    sub = claims.get("sub")
    if not isinstance(sub, str) or not 0 < len(sub) <= SUB_MAX:
        raise WrongCredentials(gettext(NO_SUB))
    return Identity(
        sub=sub,
        email=_verified_email(claims),
        name=_text(claims.get("name")),
        picture=_text(claims.get("picture")),
    )


def _text(value: object) -> str:
    return value[:CLAIM_CHARS] if isinstance(value, str) else ""


def _verified_email(claims: Mapping[str, Any]) -> str | None:
    email = _text(claims.get("email"))
    if claims.get("email_verified") is not True or not email or len(email) > EMAIL_MAX:
        return None
    try:
        validate_email(email, check_deliverability=False)
    except EmailNotValidError:
        return None
    return email


def known(identity: Identity) -> User | None:
    """Return the account that this identity opens, if there is one.

    Raises:
        WrongCredentials: it has been switched off.
    """
    user = _by_sub(identity.sub)
    if user is not None and not user.active:
        raise WrongCredentials(gettext(SWITCHED_OFF))
    return user


def _by_sub(sub: str) -> User | None:
    found: User | None = db.session.scalar(select(User).where(User.google_sub == sub))
    return found


def refuse_new(identity: Identity) -> None:
    """Raise unless this identity may become an account of its own; nothing is written.

    Raises:
        Forbidden: the address is not verified.
        Conflict: the address belongs to an account, which is never opened by an address alone.
    """
    if identity.email is None:
        raise Forbidden(gettext(UNVERIFIED))
    if db.session.scalar(select(User.id).where(User.email_key == names.fold(identity.email))):
        raise Conflict(gettext(ADDRESS_TAKEN))


def create(identity: Identity) -> User:
    """Make an account without a password; of two calls at once both return the same account.

    Raises:
        Forbidden, Conflict: as `refuse_new`; Conflict too when names were taken again and again.
    """
    tries = 0

    def work() -> User:
        nonlocal tries
        tries += 1
        found = _by_sub(identity.sub)
        if found is not None:
            return found
        refuse_new(identity)
        user = _new_user(identity, free_name(identity, draw=tries > 1))
        db.session.add(user)
        db.session.flush()
        return user

    try:
        return transaction(work)
    except IntegrityError:
        raise Conflict(gettext(CROWD)) from None


def _new_user(identity: Identity, username: str) -> User:
    email = identity.email or ""
    return User(
        username=username,
        username_key=names.fold(username),
        email=email,
        email_key=names.fold(email),
        email_verified_at=utc_now(),
        password_hash=None,
        google_sub=identity.sub,
        role=accounts.role_row(RoleName.USER),
    )


def free_name(identity: Identity, draw: bool = False) -> str:
    """Return a name that nobody has: the person's own, else numbered, else with drawn digits.

    `draw` takes the digits at once: after a lost race the next number would be lost as well.
    """
    base = name_of(identity)
    wanted = [base, *(_ending_in(base, str(number)) for number in range(2, NUMBERED))]
    keys = select(User.username_key).where(User.username_key.in_(map(names.fold, wanted)))
    taken = set(db.session.scalars(keys))
    free = [name for name in wanted if names.fold(name) not in taken]
    if free and not draw:
        return free[0]
    return _ending_in(base, f"{secrets.randbelow(10**6):06}")


def _ending_in(base: str, digits: str) -> str:
    return base[: USERNAME_MAX - len(digits)] + digits


def name_of(identity: Identity) -> str:
    """Return the person's name, or what stands before their "@", as a username that one may choose."""
    for text in (identity.name, (identity.email or "").partition("@")[0]):
        name = _allowed(text)
        if len(name) >= USERNAME_MIN and not reserved_names.is_reserved(name):
            return name
    return SPARE_NAME


def _allowed(text: str) -> str:
    dotted = re.sub(r"\s+", ".", anyascii(text).strip().lower())
    plain = re.sub(r"\.{2,}", ".", re.sub(r"[^a-z0-9_.\-]", "", dotted))
    return plain.strip("._-")[:USERNAME_MAX].rstrip("._-")


def connect(user_id: int, identity: Identity) -> None:
    """Let this identity open the account too.

    Raises:
        Forbidden: Google has not verified the address.
        Conflict: the identity opens another account, or another identity opens this one.
    """
    if identity.email is None:
        raise Forbidden(gettext(UNVERIFIED))

    def work() -> None:
        user, owner = accounts.get(user_id), _by_sub(identity.sub)
        if owner is not None and owner.id != user_id:
            raise Conflict(gettext(OTHERS))
        addresses.refuse_unproven(user)
        if user.google_sub not in (None, identity.sub):
            raise Conflict(gettext(CONNECTED))
        user.google_sub = identity.sub

    try:
        transaction(work)
    except IntegrityError:  # somebody connected it between the look and the write
        raise Conflict(gettext(OTHERS)) from None
    _tell(user_id, mark("A Google account was connected: whoever has that one can sign in."))


def disconnect(user_id: int) -> None:
    """Let Google no longer open the account; raises Conflict when it has no password."""

    def work() -> None:
        user = accounts.get(user_id)
        refuse_without_password(user)
        user.google_sub = None

    transaction(work)
    _tell(user_id, mark("Google was disconnected."))


def _tell(user_id: int, what: str) -> None:
    """Mail the owner, who may not be the one who did it."""
    mail.notify(accounts.get(user_id), "second_factor_changed", what=what)


def refuse_without_password(user: User) -> None:
    """Raise Conflict when the account has no password: Google must stay then."""
    if user.password_hash is None:
        raise Conflict(gettext(NO_PASSWORD))
