"""Several chats at once: all or nothing, nobody else's, undo, and each announced as alone."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from echo import signals
from echo.errors import InvalidInput, NotFound
from echo.extensions import db
from echo.limits import BULK_CHATS, TAGS_PER_CHAT
from echo.models import Conversation, Share, User
from echo.services.chats import bulk, conversations, export, folders, tags, wire
from echo.services.chats.bulk import Change
from tests.services.people import conversation_of
from tests.statements import counted


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user("ada")


@pytest.fixture
def three(ada: User) -> list[str]:
    return [conversation_of(ada, 2, word).id for word in ("a", "b", "c")]


@pytest.fixture
def told() -> Iterator[list[tuple[str, str]]]:
    """What is announced: the signal and the conversation's id."""
    heard: list[tuple[str, str]] = []

    def changed(row: Conversation) -> None:
        heard.append(("changed", row.id))

    def removed(_user_id: int, conversation_id: str, restorable: bool, **_told: Any) -> None:
        heard.append(("removed" if restorable else "gone", conversation_id))

    signals.conversation_changed.connect(changed)
    signals.conversation_removed.connect(removed)
    yield heard
    signals.conversation_changed.disconnect(changed)
    signals.conversation_removed.disconnect(removed)


def test_each_is_changed_and_announced_once(
    ada: User, three: list[str], told: list[tuple[str, str]]
) -> None:
    work = folders.create(ada.id, "Work")
    done = bulk.change(ada.id, three, Change(archived=True, folder_id=work.id, add_tags=["x"]))
    assert [row.id for row in done.rows] == three
    assert {row.folder_id for row in done.rows} == {work.id}
    assert all(row.archived_at and [tag.name for tag in row.tags] == ["x"] for row in done.rows)
    assert told == [("changed", each) for each in three]
    back = bulk.change(ada.id, three, Change(archived=False, folder_id="", remove_tags=["X"]))
    assert {(row.folder_id, row.archived_at, len(row.tags)) for row in back.rows} == {
        (None, None, 0)
    }


def test_they_are_deleted_and_restored_together(
    ada: User, three: list[str], told: list[tuple[str, str]]
) -> None:
    db.session.add(_share(ada, three[0]))
    db.session.commit()
    bulk.remove(ada.id, three)
    assert told == [("removed", each) for each in three]
    assert db.session.scalar(select(func.count(Share.id))) == 0
    with pytest.raises(NotFound):
        bulk.remove(ada.id, three)
    assert [row.id for row in bulk.restore(ada.id, three).rows] == three
    assert conversations.own(ada.id, three[1]).deleted_at is None


def _share(user: User, conversation_id: str) -> Share:
    words: dict[str, Any] = {"token_hash": "h", "sealed_token": "s", "title": "t", "said": []}
    return Share(conversation_id=conversation_id, user_id=user.id, visibility="public", **words)


def test_what_is_anothers_is_as_missing_as_what_is_not_there(
    ada: User, three: list[str], make_user: Callable[..., User]
) -> None:
    bob = make_user("bob")
    theirs = conversation_of(bob)
    done = bulk.change(ada.id, [three[0], theirs.id, "nothing"], Change(archived=True))
    assert ([row.id for row in done.rows], done.missing) == ([three[0]], [theirs.id, "nothing"])
    assert conversations.own(bob.id, theirs.id).archived_at is None
    for act in (bulk.remove, bulk.restore):
        with pytest.raises(NotFound):
            act(ada.id, [theirs.id, "nothing"])
    assert conversations.own(bob.id, theirs.id).deleted_at is None


def test_nobody_elses_folder_is_found(
    ada: User, three: list[str], make_user: Callable[..., User]
) -> None:
    theirs = folders.create(make_user("bob").id, "Work")
    with pytest.raises(NotFound):
        bulk.change(ada.id, three, Change(archived=True, folder_id=theirs.id))
    assert conversations.own(ada.id, three[0]).archived_at is None


def test_all_or_nothing(ada: User, three: list[str], told: list[tuple[str, str]]) -> None:
    full = [f"tag {n}" for n in range(TAGS_PER_CHAT)]
    conversations.change(ada.id, three[2], tags=full)
    told.clear()
    with pytest.raises(InvalidInput):
        bulk.change(ada.id, three, Change(archived=True, add_tags=["one more"]))
    db.session.expire_all()
    assert [row.archived_at for row in bulk.find(ada.id, three).rows] == [None] * 3
    assert (told, len(tags.of(ada.id))) == ([], TAGS_PER_CHAT)


def test_what_some_have_is_added_to_the_others_and_taken_from_those(
    ada: User, three: list[str]
) -> None:
    conversations.change(ada.id, three[0], tags=["Work", "old"])
    done = bulk.change(ada.id, three, Change(add_tags=["work", "new"], remove_tags=["OLD", "new"]))
    assert [[tag.name for tag in row.tags] for row in done.rows] == [["new", "Work"]] * 3
    assert tags.of(ada.id) == [("new", 3), ("Work", 3)]


@pytest.mark.parametrize("count", [0, BULK_CHATS + 1])
def test_none_and_too_many_are_refused(ada: User, count: int) -> None:
    with pytest.raises(InvalidInput):
        bulk.remove(ada.id, [str(n) for n in range(count)])


def test_as_many_as_may_be_take_few_statements(ada: User) -> None:
    ids = [conversation_of(ada, 0).id for _ in range(BULK_CHATS)]
    with counted() as asked:
        done = bulk.change(ada.id, ids, Change(archived=True, add_tags=["Work"]))
        told = [wire.conversation(row) for row in done.rows]
    assert all(each["archived"] and each["tags"] == ["Work"] for each in told)
    assert len(told) == BULK_CHATS
    assert len(asked) < 20


def test_they_are_packed_as_they_are_imported(ada: User, three: list[str]) -> None:
    found = bulk.find(ada.id, three).rows
    with export.as_zip(found) as file, zipfile.ZipFile(file) as packed:
        assert sorted(packed.namelist()) == sorted(
            f"conversations/{each}.{end}" for each in three for end in ("json", "md")
        )
        assert b"a text 1" in packed.read(f"conversations/{three[0]}.md")
