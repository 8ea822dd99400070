"""What a person has of chats already, and for how much more there is room. Knows no format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select

from echo.config import Settings
from echo.errors import Conflict
from echo.extensions import db
from echo.languages import gettext, mark, number
from echo.models import Conversation
from echo.services.chats.imports.found import Chat, Line

TWICE: Final = mark("It is here already.")
FULL: Final = mark(
    "With it your imported chats would take more than %(most)s MB, the most there may be. Delete some first; "
    "deleted ones count until they cannot be restored."
)
MEGA: Final = 1_000_000


def refuse_full(user_id: int, lines: list[Line]) -> None:
    """Raise Conflict where a person's imported chats would take more than they may with these lines."""
    if bytes_of(lines) > _left(user_id):
        raise Conflict(_full())


def bytes_of(lines: list[Line]) -> int:
    """Return how long what was said is, and what it was before somebody edited it."""
    texts = (text for line in lines for text in (line.text, line.original_text or ""))
    return sum(len(text.encode()) for text in texts)


@dataclass
class Here:
    """What a person has: the keys of chats, and for how many bytes of others there is room."""

    keys: set[str]
    room: int

    def refusal(self, chat: Chat) -> str | None:
        """Take a chat, or return why there is no place for it."""
        if chat.key in self.keys:
            return gettext(TWICE)
        if (length := bytes_of(chat.lines)) > self.room:
            return _full()
        self.keys.add(chat.key)
        self.room -= length
        return None


def here(user_id: int) -> Here:
    """Return what is here; the connection goes back: others have their turn while the file is read."""
    found = Here(keys(user_id), _left(user_id))
    db.session.commit()
    return found


def _left(user_id: int) -> int:
    taken = select(func.sum(Conversation.imported_bytes)).where(Conversation.user_id == user_id)
    return Settings.here().import_mb * MEGA - (db.session.scalar(taken) or 0)


def _full() -> str:
    return gettext(FULL, most=number(Settings.here().import_mb))


def keys(user_id: int) -> set[str]:
    """Return the keys of what the user has: where it was imported from, and what its own export says."""
    rows = db.session.execute(
        select(Conversation.id, Conversation.imported_from).where(
            Conversation.user_id == user_id, Conversation.deleted_at.is_(None)
        )
    )
    return {key for row in rows for key in (f"own:{row.id}", row.imported_from) if key}
