"""A person's conversations: make, rename, pin, move, archive, delete, restore, settings. Knows no engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import selectinload

from echo import signals
from echo.clock import utc_now
from echo.errors import Conflict, InvalidInput, NotFound
from echo.extensions import db
from echo.languages import gettext, mark
from echo.limits import FORM_SLACK, PINNED_MAX, TITLE_CHARS
from echo.models import Conversation, Folder, Message, Persona, Share
from echo.models.types import new_id
from echo.services.chats import chat_settings, together
from echo.services.chats import tags as own_tags
from echo.services.chats.erasing import erase_conversations
from echo.services.chats.titles import UNTITLED
from echo.services.storage import execute, is_held, transaction
from echo.text import is_blank, storable

May = Callable[[Conversation, int], bool]
SHOWN: Final = [*map(selectinload, (Conversation.tags, Conversation.persona, Conversation.members))]
"""What is loaded with conversations that are listed, for all of them at once."""
KEPT_AFTER_DELETE: Final = timedelta(days=7)
NOT_FOUND = mark("There is no such conversation, or it is not yours.")
NO_MESSAGE = mark("There is no such message, or it is not yours.")


def own(user_id: int, conversation_id: str) -> Conversation:
    """Return the user's conversation; raises NotFound for an absent, deleted or foreign one alike."""
    return _chat(conversation_id, user_id, _is_of)


def own_message(user_id: int, message_id: str) -> Message:
    """Return a message of one of the user's conversations; raises NotFound for all others alike."""
    return _message(message_id, user_id, _is_of)


def readable(user_id: int, conversation_id: str) -> Conversation:
    """Return a conversation that the user may read and ask in: their own, or one they were invited into.

    All that is not for its owner alone asks this; raises NotFound as `own`.
    """
    return _chat(conversation_id, user_id, _may_read)


def readable_message(user_id: int, message_id: str) -> Message:
    """Return a message of a `readable` conversation; raises NotFound for all others alike."""
    return _message(message_id, user_id, _may_read)


def _chat(conversation_id: str, user_id: int, may: May) -> Conversation:
    row = db.session.get(Conversation, storable(conversation_id))
    if row is None or not may(row, user_id):
        raise NotFound(gettext(NOT_FOUND), field="conversation_id")
    return row


def _message(message_id: str, user_id: int, may: May) -> Message:
    row = db.session.get(Message, storable(message_id))
    chat = db.session.get(Conversation, row.conversation_id) if row is not None else None
    if row is None or chat is None or not may(chat, user_id):
        raise NotFound(gettext(NO_MESSAGE), field="message_id")
    return row


def _is_of(row: Conversation, user_id: int) -> bool:
    return row.user_id == user_id and row.deleted_at is None


def _may_read(row: Conversation, user_id: int) -> bool:
    is_there = row.deleted_at is None
    return is_there and (row.user_id == user_id or together.is_member(row.id, user_id))


def own_folder(user_id: int, folder_id: str) -> Folder:
    """Return the user's folder; raises NotFound for an absent, deleted or foreign one alike."""
    row = db.session.get(Folder, storable(folder_id))
    if row is None or row.user_id != user_id or row.deleted_at is not None:
        raise NotFound(gettext("There is no such folder, or it is not yours."), field="folder_id")
    return row


def newest_id(user_id: int) -> str | None:
    """Return the id of the conversation that was used last and is not put away, if there is one."""
    there = (Conversation.user_id == user_id) & Conversation.deleted_at.is_(None)
    return db.session.scalar(
        select(Conversation.id)
        .where(there, Conversation.archived_at.is_(None))
        .order_by(Conversation.updated_at.desc(), Conversation.id.desc())
        .limit(1)
    )


Also = Callable[[Any], object]
"""What else is written about the row in the same transaction."""


def _change(row: Conversation, also: Iterable[Also] = (), **values: Any) -> Conversation:
    def work() -> None:
        if "folder_id" in values:
            values["folder_id"] = folder_or_list(values["folder_id"])
        for name, value in values.items():
            setattr(row, name, value)
        for act in also:
            act(row)

    transaction(work)
    signals.conversation_changed.send(row)
    return row


def create(
    user_id: int,
    title: str | None,
    settings: dict[str, Any],
    folder_id: str | None = None,
    persona_id: str | None = None,
    also: Iterable[Also] = (),
) -> Conversation:
    """Make an empty conversation; without a title it gets one from its first question.

    Who names a persona has asked whether this person may use it (`turns/beginnings`).

    Raises:
        InvalidInput: as `rename` and `chat_settings.checked`.
        NotFound: the folder is not there, or another's.
    """
    row = Conversation(
        id=new_id(),
        user_id=user_id,
        title=gettext(UNTITLED) if title is None else checked_title(title),
        title_from_question=title is None,
        settings=chat_settings.without_none(chat_settings.checked(settings)),
        folder_id=None if folder_id is None else own_folder(user_id, folder_id).id,
        persona_id=persona_id,
    )

    def work() -> None:
        let_go_of_what_is_gone(row)
        db.session.add(row)
        db.session.flush()
        for act in also:
            act(row)

    transaction(work)
    signals.conversation_changed.send(row)
    return row


def folder_or_list(folder_id: str | None) -> str | None:
    """Return where chats go in this transaction: None, the list, where the folder was deleted meanwhile."""
    return folder_id if folder_id and is_held(Folder, folder_id) else None


def let_go_of_what_is_gone(conversation: Conversation) -> None:
    """Take a folder or persona that went meanwhile from one that is being stored, in its transaction."""
    conversation.folder_id = folder_or_list(conversation.folder_id)
    if conversation.persona_id is not None:
        there = select(Persona.id).where(Persona.id == conversation.persona_id)
        conversation.persona_id = db.session.scalar(there.with_for_update(read=True))


def change(
    user_id: int,
    conversation_id: str,
    *,
    title: str | None = None,
    pinned: bool | None = None,
    archived: bool | None = None,
    folder_id: str | None = None,
    tags: list[str] | None = None,
    settings: dict[str, Any] | None = None,
    also: Iterable[Also] = (),
) -> Conversation:
    """Change what is given, all of it or nothing; a setting of None puts the model's default back.

    A `folder_id` of "" takes it out of its folder; `tags` are all that it has then.

    Raises:
        NotFound: it, or the folder, is not there, or another's.
        InvalidInput: an empty or too long title; as `chat_settings.checked` and `tags.checked`.
        Conflict: the user has as many tags, or pinned chats, as one may have.
    """
    row = own(user_id, conversation_id)
    wanted: dict[str, Any] = {}
    if title is not None:
        wanted |= {"title": checked_title(title), "title_from_question": False}
        # written even where it is what was read: a model may be faster
        db.session.expire(row, ["title"])
    if pinned is not None:
        if pinned and not row.pinned and room_for_pinned(user_id) < 1:
            most = PINNED_MAX
            raise Conflict(gettext("One pins at most %(most)s chats.", most=most), field="pinned")
        wanted["pinned"] = pinned
    if archived is not None:
        wanted["archived_at"] = (row.archived_at or utc_now()) if archived else None
    if folder_id is not None:
        wanted["folder_id"] = own_folder(user_id, folder_id).id if folder_id else None
    if settings is not None:
        wanted["settings"] = chat_settings.without_none(
            {**row.settings, **chat_settings.checked(settings)}
        )
    if tags is not None:
        also = [*also, partial(own_tags.put, names=own_tags.checked(tags))]
    return _change(row, also, **wanted)


def room_for_pinned(user_id: int) -> int:
    """Return how many more chats the user may pin; those that can still be restored count too."""
    query = select(func.count()).where(Conversation.user_id == user_id, Conversation.pinned)
    return PINNED_MAX - (db.session.scalar(query) or 0)


def rename(user_id: int, conversation_id: str, title: str) -> Conversation:
    """Set the title; raises as `change`."""
    return change(user_id, conversation_id, title=title)


def give_title(conversation_id: str, title: str) -> bool:
    """Put a model's title where the first question's stands; False for a chat that is renamed or gone.

    One statement, so that neither a name by its owner nor a deletion is ever overtaken.
    """
    given = execute(
        update(Conversation)
        .where(
            Conversation.id == conversation_id,
            Conversation.title_from_question,
            Conversation.deleted_at.is_(None),
        )
        .values(title=title, title_from_question=False)
    )
    if given and (row := db.session.get(Conversation, conversation_id, populate_existing=True)):
        signals.conversation_changed.send(row)
    return bool(given)


def pin(user_id: int, conversation_id: str, pinned: bool) -> Conversation:
    """Pin or unpin."""
    return change(user_id, conversation_id, pinned=pinned)


def change_settings(user_id: int, conversation_id: str, values: dict[str, Any]) -> Conversation:
    """Set the given generation settings; raises as `change`."""
    return change(user_id, conversation_id, settings=values)


def checked_title(title: str) -> str:
    """Return a title as it is stored; raises InvalidInput for an empty or too long one."""
    return checked_line(title, TITLE_CHARS, gettext("A title"), "title")


def checked_line(text: str, most: int, what: str, field: str) -> str:
    """Return a text as it is stored, on one line; raises InvalidInput for an empty or too long one."""
    text = text[: FORM_SLACK * most]
    is_seen = not is_blank(text)
    text = " ".join(storable(text).split())
    if not is_seen or len(text) > most:
        raise InvalidInput(
            gettext("%(what)s has 1 to %(most)s characters.", what=what, most=most), field=field
        )
    return text


def remove(user_id: int, conversation_id: str) -> None:
    """Delete; it can be restored for some days. A link that showed it to others is gone for good."""
    row = own(user_id, conversation_id)

    def work() -> None:
        row.deleted_at = utc_now()
        db.session.execute(delete(Share).where(Share.conversation_id == row.id))

    transaction(work)
    members = [each.user_id for each in row.members]
    signals.conversation_removed.send(
        user_id, conversation_id=conversation_id, restorable=True, members=members
    )


def restore(user_id: int, conversation_id: str) -> Conversation:
    """Undo a deletion; raises NotFound when there is nothing to undo."""
    row = db.session.get(Conversation, storable(conversation_id))
    if row is None or row.user_id != user_id or row.deleted_at is None:
        raise NotFound(gettext(NOT_FOUND))
    return _change(row, deleted_at=None)


def purge_deleted() -> int:
    """Remove for good what was deleted long enough ago; returns how many."""
    return erase_conversations(Conversation.deleted_at < utc_now() - KEPT_AFTER_DELETE)
