"""Keeps chats from elsewhere as conversations: each whole, all at once, none twice. Knows no format.

Rows are written in short transactions and stay unseen, marked as deleted at one moment that is theirs alone;
the last transaction shows all of them. What a crash leaves behind is purged with what people deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import insert, select, update

from echo import hub, signals
from echo.clock import utc_now
from echo.errors import InvalidInput
from echo.extensions import db
from echo.languages import gettext
from echo.models import Conversation, Message
from echo.models.types import new_id
from echo.services.accounts import accounts
from echo.services.chats import chat_settings, conversations, folders, retention, tags
from echo.services.chats.erasing import PAUSE_SECONDS, erase_conversations
from echo.services.chats.imports import room
from echo.services.chats.imports.found import Chat, Line, Skipped
from echo.services.chats.titles import automatic_title
from echo.services.storage import BATCH_CHARS, in_parts, transaction, undone_on_failure

MESSAGES_PER_STEP: Final = 200
Rows = list[dict[str, Any]]


@dataclass
class Report:
    """Which chats were kept, or would be, and which were left out."""

    kept: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, str]] = field(default_factory=list)
    _keys: list[str] = field(default_factory=list, repr=False)
    """Of those that are kept, in their order."""

    def add(self, chat: Chat) -> None:
        """Note a chat that is kept; its words are not held."""
        about = {
            "title": title_of(chat),
            "messages": len(chat.lines),
            "folder": chat.folder or None,
        }
        self.kept.append(about | {"archived": chat.archived})
        self._keys.append(chat.key)

    def leave_out(self, twice: set[str]) -> None:
        """Note that the chats with these keys came by another import meanwhile."""
        pairs = list(zip(self._keys, self.kept, strict=True))
        self.kept = [about for key, about in pairs if key not in twice]
        self.skipped += [
            {"title": about["title"], "reason": gettext(room.TWICE)}
            for key, about in pairs
            if key in twice
        ]


def preview(user_id: int, found: Iterable[Chat | Skipped]) -> Report:
    """Return what `keep` would do; keeps nothing."""
    report, here = Report(), room.here(user_id)
    for each in found:
        if (chat := _new(each, here, report)) is not None:
            report.add(chat)
    return report


def keep(user_id: int, found: Iterable[Chat | Skipped]) -> Report:
    """Keep the chats that are not here yet; all of them appear at once, or none where something fails.

    Raises:
        StorageUnavailable, and what reading the file raises.
    """
    moment = utc_now()
    mine = (Conversation.user_id == user_id) & (Conversation.deleted_at == moment)
    writer, report, here = _Writer(user_id, moment), Report(), room.here(user_id)
    with undone_on_failure(lambda: erase_conversations(mine)):
        for each in found:
            if (chat := _new(each, here, report)) is not None:
                writer.add(chat)
                report.add(chat)
        writer.write()
        report.leave_out(transaction(lambda: _show(user_id, mine, writer.folders)))
    if report.kept:
        signals.folders_changed.send(user_id, moved=True)
    return report


def _new(each: Chat | Skipped, here: room.Here, report: Report) -> Chat | None:
    """Return a chat that is to be kept; say in the report why another one is not."""
    if isinstance(each, Skipped):
        report.skipped.append(asdict(each))
        return None
    if (reason := here.refusal(each)) is not None:
        report.skipped.append({"title": title_of(each), "reason": reason})
        return None
    return each


def _show(user_id: int, mine: Any, by_folder: dict[str, list[str]]) -> set[str]:
    """Show what has not come by another import meanwhile; return the keys of the rest, which stays unseen."""
    accounts.alone_with([user_id])
    here = room.keys(user_id)
    rows = db.session.execute(select(Conversation.id, Conversation.imported_from).where(mine)).all()
    new = {row.id for row in rows if row.imported_from not in here}
    placed = {name: [each for each in ids if each in new] for name, ids in by_folder.items()}
    places = folders.ids_by_name(user_id, (name for name, ids in placed.items() if ids))
    for name, ids in placed.items():
        _set(ids, folder_id=places.get(name))
    _set(list(new), deleted_at=None)
    return {row.imported_from for row in rows if row.id not in new}


def _set(ids: list[str], **values: Any) -> None:
    for some in in_parts(ids):
        where = Conversation.id.in_(some)
        db.session.execute(update(Conversation).where(where).values(**values))


class _Writer:
    """Writes rows some at a time."""

    def __init__(self, user_id: int, moment: datetime) -> None:
        self._user_id, self._moment = user_id, moment
        days = retention.in_force(accounts.get(user_id).retention_days)
        self._swept_before = moment - timedelta(days=days) if days is not None else None
        self._chats: Rows = []
        self._messages: Rows = []
        self._bytes = 0
        self._tags: dict[str, list[str]] = {}
        self._room_for_pinned = conversations.room_for_pinned(user_id)
        self.folders: dict[str, list[str]] = {}
        """The ids of what lies in each folder, by its name."""

    def add(self, chat: Chat) -> None:
        """Take a chat; what has gathered is written now and then."""
        row = self._conversation(chat)
        begun = row["created_at"]
        messages = message_rows(row["id"], self._user_id, chat.lines, begun, self._moment)
        row["head_id"] = messages[chat.head]["id"]
        self._chats.append(row)
        self._messages += messages
        self._bytes += row["imported_bytes"]
        if chat.tags:
            self._tags[row["id"]] = chat.tags
        if chat.folder:
            self.folders.setdefault(chat.folder, []).append(row["id"])
        if len(self._messages) >= MESSAGES_PER_STEP or self._bytes >= BATCH_CHARS:
            self.write()

    def write(self) -> None:
        """Write what has gathered, in short transactions."""
        messages, self._messages, self._bytes = self._messages, [], 0
        for some in in_parts(messages, MESSAGES_PER_STEP):
            chats, self._chats = self._chats, []
            tagged, self._tags = self._tags, {}
            self._insert(chats, some, tagged)
            hub.sleep(PAUSE_SECONDS)

    def _insert(self, chats: Rows, messages: Sequence[Any], tagged: dict[str, list[str]]) -> None:
        def work() -> None:
            for table, rows in ((Conversation, chats), (Message, messages)):
                if rows:
                    db.session.execute(insert(table), rows)
            if tagged:
                tags.keep(self._user_id, tagged)

        transaction(work)

    def _pins_one_more(self) -> bool:
        self._room_for_pinned -= 1
        return self._room_for_pinned >= 0

    def _conversation(self, chat: Chat) -> dict[str, Any]:
        begun = _moment(chat.created_at) or _moment(chat.lines[0].at) or self._moment
        last = max((line.at for line in chat.lines if line.at is not None), default=None)
        used = max(begun, _moment(chat.updated_at) or _moment(last) or begun)
        if used > self._moment or (self._swept_before is not None and used < self._swept_before):
            used = self._moment  # importing is using it: else it would be deleted within the hour
        return {
            "id": new_id(),
            "user_id": self._user_id,
            "title": title_of(chat),
            "pinned": chat.pinned and self._pins_one_more(),
            "settings": _settings(chat.settings),
            "message_count": len(chat.lines),
            "created_at": min(begun, self._moment),
            "updated_at": used,
            "archived_at": used if chat.archived else None,
            "deleted_at": self._moment,
            "imported_from": chat.key,
            "imported_bytes": room.bytes_of(chat.lines),
        }


def title_of(chat: Chat) -> str:
    """Return a chat's title, or one from its first question."""
    return chat.title or automatic_title(
        next((line.text for line in chat.lines if line.role == "user"), "")
    )


def message_rows(
    conversation_id: str, user_id: int, lines: list[Line], begun: datetime, latest: datetime
) -> Rows:
    """Return the rows of what was said elsewhere; a line without a time has that of the line before it."""
    ids = [new_id() for _ in lines]
    rows: Rows = []
    at = begun
    for ordinal, line in enumerate(lines, 1):
        at = _moment(line.at) or at
        is_reply = line.role == "assistant"
        rows.append(
            {
                "id": ids[ordinal - 1],
                "conversation_id": conversation_id,
                "user_id": user_id,
                "parent_id": None if line.parent is None else ids[line.parent],
                "ordinal": ordinal,
                "role": line.role,
                "text": line.text,
                "status": line.status,
                "seq": int(is_reply),
                "piece_lengths": str(len(line.text)) if is_reply else "",
                "model": line.model,
                "created_at": min(at, latest),
                "edited_at": _moment(line.edited_at),
                "original_text": line.original_text,
                "imported": True,
            }
        )
    return rows


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _settings(told: dict[str, Any]) -> dict[str, Any]:
    """Return those settings that Echo takes; the model was one of another place."""
    found: dict[str, Any] = {}
    for name, value in told.items():
        if name != "model" and value is not None:
            try:
                found |= chat_settings.checked({name: value})
            except InvalidInput:
                continue
    return found
