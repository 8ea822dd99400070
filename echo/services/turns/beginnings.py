"""Where a question is asked: in which conversation, which may be new, and below what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from echo.errors import Conflict, Forbidden, InvalidInput
from echo.extensions import db
from echo.languages import gettext, mark
from echo.models import Conversation, User
from echo.models.types import new_id
from echo.services.chats import chat_settings, conversations, personas
from echo.services.chats.titles import automatic_title
from echo.services.serving import Models
from echo.services.turns.rows import Asked, HeadMoved, Question

TRIES: Final = 5
CROWDED = mark("Others ask here at this very moment. Please ask once more.")
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


def below(
    conversation: Conversation, parent_id: str | None, ask: Callable[[str | None, bool], Asked]
) -> Asked:
    """Ask under the reply that is named, else under what is shown; return what was asked.

    Several people ask one after the other: what somebody else has asked meanwhile stands above.

    Raises:
        InvalidInput: what is named is no answer of this conversation.
        Conflict: others were faster each time.
    """
    if not conversation.members:
        return ask(_parent_for(conversation, parent_id), False)
    for _ in range(TRIES):
        db.session.refresh(conversation, ["head_id"])
        with suppress(HeadMoved):
            return ask(conversation.head_id, True)
    raise Conflict(gettext(CROWDED))


def _parent_for(conversation: Conversation, parent_id: str | None) -> str | None:
    if parent_id is None:
        return conversation.head_id
    parent = conversations.own_message(conversation.user_id, parent_id)
    if parent.conversation_id != conversation.id or parent.role != "assistant":
        raise InvalidInput(
            gettext("A question is asked under an answer of the same conversation."),
            field="parent_id",
        )
    return parent.id
