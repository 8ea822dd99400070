"""How long unused conversations are kept: the person's own wish or the site's rule, whichever is shorter.

Knows no pages; the serving process calls `sweep` each hour.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import ColumnElement, select

from echo.clock import utc_now
from echo.errors import InvalidInput
from echo.extensions import db
from echo.languages import gettext
from echo.models import Conversation, User
from echo.services import site_settings
from echo.services.accounts import accounts
from echo.services.chats import erasing
from echo.services.storage import assign

log = structlog.get_logger()

CHOICES: Final = (None, 30, 90, 365)


def site_days() -> int | None:
    """Return the site's own limit; None where it has none."""
    return site_settings.current().retention_days


def in_force(own_days: int | None) -> int | None:
    """Return the days after which a conversation goes: the shorter of the two limits."""
    return min((days for days in (own_days, site_days()) if days is not None), default=None)


def choose(user_id: int, days: int | None) -> None:
    """Keep the person's wish; raises InvalidInput for one that is not offered."""
    if days not in CHOICES:
        raise InvalidInput(
            gettext("Choose one of the times that are offered."), field="retention_days"
        )
    user = accounts.get(user_id)

    assign(user, retention_days=days)


def sweep() -> int:
    """Delete what nobody has used for longer than it is kept; return how many conversations."""
    swept = 0
    wishes = select(User.retention_days).where(User.retention_days.is_not(None)).distinct()
    for days in list(db.session.scalars(wishes)):
        wanted = select(User.id).where(User.retention_days == days)
        swept += erasing.erase_conversations(
            Conversation.user_id.in_(wanted) & _unused_for(days or 0)
        )
    limit = site_days()
    if limit is not None:
        swept += erasing.erase_conversations(_unused_for(limit))
    if swept:
        log.info("conversations were not used for long and are deleted", count=swept)
    return swept


def _unused_for(days: int) -> ColumnElement[bool]:
    return Conversation.updated_at < utc_now() - timedelta(days=days)
