"""Finding what was said in the conversations that one may read. Knows no pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import select

from echo.extensions import db
from echo.languages import gettext, mark
from echo.limits import SEARCH_CHARS, SEARCH_ROWS, SEARCH_SECONDS
from echo.models import Conversation, Folder, Message
from echo.services.chats import tags, together
from echo.services.searching import Budget, place
from echo.text import boundary, folded

RESULTS: Final = 30
SNIPPET_AROUND: Final = 50
WORD_AT_MOST: Final = 20  # of a longer one a part is shown, and where words are not parted
CUT: Final = "…"
TABLE: Final = re.compile(r"^[ \t]*\|", re.MULTILINE)
CELLS: Final = re.compile(r"\s*\|(?:[\s:|-]*\|)?\s*")
"""Between the cells of a table in Markdown, and the line below its head."""
ARCHIVE: Final = mark("Archived")
OTHERS: Final = mark("Shared with you")
TAGGED: Final = re.compile(r'(?<!\S)tag:(?:"([^"]*)"?|(\S+))\s*', re.IGNORECASE)
"""`tag:work` and `tag:"far away"` among the words: only chats that bear them all."""


@dataclass(frozen=True)
class Result:
    """A conversation with the newest message that holds the words; None where only its title does."""

    id: str
    title: str
    place: str
    """Where it stands, if not in the list: its folder's name, or the archive."""
    archived: bool
    updated_at: datetime
    message_id: str | None
    snippet_before: str
    match: str
    snippet_after: str


@dataclass(frozen=True)
class Found:
    """What was found, the conversation used last first; `is_cut` when older ones were not looked at."""

    results: list[Result]
    is_cut: bool


class _Chat(NamedTuple):
    updated_at: datetime
    id: str
    title: str
    archived_at: datetime | None
    folder: str | None
    is_own: bool

    @property
    def place(self) -> str:
        """Where it stands; of another's chat that is its owner's own."""
        if not self.is_own:
            return gettext(OTHERS)
        return gettext(ARCHIVE) if self.archived_at is not None else self.folder or ""


def search(user_id: int, words: str) -> Found:
    """Return the conversations whose title or any message contains `words`, without case, composed or not.

    `tag:work` among them stands for a tag that they bear.
    """
    words = words[:SEARCH_CHARS]
    named = [quoted or bare for quoted, bare in TAGGED.findall(words)]
    wanted = folded(TAGGED.sub("", words).strip())
    budget = Budget(SEARCH_ROWS, SEARCH_SECONDS)
    results: list[Result] = []
    for row in budget.rows(_chats(user_id, named), keys=2) if wanted or named else ():
        result = _result(_Chat._make(row), wanted, budget)
        results += [result] if result else []
        if len(results) == RESULTS:
            return Found(results, is_cut=False)
    return Found(results, budget.is_cut)


def _chats(user_id: int, named: list[str]) -> Any:
    """Return one's own chats and those one was invited into, whose tags are their owners'."""
    mine = Conversation.user_id == user_id
    others = list(db.session.scalars(together.joined(user_id))) if not named else []
    whose = mine | Conversation.id.in_(others) if others else mine
    return (
        select(
            Conversation.updated_at,
            Conversation.id,
            Conversation.title,
            Conversation.archived_at,
            Folder.name,
            mine,
        )
        .outerjoin(Folder, Folder.id == Conversation.folder_id)
        .where(whose, Conversation.deleted_at.is_(None))
        .where(*map(tags.borne_by, named))
    )


def _result(chat: _Chat, words: str, budget: Budget) -> Result | None:
    if not words:  # its tags are all that was asked for
        return _shown(chat, "", (0, 0), None)
    messages = select(Message.ordinal, Message.id, Message.text).where(
        Message.conversation_id == chat.id
    )
    for _ordinal, message_id, text in budget.rows(messages):
        if span := place(text, words):
            return _shown(chat, text, span, message_id)
    span = place(chat.title, words)
    return _shown(chat, chat.title, span, None) if span else None


def _shown(chat: _Chat, text: str, span: tuple[int, int], message_id: str | None) -> Result:
    start, end = span
    return Result(
        chat.id,
        chat.title,
        chat.place,
        chat.is_own and chat.archived_at is not None,
        chat.updated_at,
        message_id,
        _before(text, start),
        text[start:end],
        _after(text, end),
    )


def _before(text: str, end: int) -> str:
    """Return what stands before a place, from the beginning of a word."""
    start = boundary(text, max(end - SNIPPET_AROUND, 0))
    if start and not text[start - 1].isspace():
        part = re.match(r"\S*\s+", text[start:end])
        start += part.end() if part and part.end() <= WORD_AT_MOST else 0
    return (CUT if start else "") + _said(text, start, end).lstrip()


def _after(text: str, start: int) -> str:
    """Return what stands after a place, up to the end of a word."""
    end = boundary(text, min(start + SNIPPET_AROUND, len(text)))
    if end < len(text) and not text[end].isspace():
        part = re.search(r"\s+\S*$", text[start:end])
        end = start + part.start() if part and end - start - part.start() <= WORD_AT_MOST else end
    return _said(text, start, end) + (CUT if text[end:].strip() else "")


def _said(text: str, start: int, end: int) -> str:
    part = text[start:end]
    return CELLS.sub(" ", part) if "|" in part and TABLE.search(text) else part
