"""What a new conversation begins with: the asker's settings over its persona's. Knows no rows of messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from echo.errors import Forbidden
from echo.extensions import db
from echo.languages import gettext, mark
from echo.models import Conversation, User
from echo.models.types import new_id
from echo.services.chats import chat_settings, conversations, personas
from echo.services.chats.titles import automatic_title
from echo.services.serving import Models
from echo.services.turns.rows import Question

OWNERS = mark("Only whose chat it is changes its settings and what it looks in.")


@dataclass(frozen=True)
class Beginning:
    """Whom a conversation is begun with, and its settings: from now on they are its own."""

    persona_id: str | None
    settings: dict[str, Any]


def of(user_id: int, persona_id: str | None, settings: Mapping[str, Any] | None) -> Beginning:
    """Return what a conversation begins with; a persona whose model is not here answers by the usual one.

    Raises:
        NotFound: there is no such persona for this person.
        InvalidInput: a setting is none.
    """
    own = chat_settings.checked(settings or {})
    if persona_id is None:
        return Beginning(None, chat_settings.without_none(own))
    row = personas.usable(user_id, persona_id)
    kept = personas.begins_with(row)
    if not _may_use(user_id, kept.get("model")):
        del kept["model"]
    return Beginning(row.id, chat_settings.without_none({**kept, **own}))


def _may_use(user_id: int, model: str | None) -> bool:
    if model is None:
        return True
    role = db.session.get_one(User, user_id).role_name
    return model in (view.name for view in Models.here().for_role(role))


def conversation_for(user_id: int, question: Question) -> Conversation:
    """Return the conversation to ask in with the settings put in, or a new one, not yet stored.

    Raises:
        Forbidden: settings or documents come along for a chat of somebody else's.
    """
    if question.conversation_id is not None:
        row = conversations.readable(user_id, question.conversation_id)
        brings_along = question.settings or question.documents or question.collections
        if brings_along and row.user_id != user_id:
            raise Forbidden(gettext(OWNERS))
        if question.settings:
            conversations.change_settings(user_id, row.id, question.settings)
        return row
    begins = of(user_id, question.persona_id, question.settings)
    folder = question.folder_id and conversations.own_folder(user_id, question.folder_id)
    return Conversation(
        id=new_id(),
        user_id=user_id,
        title=automatic_title(question.text),
        title_from_question=True,
        settings=begins.settings,
        persona_id=begins.persona_id,
        folder_id=folder.id if folder else None,
    )
