"""Invitations to sign up: links that work a number of times until a day, and who may sign up at all.

Knows no addresses of pages and no accounts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from sqlalchemy import select, update

from echo import signals
from echo.clock import utc_now
from echo.errors import Forbidden, NotFound
from echo.extensions import db
from echo.languages import gettext, mark
from echo.models import Invite, User
from echo.models.types import new_id
from echo.services import audit, site_settings
from echo.services.audit import Act, Entry
from echo.services.storage import execute, undone_on_failure
from echo.services.tokens import digest, new_token

CLOSED: Final = mark("New accounts are made by an administrator here. Please ask one.")
NEEDED: Final = mark(
    "New accounts need an invitation here. Please ask the people who run this server for a link, "
    "and open it in this browser."
)
UNKNOWN: Final = mark("This invitation is not known here. Please check that the link is complete.")
REVOKED: Final = mark("This invitation has been withdrawn. Please ask for a new one.")
EXPIRED: Final = mark("This invitation has expired. Please ask for a new one.")
USED_UP: Final = mark("This invitation has been used already. Please ask for a new one.")


def make(actor: User | None, *, note: str = "", max_uses: int = 1, days: int = 7) -> str:
    """Return the token of a new invitation for `max_uses` accounts within `days`; it is stored nowhere."""
    token = new_token()
    actor_id = actor.id if actor else None
    invite_id = new_id()

    def work() -> tuple[None, list[Entry]]:
        db.session.add(
            Invite(
                id=invite_id,
                token_hash=digest(token),
                note=note,
                created_by=actor_id,
                max_uses=max_uses,
                expires_at=utc_now() + timedelta(days=days),
            )
        )
        detail = {"max_uses": max_uses, "days": days}
        return None, [Entry(Act.INVITE_MADE, actor_id, None, f"invites/{invite_id}", detail)]

    audit.transaction(work)
    return token


def state(invite: Invite) -> str:
    """Return open, revoked, expired or used up."""
    if invite.revoked_at is not None:
        return "revoked"
    if invite.expires_at <= utc_now():
        return "expired"
    return "open" if invite.uses < invite.max_uses else "used up"


def check(token: str) -> Invite:
    """Return the invitation, which stays usable; raises NotFound with the reason."""
    invite = db.session.scalar(
        select(Invite)
        .where(Invite.token_hash == digest(token))
        .execution_options(populate_existing=True)
    )
    if invite is None:
        raise NotFound(gettext(UNKNOWN))
    refusal = {"revoked": REVOKED, "expired": EXPIRED, "used up": USED_UP}.get(state(invite))
    if refusal:
        raise NotFound(gettext(refusal))
    return invite


def use(token: str) -> Invite:
    """Return the invitation, counted once more; raises NotFound. Sign-ups at once never exceed its count."""
    invite = check(token)

    if not execute(
        update(Invite)
        .where(
            Invite.id == invite.id,
            Invite.uses < Invite.max_uses,
            Invite.revoked_at.is_(None),
            Invite.expires_at > utc_now(),
        )
        .values(uses=Invite.uses + 1)
        .execution_options(synchronize_session=False)
    ):
        check(token)  # says what happened meanwhile
        raise NotFound(gettext(USED_UP))
    return invite


def give_back(invite: Invite) -> None:
    """Uncount a use whose sign-up was refused for another reason, such as a taken name."""

    execute(
        update(Invite)
        .where(Invite.id == invite.id, Invite.uses > 0)
        .values(uses=Invite.uses - 1)
        .execution_options(synchronize_session=False)
    )


def revoke(actor: User | None, invite_id: str) -> None:
    """Let an invitation work no more; raises NotFound for an absent one. A second time changes nothing."""
    if db.session.get(Invite, invite_id) is None:
        raise NotFound(gettext("There is no such invitation."))
    actor_id = actor.id if actor else None

    def work() -> tuple[None, list[Entry]]:
        result = db.session.execute(
            update(Invite)
            .where(Invite.id == invite_id, Invite.revoked_at.is_(None))
            .values(revoked_at=utc_now())
        )
        entry = Entry(Act.INVITE_REVOKED, actor_id, None, f"invites/{invite_id}")
        return None, [entry] if result.rowcount else []  # type: ignore[attr-defined]

    audit.transaction(work)


def refuse_visitor(token: str | None) -> None:
    """Raise Forbidden or NotFound with the reason when a visitor may not sign up now."""
    mode = site_settings.current().signup_mode
    if mode == "closed":
        raise Forbidden(gettext(CLOSED))
    if mode == "invite":
        if not token:
            raise Forbidden(gettext(NEEDED))
        check(token)


@contextmanager
def admission(token: str | None) -> Iterator[None]:
    """Let one new account be made in the block, by whatever way of signing up.

    Where invitations are needed one use is counted, and given back when the block fails.

    Raises:
        Forbidden, NotFound: as `refuse_visitor`.
    """
    refuse_visitor(token)
    if site_settings.current().signup_mode != "invite" or not token:
        yield
    else:
        invite = use(token)
        with undone_on_failure(lambda: give_back(invite)):
            yield
    signals.signed_up.send()
