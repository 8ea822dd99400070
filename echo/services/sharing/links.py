"""The tokens in links to shared chats, and finding what a link shows. Knows no addresses of pages.

A link that was never right, one that was stopped, and one that has expired cannot be told from each other.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import structlog
from sqlalchemy import ColumnElement, false, select, true, update
from sqlalchemy.orm import undefer

from echo.clock import utc_now
from echo.errors import Conflict, NotFound, StorageUnavailable
from echo.extensions import db
from echo.languages import gettext, mark
from echo.models import Conversation, Share, User, Visibility
from echo.services import site_settings
from echo.services.sign_in import secret_box
from echo.services.storage import execute
from echo.services.tokens import digest, new_token

log = structlog.get_logger()

GONE: Final = mark(
    "This link shows nothing: it was stopped, has expired, or is not quite the one that was sent."
)
PURPOSE: Final = "shared chat"


class Token(NamedTuple):
    """What is stored of a new token."""

    token_hash: str
    sealed_token: str


def new() -> Token:
    """Return a token that nobody has: 256 random bits."""
    token = new_token()
    return Token(digest(token), secret_box.seal(token, PURPOSE))


def token_of(row: Share) -> str | None:
    """Return the token for its owner's eyes; None where the server's key was changed since."""
    try:
        return secret_box.unseal(row.sealed_token, PURPOSE)
    except Conflict:
        return None


def find(token: str, reader: User | None, *, with_copy: bool = True) -> Share:
    """Return what the link shows to this reader (None: a visitor), with its copy or without.

    One statement, whatever is wrong: neither answer nor time tell whether there is such a link.

    Raises:
        NotFound: nothing; also when its owner is switched off or has deleted the conversation.
    """
    query = (
        select(Share)
        .join(User, User.id == Share.user_id)
        .join(Conversation, Conversation.id == Share.conversation_id)
        .where(
            Share.token_hash == digest(token),
            is_unexpired(),
            User.active,
            Conversation.deleted_at.is_(None),
            _is_for(reader),
        )
    )
    row = db.session.scalar(query.options(undefer(Share.said)) if with_copy else query)
    if row is None:
        raise NotFound(gettext(GONE))
    return row


def is_unexpired() -> ColumnElement[bool]:
    """Tell whether a link has time left."""
    return Share.expires_at.is_(None) | (Share.expires_at > utc_now())


def _is_for(reader: User | None) -> ColumnElement[bool]:
    site = site_settings.current().sharing
    if site == "off":
        return false()
    if reader is not None:
        return true()
    return Share.visibility == Visibility.PUBLIC if site == "public" else false()


def count_opening(row: Share, reader: User | None) -> None:
    """Note that a browser has shown it; its owner's does not count, and a full disk hides it from nobody."""
    if reader is not None and reader.id == row.user_id:
        return
    try:
        execute(update(Share).where(Share.id == row.id).values(opened=Share.opened + 1))
    except StorageUnavailable:
        log.warning("an opened link could not be counted", share=row.id)
