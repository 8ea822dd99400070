"""How many conversations have what beside talk: rows of one chart, read from the conversations themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, exists, func, select

from echo.clock import midnight
from echo.extensions import db
from echo.models import (
    Conversation,
    ConversationCollection,
    ConversationDocument,
    ConversationMember,
    ConversationTag,
    Share,
)


def _has(model: Any) -> ColumnElement[bool]:
    return exists().where(model.conversation_id == Conversation.id)


FEATURES: Final[Mapping[str, ColumnElement[bool]]] = {
    "documents": _has(ConversationDocument),
    "collections": _has(ConversationCollection),
    "persona": Conversation.persona_id.is_not(None),
    "folder": Conversation.folder_id.is_not(None),
    "tags": _has(ConversationTag),
    "together": _has(ConversationMember),
    "shared": _has(Share),
    "pinned": Conversation.pinned.is_(True),
    "archived": Conversation.archived_at.is_not(None),
}
"""The names are those of `analytics/catalogue/features.py`."""


def features(first: date, last: date, zone: ZoneInfo) -> list[tuple[str, int]]:
    """Return (feature, conversations begun in the range that have it), where any do, and ("all", count)."""
    counts = [func.count().filter(has).label(name) for name, has in FEATURES.items()]
    row = db.session.execute(
        select(func.count().label("all"), *counts)
        .select_from(Conversation)
        .where(
            Conversation.created_at >= midnight(first, zone),
            Conversation.created_at < midnight(last + timedelta(days=1), zone),
            Conversation.imported_from.is_(None),
        )
    ).one()
    return [(name, count) for name, count in row._mapping.items() if count]
