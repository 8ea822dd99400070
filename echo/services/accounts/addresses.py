"""Links that prove an e-mail address, and new addresses that wait for the proof. Knows no pages."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from echo.clock import utc_now
from echo.errors import InvalidInput, RateLimited
from echo.extensions import db
from echo.languages import gettext, mark
from echo.models import OneTimeLink, User
from echo.services import mail
from echo.services.accounts import one_time_links
from echo.services.accounts.names import fold, refuse_taken
from echo.services.accounts.one_time_links import Purpose
from echo.services.storage import transaction

UNPROVEN = mark(
    "Confirm your e-mail address first: open the link that we sent you, or ask for a new one."
)


def refuse_unproven(user: User) -> None:
    """Raise InvalidInput while the address may be somebody else's; without mail nobody can prove one.

    Else whoever signs up with another's address could leave a way in behind for the day when its owner
    takes the account over by mail.
    """
    if mail.is_enabled() and user.email_verified_at is None:
        raise InvalidInput(gettext(UNPROVEN))


def send_link(user: User) -> str:
    """Send a link that proves the address in question; return that address.

    Raises:
        InvalidInput: this server sends no mail, or there is nothing left to prove.
        RateLimited: the account has had its mails for this hour.
    """
    if not mail.is_enabled():
        raise InvalidInput(gettext("This server sends no mail, so an address cannot be confirmed."))
    address = pending(user.id) or user.email
    if user.email_verified_at and fold(address) == user.email_key:
        raise InvalidInput(gettext("Your address is confirmed already."))
    refuse_too_many(user)
    _send(user, address)
    return address


def refuse_too_many(user: User) -> None:
    """Count one link for the account; raises RateLimited when it has had enough for now."""
    wait = mail.seconds_to_next("verify_email", user.id)
    if wait:
        raise RateLimited(
            gettext(
                "We have sent several links already. Please look into your mail, or wait an hour."
            ),
            field="email",
            retry_after=wait,
        )


def begin_move(user: User, email: str) -> None:
    """Send the link that makes `email` the account's own, and tell the present address."""
    _send(user, email.strip())
    mail.notify(user, "email_changes")


def _send(user: User, address: str) -> None:
    token = one_time_links.make(Purpose.VERIFY_EMAIL, user.id, email=address)
    mail.send(address, "verify_email", username=user.username, address=address, token=token)


def pending(user_id: int) -> str | None:
    """Return the new address that still waits for its proof, if there is one."""
    row = db.session.execute(
        select(OneTimeLink.email, User.email_key)
        .join(User, User.id == OneTimeLink.user_id)
        .where(
            OneTimeLink.user_id == user_id,
            OneTimeLink.purpose == Purpose.VERIFY_EMAIL,
            OneTimeLink.used_at.is_(None),
            OneTimeLink.expires_at > utc_now(),
        )
    ).first()
    if row is None or row.email is None or fold(row.email) == row.email_key:
        return None
    return str(row.email)


def store_proven(user: User, email: str) -> None:
    """Give an account the address that its link has proved; links sent to the former one are void.

    Raises:
        Conflict: another account has it by now.
    """
    refuse_taken(user.username, email, but_for=user.id)

    def work() -> None:
        if fold(email) != user.email_key:
            db.session.execute(delete(OneTimeLink).where(OneTimeLink.user_id == user.id))
        user.email, user.email_key = email, fold(email)
        user.email_verified_at = utc_now()

    try:
        transaction(work)
    except IntegrityError:  # somebody took it between the look and the write
        refuse_taken(user.username, email, but_for=user.id)
        raise
