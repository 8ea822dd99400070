"""Sharing a conversation, changing how, stopping: by its owner or an administrator. Knows no pages."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from typing import Any, Final, NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.orm import undefer

from echo import policies
from echo.clock import utc_now
from echo.errors import Forbidden, InvalidInput, NotFound
from echo.extensions import db
from echo.languages import gettext, mark, number
from echo.limits import SHARE_SECONDS_MAX
from echo.models import Conversation, Share, User, Visibility
from echo.services import audit, site_settings
from echo.services.audit import Act, Entry
from echo.services.chats import conversations
from echo.services.sharing import links, snapshots
from echo.services.storage import execute, is_held, transaction
from echo.text import storable

SEEN_BY: Final = {
    Visibility.SIGNED_IN: mark("people with an account"),
    Visibility.PUBLIC: mark("everybody with the link"),
}
ABSENT: Final = mark("There is no such shared chat, or it is not yours.")
SWITCHED_OFF: Final = {
    "people": mark("Here chats can be shared only with people who have an account."),
    "off": mark("Sharing chats is switched off here."),
}


class Keep(Enum):
    """Leave something as it is; of what is shared for the first time, as it is at first."""

    KEPT = "kept"


class Wish(NamedTuple):
    """How a conversation is to be shared; `seconds` None: until its owner stops."""

    visibility: Visibility
    seconds: int | Keep | None = Keep.KEPT
    with_name: bool | Keep = Keep.KEPT
    anew: bool = False
    """Whether the copy is taken again; the link stays the same."""


class Shared(NamedTuple):
    """How a conversation is shared now, and whether its copy was taken just before."""

    row: Share
    is_taken: bool


def possible() -> list[Visibility]:
    """Return with whom the site lets people share."""
    allowed = {"public": list(Visibility), "people": [Visibility.SIGNED_IN], "off": []}
    return allowed[site_settings.current().sharing]


def share(user_id: int, conversation_id: str, wish: Wish) -> Shared:
    """Share a conversation, or change how it is shared; its link stays the same until it is stopped.

    Raises:
        NotFound: it is not there, or another's.
        Forbidden: the site does not let people share with so many.
        Conflict, InvalidInput: as `snapshots.take`; a time that is not offered.
    """
    _refuse_what_the_site_forbids(wish.visibility)
    expires_at = _expiry(wish.seconds)
    conversation = conversations.own(user_id, conversation_id)

    def work() -> Shared:
        if not is_held(Conversation, conversation.id):  # else the link would outlive it
            raise NotFound(gettext(conversations.NOT_FOUND), field="conversation_id")
        present = _present(conversation.id)
        row = present or _new(conversation)
        if present is None:
            db.session.add(row)
        elif wish.anew:
            row.title, row.said = conversation.title, snapshots.take(conversation)
            row.taken_at = utc_now()
        row.visibility = wish.visibility
        if not isinstance(wish.seconds, Keep):
            row.expires_at = expires_at
        if not isinstance(wish.with_name, Keep):
            row.with_name = wish.with_name
        return Shared(row, present is None or wish.anew)

    return transaction(work)


def _refuse_what_the_site_forbids(visibility: Visibility) -> None:
    if visibility not in possible():
        raise Forbidden(gettext(SWITCHED_OFF[site_settings.current().sharing]), field="visibility")


def _expiry(seconds: int | Keep | None) -> Any:
    if seconds is None or isinstance(seconds, Keep):
        return None
    if not 1 <= seconds <= SHARE_SECONDS_MAX:
        raise InvalidInput(
            gettext("A link lasts 1 to %(most)s seconds.", most=number(SHARE_SECONDS_MAX)),
            field="expires_in",
        )
    return utc_now() + timedelta(seconds=seconds)


def _new(conversation: Conversation) -> Share:
    token = links.new()
    now = utc_now()
    return Share(
        conversation_id=conversation.id,
        user_id=conversation.user_id,
        title=conversation.title,
        said=snapshots.take(conversation),
        created_at=now,
        taken_at=now,
        **token._asdict(),
    )


def _present(conversation_id: str) -> Share | None:
    """Return a conversation's row within a transaction; one that has expired makes room for another link."""
    db.session.execute(
        delete(Share).where(Share.conversation_id == conversation_id, ~links.is_unexpired())
    )
    return of(conversation_id)


def of(conversation_id: str) -> Share | None:
    """Return how a conversation is shared, with its copy; None where no link of it shows anything."""
    return db.session.scalar(
        select(Share)
        .options(undefer(Share.said))
        .where(Share.conversation_id == conversation_id, links.is_unexpired())
    )


def living(user_id: int) -> list[Share]:
    """Return what a person shares, the newest first."""
    return list(
        db.session.scalars(
            select(Share)
            .where(Share.user_id == user_id, links.is_unexpired())
            .order_by(Share.created_at.desc(), Share.id.desc())
        )
    )


def stop(user_id: int, share_id: str) -> None:
    """End one of a person's links for good; raises NotFound for an absent or foreign one alike."""
    if not execute(delete(Share).where(Share.id == storable(share_id), Share.user_id == user_id)):
        raise NotFound(gettext(ABSENT))


def stop_sharing(user_id: int, conversation_id: str) -> None:
    """End a conversation's link, if it has one; raises NotFound as `conversations.own`."""
    row = conversations.own(user_id, conversation_id)
    execute(delete(Share).where(Share.conversation_id == row.id))


def revoke(actor: User, share_id: str) -> None:
    """End anybody's link, as an administrator; this is written down.

    Raises:
        NotFound: there is none.
        Forbidden: `actor` may not change its owner's account.
    """

    def work() -> tuple[None, list[Entry]]:
        row = db.session.get(Share, share_id)
        if row is None:
            raise NotFound(gettext(ABSENT))
        if not may_revoke(actor, row):
            raise Forbidden(gettext("Only a super admin may change this account."))
        db.session.delete(row)
        entry = Entry(
            Act.SHARE_REVOKED, actor.id, row.user_id, f"conversations/{row.conversation_id}"
        )
        return None, [entry]

    audit.transaction(work)


def may_revoke(actor: User, row: Share) -> bool:
    """Tell whether an administrator may end this link, as they may change its owner's account."""
    return row.user_id == actor.id or policies.may_administer(actor.role_name, row.user.role_name)


def forget_expired() -> None:
    """Delete copies that nobody can see any more."""
    execute(delete(Share).where(Share.expires_at <= utc_now()))
