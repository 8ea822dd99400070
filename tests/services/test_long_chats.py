"""Whoever works on a chat of long messages gives way to others by their length, not by their number."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, select

from echo import hub
from echo.clock import utc_now
from echo.errors import TooLong
from echo.extensions import db
from echo.limits import SHARED_CHARS
from echo.models import Message, User
from echo.services import searching, storage
from echo.services.chats import export, message_tree
from echo.services.chats.imports import keeping
from echo.services.chats.imports.found import Chat, Line
from echo.services.searching import Budget
from echo.services.sharing import snapshots
from echo.services.turns import rows
from tests.long_chats import LONG, long_chat
from tests.waiting import PATIENCE

COUNT = 30


@pytest.fixture
def turns_given(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many of the database's connections were held whenever others had their turn."""
    given: list[int] = []
    pool: Any = db.engine.pool
    monkeypatch.setattr(hub, "sleep", lambda _seconds=0: given.append(pool.checkedout()))
    return given


@contextmanager
def loaded() -> Iterator[list[str]]:
    """Note the messages that are read."""
    read: list[str] = []

    def note(row: Message, _context: object) -> None:
        read.append(row.id)

    event.listen(Message, "load", note)
    try:
        yield read
    finally:
        event.remove(Message, "load", note)


@pytest.mark.parametrize("write", [export.as_markdown, export.as_json])
def test_exports_give_way(write: Callable[..., str], ada: User, turns_given: list[int]) -> None:
    chat = long_chat(ada.id, COUNT)
    text = write(chat, ada.id)
    assert text.count(LONG) == COUNT
    assert len(turns_given) >= 2
    assert not any(turns_given)
    if write is export.as_json:
        numbers = [message["text"].split()[0] for message in json.loads(text)["messages"]]
        assert numbers == [str(number) for number in range(COUNT)]


def test_a_question_below_gives_way(ada: User, turns_given: list[int]) -> None:
    chat = long_chat(ada.id, COUNT)
    said = [message.content.split()[0] for message in rows.history(chat.head_id)]
    assert said == [str(number) for number in range(COUNT)]
    assert len(turns_given) >= 2
    assert not any(turns_given)


def is_short(rows: Sequence[Any]) -> bool:
    """Tell whether only the last of some rows makes them long."""
    return storage.chars_of(rows[:-1]) < storage.BATCH_CHARS


def test_a_search_reads_little_at_a_time(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Sequence[Any]] = []

    def noted(*some: Any, **how: Any) -> tuple[list[Any], bool]:
        found, more = storage.first_rows(*some, **how)
        read.append(found)
        return found, more

    monkeypatch.setattr(searching, "first_rows", noted)
    chat = long_chat(ada.id, COUNT)
    query = select(Message.ordinal, Message.text).where(Message.conversation_id == chat.id)
    budget = Budget(1_000, PATIENCE)
    assert [ordinal for ordinal, _text in budget.rows(query)] == list(range(COUNT, 0, -1))
    assert len(read) > 2
    assert all(map(is_short, read))


def test_an_import_writes_little_at_a_time(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Sequence[Any]] = []
    monkeypatch.setattr(
        keeping._Writer, "_insert", lambda _self, _chats, messages, _tags: written.append(messages)
    )
    lines = [Line(n - 1 if n else None, "user", LONG) for n in range(COUNT)]
    writer = keeping._Writer(ada.id, utc_now())
    writer.add(Chat("one", "Long", lines, COUNT - 1))
    assert sum(map(len, written)) == COUNT  # at once, not when 200 messages have gathered
    assert all(map(is_short, written))


def test_what_is_too_long_to_be_shared_is_not_read_to_its_end(ada: User) -> None:
    chat = long_chat(ada.id, 2 * SHARED_CHARS // len(LONG))
    with loaded() as read, pytest.raises(TooLong):
        snapshots.take(chat)
    assert len(read) < 2 * SHARED_CHARS // len(LONG)


def test_batches_are_short_where_their_texts_are_long(ada: User) -> None:
    chat = long_chat(ada.id, COUNT)
    query = select(Message.ordinal, Message).where(Message.conversation_id == chat.id)
    batches = list(storage.in_batches(query, 1_000))
    assert [row.ordinal for batch in batches for row in batch] == list(range(1, COUNT + 1))
    assert all(map(is_short, batches))


def test_what_is_not_wanted_is_not_read(ada: User) -> None:
    chat = long_chat(ada.id, 3 * storage.FETCHED_ROWS, "x")
    with loaded() as read:
        (newest,) = message_tree.branch(chat.head_id, chars=1)
    assert newest.id == chat.head_id
    assert len(read) == storage.FETCHED_ROWS


def test_columns_and_what_lies_in_them_count() -> None:
    row = Message(text="1234", original_text="56", sources=[{"text": "789"}])
    assert storage.chars_of(row) == 9
    assert storage.chars_of((row, "0", None, 5)) == 10
