"""Whoever works on a chat of long messages gives way to others by their length, not by their number."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from sqlalchemy import event, select

from echo import hub
from echo.models import Message, User
from echo.services import storage
from echo.services.chats import export, message_tree
from tests.long_chats import LONG, long_chat

COUNT = 30


@pytest.fixture
def turns_given(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How often others had their turn."""
    given: list[float] = []
    monkeypatch.setattr(hub, "sleep", lambda seconds=0: given.append(seconds))
    return given


@pytest.mark.parametrize("write", [export.as_markdown, export.as_json])
def test_exports_give_way(write: Callable[..., str], ada: User, turns_given: list[float]) -> None:
    chat = long_chat(ada.id, COUNT)
    text = write(chat, ada.id)
    assert text.count(LONG) == COUNT
    assert len(turns_given) >= 2
    if write is export.as_json:
        numbers = [message["text"].split()[0] for message in json.loads(text)["messages"]]
        assert numbers == [str(number) for number in range(COUNT)]


def test_batches_are_short_where_their_texts_are_long(ada: User) -> None:
    chat = long_chat(ada.id, COUNT)
    query = select(Message.ordinal, Message).where(Message.conversation_id == chat.id)
    batches = list(storage.in_batches(query, 1_000))
    assert [row.ordinal for rows in batches for row in rows] == list(range(1, COUNT + 1))
    for rows in batches:
        assert sum(len(row[1].text) for row in rows[:-1]) < storage.BATCH_CHARS


def test_what_is_not_wanted_is_not_read(ada: User) -> None:
    chat = long_chat(ada.id, 3 * storage.FETCHED_ROWS, "x")
    read: list[str] = []

    def note(row: Message, _context: object) -> None:
        read.append(row.id)

    event.listen(Message, "load", note)
    try:
        (newest,) = message_tree.branch(chat.head_id, chars=1)
    finally:
        event.remove(Message, "load", note)
    assert newest.id == chat.head_id
    assert len(read) == storage.FETCHED_ROWS


def test_columns_and_what_lies_in_them_count() -> None:
    row = Message(text="1234", original_text="56", sources=[{"text": "789"}])
    assert storage.chars_of(row) == 9
    assert storage.chars_of((row, "0", None, 5)) == 10
