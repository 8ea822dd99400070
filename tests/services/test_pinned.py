"""How many chats one pins: all of them stand on every page that has the list."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from echo.errors import Conflict
from echo.extensions import db
from echo.limits import PINNED_MAX
from echo.models import Conversation, User
from echo.services.chats import conversations, shelves
from echo.services.chats.imports import keeping
from tests.services.test_imports import many


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user("ada")


def pinned(user: User) -> int:
    query = select(func.count()).where(Conversation.user_id == user.id, Conversation.pinned)
    return db.session.scalar(query) or 0


def test_an_import_pins_no_more_than_one_may(ada: User, make_user: Callable[..., User]) -> None:
    chats = many(PINNED_MAX + 20)
    for chat in chats:
        chat.pinned = True
    assert len(keeping.keep(ada.id, chats).kept) == len(chats)
    assert pinned(ada) == PINNED_MAX
    again = many(PINNED_MAX + 25)
    for chat in again:
        chat.pinned = True
    keeping.keep(ada.id, again)  # five are new
    assert pinned(ada) == PINNED_MAX
    rows, _more = shelves.page(ada.id)
    assert sum(row.pinned for row in rows) == PINNED_MAX
    other = make_user("bob")
    assert conversations.room_for_pinned(other.id) == PINNED_MAX


def test_one_pins_so_many_and_no_more(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "PINNED_MAX", 2)
    first, second, third = (conversations.create(ada.id, str(n), {}) for n in range(3))
    for row in (first, second):
        conversations.pin(ada.id, row.id, True)
    conversations.pin(ada.id, first.id, True)  # is pinned already
    with pytest.raises(Conflict, match="at most 2") as refused:
        conversations.pin(ada.id, third.id, True)
    assert refused.value.field == "pinned"
    conversations.remove(ada.id, first.id)
    with pytest.raises(Conflict):  # else it would come back as one too many
        conversations.pin(ada.id, third.id, True)
    conversations.pin(ada.id, second.id, False)
    assert conversations.pin(ada.id, third.id, True).pinned
