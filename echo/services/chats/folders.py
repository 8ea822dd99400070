"""A person's folders: make, change, order, delete with undo; the prompt that lies in one. No engine."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from echo import signals
from echo.clock import utc_now
from echo.errors import Conflict, InvalidInput, NotFound
from echo.extensions import db
from echo.languages import gettext, number
from echo.limits import FOLDER_NAME_CHARS, FOLDERS_MAX
from echo.models import Conversation, Folder, Share
from echo.models.types import new_id
from echo.services.accounts import accounts
from echo.services.chats import chat_settings, conversations, together
from echo.services.storage import in_parts, transaction
from echo.text import is_blank, storable


def of(user_id: int) -> list[Folder]:
    """Return the user's folders in their order."""
    query = select(Folder).where(Folder.user_id == user_id, Folder.deleted_at.is_(None))
    return list(db.session.scalars(query.order_by(Folder.position, Folder.id)))


def prompt_of(row: Conversation) -> str | None:
    """Return the system prompt that holds for a conversation: its own, else its folder's; None: neither."""
    own: str | None = row.settings.get("system_prompt")
    if own is not None or row.folder_id is None:
        return own
    folder = db.session.get(Folder, row.folder_id)
    return (folder.system_prompt or None) if folder is not None else None


def create(
    user_id: int, name: str, system_prompt: str = "", also: Iterable[conversations.Also] = ()
) -> Folder:
    """Make a folder, after those there are.

    Raises:
        InvalidInput: an empty or too long name, too long a prompt.
        Conflict: the user has as many as one may have.
    """
    row = Folder(
        id=new_id(),
        user_id=user_id,
        name=_checked_name(name),
        system_prompt=_checked_prompt(system_prompt),
        held=[],
    )

    def work() -> None:
        present = of(user_id)
        if len(present) >= FOLDERS_MAX:
            raise Conflict(
                gettext(
                    "One has at most %(most)s folders. Delete one that is not needed.",
                    most=number(FOLDERS_MAX),
                )
            )
        row.position = present[-1].position + 1 if present else 0
        db.session.add(row)
        db.session.flush()
        for act in also:
            act(row)

    transaction(work)
    return _told(row)


def change(
    user_id: int,
    folder_id: str,
    *,
    name: str | None = None,
    system_prompt: str | None = None,
    position: int | None = None,
    also: Iterable[conversations.Also] = (),
) -> Folder:
    """Change what is given, all of it or nothing; `position` counts from 0 among the user's folders.

    Raises:
        NotFound: it is not there, or another's.
        InvalidInput: as `create`.
    """
    row = conversations.own_folder(user_id, folder_id)
    new_name = None if name is None else _checked_name(name)
    new_prompt = None if system_prompt is None else _checked_prompt(system_prompt)

    def work() -> None:
        row.name = row.name if new_name is None else new_name
        row.system_prompt = row.system_prompt if new_prompt is None else new_prompt
        if position is not None:
            others = [each for each in of(user_id) if each.id != row.id]
            others.insert(position, row)
            for at, each in enumerate(others):
                each.position = at
        for act in also:
            act(row)

    transaction(work)
    return _told(row)


def ids_by_name(user_id: int, names: Iterable[str]) -> dict[str, str]:
    """Return the folders of these names, made where they are not there; in the caller's transaction.

    A name that cannot be one, or one too many, is left out: what should lie there lies in the list.
    """
    present = of(user_id)
    found = {row.name: row.id for row in present}
    at = present[-1].position + 1 if present else 0
    for name in names:
        if name not in found and _is_name(name) and len(found) < FOLDERS_MAX:
            row = Folder(
                id=new_id(), user_id=user_id, name=name, position=at, system_prompt="", held=[]
            )
            db.session.add(row)
            found[name], at = row.id, at + 1
    db.session.flush()
    return found


def _is_name(name: str) -> bool:
    try:
        return _checked_name(name) == name
    except InvalidInput:
        return False


def _told(row: Folder) -> Folder:
    signals.folders_changed.send(row.user_id, moved=False)
    return row


def remove(user_id: int, folder_id: str, with_conversations: bool = False) -> None:
    """Delete a folder; what lies in it goes back to the list, or is deleted too. `restore` undoes both.

    What is in the archive is never deleted along: it is not seen in the folder.

    Raises:
        NotFound: it is not there, or another's.
    """
    row = conversations.own_folder(user_id, folder_id)
    now = utc_now()

    def work() -> list[str]:
        accounts.alone_with([user_id])  # an import may be putting chats into it
        held = _held(row.id, archived=False)
        row.held = held + _held(row.id, archived=True)
        row.deleted_at = now
        _set(Conversation.folder_id == row.id, folder_id=None)
        for ids in in_parts(held if with_conversations else []):
            _set(Conversation.id.in_(ids), deleted_at=now)
            db.session.execute(delete(Share).where(Share.conversation_id.in_(ids)))
        return held if with_conversations else []

    gone = transaction(work)
    for conversation_id, members in together.member_ids(gone).items():
        signals.conversation_removed.send(
            user_id, conversation_id=conversation_id, restorable=True, members=members
        )
    signals.folders_changed.send(user_id, moved=True)


def _held(folder_id: str, *, archived: bool) -> list[str]:
    put_away = Conversation.archived_at.is_not(None)
    query = select(Conversation.id).where(
        Conversation.folder_id == folder_id,
        Conversation.deleted_at.is_(None),
        put_away if archived else ~put_away,
    )
    return list(db.session.scalars(query))


def restore(user_id: int, folder_id: str) -> Folder:
    """Undo a deletion: those that lay in it lie in it again, unless they were moved elsewhere since.

    Raises:
        NotFound: there is nothing to undo.
        Conflict: the user has as many folders as one may have.
    """
    row = db.session.get(Folder, storable(folder_id))
    if row is None or row.user_id != user_id or row.deleted_at is None:
        raise NotFound(gettext("There is no such folder, or it is not yours."), field="folder_id")
    if len(of(user_id)) >= FOLDERS_MAX:
        raise Conflict(
            gettext(
                "One has at most %(most)s folders. Delete one that is not needed.",
                most=number(FOLDERS_MAX),
            )
        )
    gone: datetime = row.deleted_at

    def work() -> list[str]:
        back: list[str] = []
        for ids in in_parts(row.held):
            mine = Conversation.id.in_(ids) & (Conversation.user_id == user_id)
            deleted = mine & (Conversation.deleted_at == gone)
            back += db.session.scalars(select(Conversation.id).where(deleted))
            _set(mine & Conversation.folder_id.is_(None), folder_id=row.id)
            _set(deleted, deleted_at=None)
        row.held, row.deleted_at = [], None
        return back

    _tell_members(transaction(work))
    signals.folders_changed.send(user_id, moved=True)
    return row


def _tell_members(back: list[str]) -> None:
    """Announce the chats that others are in; the owner's windows ask for the whole folder anew."""
    shared = [each for each, members in together.member_ids(back).items() if members]
    for ids in in_parts(shared):
        query = select(Conversation).where(Conversation.id.in_(ids)).options(*conversations.SHOWN)
        for row in db.session.scalars(query):
            signals.conversation_changed.send(row)


def purge_deleted() -> int:
    """Remove for good what was deleted long enough ago; returns how many."""

    def work() -> int:
        old = Folder.deleted_at < utc_now() - conversations.KEPT_AFTER_DELETE
        return int(db.session.execute(delete(Folder).where(old)).rowcount)  # type: ignore[attr-defined]

    return transaction(work)


def _set(which: Any, **values: Any) -> None:
    db.session.execute(update(Conversation).where(which).values(**values))


def _checked_name(name: str) -> str:
    return conversations.checked_line(name, FOLDER_NAME_CHARS, gettext("A folder's name"), "name")


def _checked_prompt(text: str) -> str:
    checked = chat_settings.checked({"system_prompt": text})["system_prompt"]
    return "" if is_blank(checked) else str(checked)
