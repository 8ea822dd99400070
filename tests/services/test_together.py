"""Chats of several people: lists, search, exports, archives, what is left of who goes, and the way back."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from typing import Any

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import text

from echo import signals
from echo.extensions import db
from echo.limits import CONVERSATIONS_PER_PAGE
from echo.models import (
    Conversation,
    ConversationDocument,
    ConversationMember,
    Document,
    Message,
    MessageRating,
    User,
)
from echo.services.chats import bulk, conversations, export, message_tree, search, shelves, wire
from echo.services.documents import in_chats
from echo.services.people import account_facts, archive, deletion, looks, rated_chats
from echo.services.sharing import Wish, members, shares
from echo.services.sharing.shares import Visibility
from tests.services.people import conversation_of
from tests.statements import counted


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user("ada")


@pytest.fixture
def ben(make_user: Callable[..., User]) -> User:
    return make_user("ben")


@pytest.fixture
def chat(ada: User, ben: User) -> Conversation:
    """A chat of Ada's in which Ben has asked the second question."""
    row = conversation_of(ada)
    members.invite(ada.id, row.id, "ben")
    for message in message_tree.branch(row.head_id)[2:]:
        message.user_id = ben.id
    db.session.commit()
    return row


def listed(user: User, *shelf: shelves.Shelf) -> list[str]:
    return [row.id for row in shelves.page(user.id, None, *shelf)[0]]


def test_it_stands_in_the_list_by_time_and_nowhere_else(
    ada: User, ben: User, chat: Conversation
) -> None:
    own = conversation_of(ben)
    assert listed(ben, shelves.LIST) == listed(ben) == [own.id, chat.id]
    conversations.change(ada.id, chat.id, pinned=True, tags=["walrus"], archived=True)
    assert listed(ben, shelves.LIST) == [own.id, chat.id]
    for shelf in (shelves.ARCHIVE, shelves.Shelf(tag="walrus")):
        assert listed(ben, shelf) == []
    assert not shelves.has_archived(ben.id)
    conversations.remove(ada.id, chat.id)
    assert listed(ben) == [own.id]


def test_pages_go_through_own_and_others_in_one_order(ada: User, ben: User) -> None:
    rows = [conversation_of((ada, ben)[number % 2], 0) for number in range(60)]
    for row in rows[::2]:
        db.session.add(ConversationMember(conversation_id=row.id, user_id=ben.id))
    db.session.commit()
    first, cursor = shelves.page(ben.id)
    second, end = shelves.page(ben.id, cursor)
    assert (len(first), end) == (CONVERSATIONS_PER_PAGE, None)
    assert [row.id for row in first + second] == [row.id for row in reversed(rows)]


def test_a_list_takes_as_many_statements_however_long_it_is(
    ben: User, make_user: Callable[..., User]
) -> None:
    """Whosever chats stand in it."""

    def asked() -> int:
        db.session.remove()  # nothing is known from before
        with counted() as statements:
            rows, _ = shelves.page(number)
            told = [wire.conversation(row, reader=number) for row in rows]
        assert all(each["together"]["owner"].startswith("owner") for each in told)
        return len(statements)

    number, counts = ben.id, []
    for round_ in range(2):
        for each in range(15):
            owner = make_user(f"owner{round_}x{each}")
            members.invite(owner.id, conversation_of(owner, 0).id, "ben")
        counts.append(asked())
    assert counts[0] == counts[1] < 12


def test_messages_take_as_many_statements_whoever_asked(
    ada: User, chat: Conversation, make_user: Callable[..., User]
) -> None:
    rows = message_tree.branch(chat.head_id)
    with counted() as two:
        wire.messages(rows, {})
    for row in rows:
        row.user_id = make_user(f"guest{row.ordinal}").id
    db.session.commit()
    with counted() as four:
        told = wire.messages(rows, {})
    assert [each["author"]["name"] for each in told] == ["guest1", "guest2", "guest3", "guest4"]
    assert len(two) == len(four)


def test_it_is_found_by_its_words_without_its_place(
    ada: User, ben: User, chat: Conversation, make_user: Callable[..., User]
) -> None:
    conversations.change(ada.id, chat.id, tags=["walrus"], archived=True)
    (found,) = search.search(ben.id, "walrus text 3").results
    assert (found.id, found.place, found.archived) == (chat.id, "Shared with you", False)
    assert search.search(ben.id, "tag:walrus").results == []
    assert search.search(make_user("eve").id, "walrus").results == []
    members.take_out(ben.id, chat.id, "ben")
    assert search.search(ben.id, "walrus").results == []


def test_an_export_names_who_asked_and_not_what_is_the_owners(
    ada: User, ben: User, chat: Conversation
) -> None:
    conversations.change(ada.id, chat.id, tags=["walrus"], pinned=True)
    mine, theirs = (export.as_markdown(chat, each.id) for each in (ada, ben))
    assert [line for line in mine.splitlines() if line.startswith("## ")] == [
        "## You", "## Echo", "## ben", "## Echo",
    ]  # fmt: skip
    assert [line for line in theirs.splitlines() if line.startswith("## ")] == [
        "## ada", "## Echo", "## You", "## Echo",
    ]  # fmt: skip
    assert ("Tags" in mine, "Tags" in theirs) == (True, False)
    told = json.loads(export.as_json(chat, ben.id))
    assert (told["conversation"]["tags"], told["conversation"]["pinned"]) == ([], False)


def test_several_at_once_are_ones_own(ben: User, chat: Conversation) -> None:
    own = conversation_of(ben)
    done = bulk.find(ben.id, [own.id, chat.id])
    assert ([row.id for row in done.rows], done.missing) == ([own.id], [chat.id])


def test_a_copy_by_a_link_names_nobody_who_was_invited(ada: User, chat: Conversation) -> None:
    said = shares.share(ada.id, chat.id, Wish(Visibility.PUBLIC)).row.said
    assert [each.get("other", False) for each in said] == [False, False, True, False]
    assert "ben" not in json.dumps(said)


def test_an_archive_has_where_one_is_and_what_one_asked(
    ada: User, ben: User, chat: Conversation
) -> None:
    def archived() -> list[dict[str, Any]]:
        with archive.make(ben) as file, zipfile.ZipFile(file) as packed:
            names = [name for name in packed.namelist() if name.startswith("together/")]
            return [json.loads(packed.read(name)) for name in names]

    (told,) = archived()
    assert (told["owner"], told["title"]) == ("ada", chat.title)
    assert [each["text"] for each in told["questions"]] == ["walrus text 3"]
    members.take_out(ada.id, chat.id, "ben")
    (told,) = archived()
    assert (told["owner"], told["title"], len(told["questions"])) == (None, None, 1)


def test_what_a_deleted_member_asked_stays_as_nobodys(
    ada: User, ben: User, chat: Conversation, make_user: Callable[..., User]
) -> None:
    heard: list[tuple[int, str]] = []

    def left(user_id: int, conversation_id: str) -> None:
        heard.append((user_id, conversation_id))

    signals.member_left.connect(left)
    own = conversation_of(ben).id
    before = account_facts.written(ada.id)
    number, chat_id = ben.id, chat.id
    deletion.delete_account(ben)
    db.session.expire_all()
    assert heard == [(number, chat_id)]
    assert db.session.get(Conversation, own) is None
    chat = db.session.get_one(Conversation, chat_id)
    rows = message_tree.branch(chat.head_id)
    assert [row.text for row in rows] == [f"walrus text {n}" for n in (1, 2, 3, 4)]
    told = wire.messages(rows, {})
    assert [each.get("author") for each in told] == [None, None, {"name": None}, {"name": None}]
    assert account_facts.written(ada.id) == before  # they are no words of hers
    assert chat.members == []
    assert "## Somebody who has left" in export.as_markdown(chat, ada.id)


def test_the_owners_deletion_takes_the_chat(ada: User, ben: User, chat: Conversation) -> None:
    chat_id = chat.id
    deletion.delete_account(ada)
    db.session.expire_all()
    assert listed(ben) == []
    assert db.session.get(Conversation, chat_id) is None
    assert db.session.query(Message).count() == 0


def test_answers_among_several_train_nothing(ada: User, chat: Conversation) -> None:
    ada.may_train = True
    db.session.commit()
    assert db.session.query(MessageRating).count() == 1
    assert rated_chats.read() == []
    members.take_out(ada.id, chat.id, "ben")
    assert rated_chats.read() == []  # what led to it is still his


def test_a_look_is_noted_for_each_whose_words_it_shows(
    ben: User, chat: Conversation, make_user: Callable[..., User]
) -> None:
    root = make_user("root")
    looks.opened(root, chat)
    query = text("SELECT subject_id FROM audit_events WHERE actor_id = :id")
    seen = set(db.session.scalars(query, {"id": root.id}))
    assert seen == {chat.user_id, ben.id}


def test_the_way_back_leaves_every_word(app: Flask, ada: User, chat: Conversation) -> None:
    owner, chat_id = ada.id, chat.id
    db.session.remove()
    flask_migrate.downgrade(revision="0026")
    query = text(
        "SELECT user_id, imported FROM messages WHERE conversation_id = :id ORDER BY ordinal"
    )
    with db.engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(query, {"id": chat_id})]
    assert [(user, bool(imported)) for user, imported in rows] == [
        (owner, False), (owner, False), (owner, True), (owner, True),
    ]  # fmt: skip
    flask_migrate.upgrade()


def test_what_lies_outside_of_it_is_named_to_nobody(
    ada: User, ben: User, chat: Conversation
) -> None:
    (here, elsewhere) = (
        Document(user_id=ada.id, name=name, kind="text", size_bytes=1, status="ready", char_count=1)
        for name in ("here.txt", "elsewhere.txt")
    )
    db.session.add_all([here, elsewhere])
    db.session.flush()
    db.session.add(ConversationDocument(conversation_id=chat.id, document_id=here.id))
    reply = message_tree.branch(chat.head_id)[1]
    reply.sources = [
        {"number": number, "document_id": row.id, "name": row.name, "position": 0}
        for number, row in enumerate((here, elsewhere), 1)
    ]
    db.session.commit()
    told = wire.messages([reply], {})[0]["sources"]
    assert [each["name"] for each in told] == ["here.txt"]
    assert in_chats.shown(chat, ada.id, reply.sources) == told
    members.take_out(ada.id, chat.id, "ben")
    assert in_chats.shown(chat, ben.id, reply.sources) == told
    assert in_chats.shown(chat, ada.id, reply.sources) == reply.sources
    assert len(wire.messages([reply], {})[0]["sources"]) == 2


def test_what_is_said_of_a_picture_is_told_to_its_owner_alone(ada: User, ben: User) -> None:
    row = Document(user_id=ada.id, name="a.png", description="My house", width=1, height=1)
    assert in_chats.wire_for(row, ada.id)["description"] == "My house"
    told = in_chats.wire_for(row, ben.id)
    assert (told["name"], told["picture"], told["description"]) == ("a.png", None, "")
