"""Rows of shared chats: one link a chat, gone with what they show, copies that count for nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from echo.clock import utc_now
from echo.config import Settings
from echo.errors import Conflict, NotFound, TooLong
from echo.extensions import db
from echo.models import ActivitySlot, Conversation, Message, Share, User, UserDay, Visibility
from echo.services.chats import erasing, personas
from echo.services.chats.imports import room
from echo.services.numbers import chart_rows, rollups
from echo.services.people import profile_data
from echo.services.sharing import Wish, continuing, links, shares, snapshots
from tests.services.people import conversation_of

both = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.server)]
)
PUBLIC = Wish(Visibility.PUBLIC)


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user("ada")


@pytest.fixture
def chat(ada: User) -> Conversation:
    return conversation_of(ada)


def counted() -> int:
    return db.session.scalar(select(func.count()).select_from(Share)) or 0


@both
def test_a_chat_has_one_link_whatever_happens_at_once(
    ada: User, chat: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = shares.share(ada.id, chat.id, PUBLIC).row
    real, looks = shares.of, []

    def late(conversation_id: str) -> Share | None:
        looks.append(conversation_id)
        return None if len(looks) == 1 else real(conversation_id)  # another process was faster

    monkeypatch.setattr(shares, "of", late)
    second = shares.share(ada.id, chat.id, Wish(Visibility.SIGNED_IN)).row
    assert len(looks) == 2
    assert (second.id, second.token_hash) == (first.id, first.token_hash)
    assert counted() == 1


@both
def test_what_has_expired_shows_nothing_is_swept_and_makes_room(
    ada: User, chat: Conversation
) -> None:
    row = shares.share(ada.id, chat.id, Wish(Visibility.PUBLIC, seconds=60)).row
    token = str(links.token_of(row))
    assert links.find(token, None).said[0] == {
        "role": "user", "text": "walrus text 1", "status": "complete", "edited": False,
    }  # fmt: skip
    shares.forget_expired()
    assert counted() == 1
    row.expires_at = utc_now() - timedelta(seconds=1)
    db.session.commit()
    with pytest.raises(NotFound):
        links.find(token, ada)
    assert (shares.of(chat.id), shares.living(ada.id)) == (None, [])
    again = shares.share(ada.id, chat.id, PUBLIC).row
    assert (again.id != row.id, again.expires_at, counted()) == (True, None, 1)
    again.expires_at = utc_now() - timedelta(seconds=1)
    db.session.commit()
    shares.forget_expired()
    assert counted() == 0


@both
def test_a_link_goes_with_its_conversation(ada: User, chat: Conversation) -> None:
    shares.share(ada.id, chat.id, PUBLIC)
    erasing.erase_conversations(Conversation.id == chat.id)
    assert counted() == 0


def test_what_is_copied_counts_for_nothing(
    ada: User, chat: Conversation, make_user: Callable[..., User]
) -> None:
    bob = make_user("bob")
    rollups.refresh()
    before = db.session.scalar(select(func.sum(ActivitySlot.questions)))
    today, here = utc_now().date(), ZoneInfo("UTC")
    assert chart_rows.lengths(today, today, here) == [(4, 1)]
    row = continuing.copy(bob.id, shares.share(ada.id, chat.id, PUBLIC).row)
    assert chart_rows.lengths(today, today, here) == [(4, 1)]
    rollups.refresh()
    assert db.session.scalar(select(func.sum(ActivitySlot.questions))) == before == 2
    assert db.session.scalars(select(UserDay).where(UserDay.user_id == bob.id)).all() == []
    assert profile_data.of(bob.id).prompts == 0
    rows = db.session.scalars(
        select(Message).where(Message.conversation_id == row.id).order_by(Message.ordinal)
    ).all()
    assert [each.text for each in rows] == [f"walrus text {number}" for number in (1, 2, 3, 4)]
    assert [each.piece_lengths for each in rows] == ["", "13", "", "13"]
    assert [each.rating for each in rows] == [None] * 4


def test_copies_take_of_the_room_for_imported_chats(
    app: Flask, chat: Conversation, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MEGA", 4 * len("walrus text 1"))
    monkeypatch.setattr(Settings.of(app), "import_mb", 1)
    share = shares.share(ada.id, chat.id, PUBLIC).row
    assert continuing.copy(ada.id, share).imported_bytes == room.MEGA
    with pytest.raises(Conflict, match="more than 1 MB"):
        continuing.copy(ada.id, share)


def test_a_long_chat_is_copied_in_its_order(ada: User, make_user: Callable[..., User]) -> None:
    chat = conversation_of(ada, length=240)
    row = continuing.copy(make_user("bob").id, shares.share(ada.id, chat.id, PUBLIC).row)
    found = db.session.execute(
        select(Message.id, Message.parent_id)
        .where(Message.conversation_id == row.id)
        .order_by(Message.ordinal)
    ).all()
    assert [parent for _id, parent in found] == [None, *[each.id for each in found[:-1]]]
    assert row.head_id == found[-1].id


def test_of_a_chat_that_is_too_long_one_message_too_many_is_read(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = conversation_of(ada, length=20)
    said = snapshots.take(chat)
    monkeypatch.setattr(snapshots, "SHARED_MESSAGES", 4)
    read: list[str] = []

    def note(row: Message, _context: object) -> None:
        read.append(row.id)

    event.listen(Message, "load", note)
    try:
        db.session.expunge_all()
        with pytest.raises(TooLong):
            snapshots.take(chat)
        assert len(read) == 5
        db.session.expunge_all()
        assert not snapshots.is_current(chat, chat.title, said)
        assert len(read) == 10
    finally:
        event.remove(Message, "load", note)


def test_of_a_persona_the_name_is_frozen_and_nothing_else(ada: User, chat: Conversation) -> None:
    assert all("by" not in each for each in snapshots.take(chat))
    fox = personas.make(ada.id, {"name": "Fox", "system_prompt": "a secret prompt"})
    chat.persona_id = fox.id
    db.session.commit()
    db.session.expire(chat)  # it was begun with nobody
    row = shares.share(ada.id, chat.id, PUBLIC).row
    assert [each.get("by") for each in row.said] == [None, "Fox", None, "Fox"]
    assert "secret" not in str(row.said)
    assert snapshots.is_current(chat, row.title, row.said)
    personas.change(ada.id, fox.id, {"name": "Wolf"})
    assert [each.get("by") for each in row.said] == [None, "Fox", None, "Fox"]
    assert not snapshots.is_current(chat, row.title, row.said)
