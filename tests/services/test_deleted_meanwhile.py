"""What another process deletes between a look and a write. No chat lies nowhere, no link outlives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text, update

from echo.clock import utc_now
from echo.errors import NotFound
from echo.extensions import db
from echo.models import Conversation, Folder, Share, User, Visibility
from echo.services.chats import bulk, conversations, folders, tags
from echo.services.sharing import Wish, shares
from tests.services.people import conversation_of

both = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.server)]
)


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user("ada")


@pytest.fixture
def chat(ada: User) -> Conversation:
    return conversation_of(ada)


def elsewhere(*statements: Any) -> None:
    """As another process does it: by a connection of its own."""
    with db.engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)


def deleted(table: Any, row_id: str) -> Any:
    return update(table).where(table.id == row_id).values(deleted_at=utc_now())


@pytest.fixture
def after_the_look(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Any], None]:
    """Have something happen when a function of `conversations` has looked at what is there."""

    def when(name: str, statement: Any) -> None:
        look = getattr(conversations, name)

        def looked(*args: Any) -> Any:
            found = look(*args)
            db.session.commit()  # a lock of this process keeps nobody out
            elsewhere(statement)
            return found

        monkeypatch.setattr(conversations, name, looked)

    return when


MOVES: list[Callable[[int, str, str], object]] = [
    lambda user, chat, folder: conversations.change(user, chat, folder_id=folder),
    lambda user, chat, folder: bulk.change(user, [chat], bulk.Change(folder_id=folder)),
]


@both
@pytest.mark.parametrize("move", MOVES)
def test_a_chat_that_is_moved_into_a_folder_that_goes_is_in_the_list(
    ada: User, chat: Conversation, after_the_look: Any, move: Callable[[int, str, str], object]
) -> None:
    folder = folders.create(ada.id, "Work").id
    after_the_look("own_folder", deleted(Folder, folder))
    move(ada.id, chat.id, folder)
    db.session.expire_all()
    assert chat.folder_id is None


@both
@pytest.mark.parametrize("move", MOVES)
def test_one_that_is_moved_in_time_lies_in_it(
    ada: User, chat: Conversation, move: Callable[[int, str, str], object]
) -> None:
    folder = folders.create(ada.id, "Work").id
    move(ada.id, chat.id, folder)
    db.session.expire_all()
    assert chat.folder_id == folder
    move(ada.id, chat.id, "")
    db.session.expire_all()
    assert chat.folder_id is None


@both
def test_a_chat_that_is_made_in_a_folder_that_goes_is_in_the_list(
    ada: User, after_the_look: Any
) -> None:
    folder = folders.create(ada.id, "Work").id
    after_the_look("own_folder", deleted(Folder, folder))
    assert conversations.create(ada.id, "New", {}, folder_id=folder).folder_id is None


@both
def test_no_link_shows_a_chat_that_is_deleted_while_it_is_shared(
    ada: User, chat: Conversation, after_the_look: Any
) -> None:
    after_the_look("own", deleted(Conversation, chat.id))
    with pytest.raises(NotFound):
        shares.share(ada.id, chat.id, Wish(Visibility.PUBLIC))
    assert db.session.scalars(select(Share)).all() == []


@both
def test_a_tag_that_is_taken_off_while_it_is_given_is_there(
    ada: User, chat: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversations.change(ada.id, chat.id, tags=["work"])
    assert [tag.name for tag in chat.tags] == ["work"]  # as this process knows it
    alone = tags.accounts.alone_with

    def another_is_faster(user_ids: Any) -> None:
        monkeypatch.setattr(tags.accounts, "alone_with", alone)
        db.session.commit()
        elsewhere(text("DELETE FROM conversation_tags"), text("DELETE FROM tags"))
        alone(user_ids)

    monkeypatch.setattr(tags.accounts, "alone_with", another_is_faster)
    conversations.change(ada.id, chat.id, tags=["work"])
    db.session.expire_all()
    assert [tag.name for tag in chat.tags] == ["work"]
