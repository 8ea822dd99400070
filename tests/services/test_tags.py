"""Tags: one word whatever its case, limits, what goes with what, who sees them, search and export."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select

from echo.clock import utc_now
from echo.errors import Conflict, InvalidInput, NotFound
from echo.extensions import db
from echo.limits import TAG_CHARS, TAGS_MAX, TAGS_PER_CHAT
from echo.models import Conversation, ConversationTag, Tag, User
from echo.services.chats import conversations, export, retention, search, shelves, tags
from echo.services.chats.shelves import Shelf
from echo.services.people import archive, deletion
from tests.services.people import conversation_of


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user("ada")


@pytest.fixture
def chat(ada: User) -> Conversation:
    return conversation_of(ada)


def put(row: Conversation, *names: str) -> list[str]:
    """Give a chat these tags; return how they are called now."""
    return [tag.name for tag in conversations.change(row.user_id, row.id, tags=list(names)).tags]


def rows() -> int:
    return db.session.scalar(select(func.count(Tag.id))) or 0


# ── names ───────────────────────────────────────────────────────────────────────────────────


def test_one_word_is_one_tag_as_it_was_first_written(ada: User, chat: Conversation) -> None:
    assert put(chat, "Work", "work ", "  far   away", "STRASSE", "straße") == [
        "far away",
        "STRASSE",
        "Work",
    ]
    assert put(conversation_of(ada), "WORK", "cafe\u0301") == ["café", "Work"]
    assert tags.of(ada.id) == [("café", 1), ("far away", 1), ("STRASSE", 1), ("Work", 2)]


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "x" * (TAG_CHARS + 1),
        "wo\u200brk",
        "\u202ework",
        "wo\xadrk",
        "\u2800",
        "\u200d",
        "a\x07",
    ],
)
def test_a_name_that_cannot_be_read_is_refused(chat: Conversation, name: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        put(chat, "good", name)
    assert (refusal.value.field, rows()) == ("tags", 0)


@pytest.mark.parametrize("name", ["می\u200cخواهم", "👩\u200d🔬", "❤\ufe0f", "हिन्दी", "日本語"])
def test_a_name_of_any_writing_is_taken(chat: Conversation, name: str) -> None:
    assert put(chat, name) == [name]


def test_what_nobody_sees_makes_no_second_tag(chat: Conversation) -> None:
    assert put(chat, "❤", "❤\ufe0f") == ["❤"]


def test_nul_and_half_characters_are_stored_as_a_sign(chat: Conversation) -> None:
    assert put(chat, "a\0b\ud800") == ["a\ufffdb\ufffd"]


# ── how many ────────────────────────────────────────────────────────────────────────────────


def test_a_chat_has_so_many_and_no_more(ada: User, chat: Conversation) -> None:
    most = [f"tag {n}" for n in range(TAGS_PER_CHAT)]
    put(chat, *most)
    with pytest.raises(InvalidInput, match="at most 10"):
        put(chat, *most, "one more")
    assert len(tags.of(ada.id)) == TAGS_PER_CHAT


def test_a_person_has_so_many_and_others_as_many(ada: User, make_user: Callable[..., User]) -> None:
    for start in range(0, TAGS_MAX, TAGS_PER_CHAT):
        put(conversation_of(ada, 0), *(f"tag {start + n}" for n in range(TAGS_PER_CHAT)))
    chat = conversation_of(ada, 0)
    with pytest.raises(Conflict):
        put(chat, "one more")
    assert put(chat, "TAG 7") == ["tag 7"]
    assert put(conversation_of(make_user("bob"), 0), "one more") == ["one more"]


# ── what goes with what ─────────────────────────────────────────────────────────────────────


def test_a_tag_without_chats_goes(ada: User, chat: Conversation) -> None:
    put(chat, "a", "b")
    put(chat, "b")
    assert (tags.of(ada.id), rows()) == ([("b", 1)], 1)
    put(chat)
    assert (tags.of(ada.id), rows()) == ([], 0)


def test_a_deleted_chat_hides_its_tags_and_undo_brings_them_back(
    ada: User, chat: Conversation
) -> None:
    put(chat, "Work")
    conversations.remove(ada.id, chat.id)
    assert (tags.of(ada.id), tags.named(ada.id)) == ([], ["Work"])
    conversations.restore(ada.id, chat.id)
    assert tags.of(ada.id) == [("Work", 1)]


def test_a_chat_that_is_gone_for_good_takes_its_tags(ada: User, chat: Conversation) -> None:
    put(chat, "Work", "shared")
    put(conversation_of(ada), "shared")
    conversations.remove(ada.id, chat.id)
    chat.deleted_at = utc_now() - conversations.KEPT_AFTER_DELETE - timedelta(minutes=1)
    db.session.commit()
    conversations.purge_deleted()
    assert tags.named(ada.id) == ["shared"]


def test_retention_takes_them_too(ada: User, chat: Conversation) -> None:
    put(chat, "Work")
    retention.choose(ada.id, 30)
    chat.updated_at = utc_now() - timedelta(days=31)
    db.session.commit()
    assert (retention.sweep(), rows()) == (1, 0)


def test_the_account_takes_all_of_them(ada: User, make_user: Callable[..., User]) -> None:
    bob = make_user("bob")
    put(conversation_of(ada), "Work")
    put(conversation_of(bob), "Work")
    deletion.delete_account(ada)
    assert (tags.named(bob.id), rows()) == (["Work"], 1)
    assert db.session.scalar(select(func.count(ConversationTag.tag_id))) == 1


def test_all_of_a_change_happens_or_nothing(ada: User, chat: Conversation) -> None:
    with pytest.raises(InvalidInput):
        conversations.change(ada.id, chat.id, title="New", tags=["x" * 99])
    assert db.session.get(Conversation, chat.id).title == "walrus title"  # type: ignore[union-attr]


def test_nobody_tags_what_is_anothers(chat: Conversation, make_user: Callable[..., User]) -> None:
    bob = make_user("bob")
    with pytest.raises(NotFound):
        conversations.change(bob.id, chat.id, tags=["mine"])
    assert rows() == 0


# ── the list, search, export ────────────────────────────────────────────────────────────────


def listed(user: User, shelf: Shelf) -> set[str]:
    return {row.id for row in shelves.page(user.id, shelf=shelf)[0]}


def test_the_list_shows_those_of_a_tag(
    ada: User, chat: Conversation, make_user: Callable[..., User]
) -> None:
    put(chat, "Work")
    old = conversation_of(ada)
    put(old, "work")
    conversations.change(ada.id, old.id, archived=True)
    put(conversation_of(make_user("bob")), "Work")
    conversation_of(ada)
    assert listed(ada, Shelf(tag="WORK")) == {chat.id}
    assert listed(ada, Shelf(archived=None, tag="work")) == {chat.id, old.id}
    assert listed(ada, Shelf(tag="play")) == set()


def test_search_knows_tags(ada: User, chat: Conversation) -> None:
    other = conversation_of(ada, word="lion")
    put(chat, "Work", "far away")
    put(other, "Work")
    found = lambda words: {each.id for each in search.search(ada.id, words).results}  # noqa: E731
    assert found("tag:work") == {chat.id, other.id}
    assert found("lion tag:work") == found("tag:Work lion") == {other.id}
    assert found('tag:work tag:"Far away"') == found('tag:"far away" walrus text') == {chat.id}
    assert found("tag:work zebra") == found("tag:play") == set()
    assert found("tag:") == found("untag:work") == set()
    assert search.search(ada.id, "tag:work").results[0].match == ""


def test_exports_hold_them(ada: User, chat: Conversation) -> None:
    put(chat, "Work", "far away")
    row = conversations.own(ada.id, chat.id)
    assert "\n*Tags: far away, Work*\n" in export.as_markdown(row)
    assert json.loads(export.as_json(row))["conversation"]["tags"] == ["far away", "Work"]
    assert "Tags:" not in export.as_markdown(conversation_of(ada))
    with archive.make(ada) as file, zipfile.ZipFile(file) as packed:
        assert json.loads(packed.read("account.json"))["tags"] == ["far away", "Work"]


def test_an_import_decides_alone_about_a_persons_tags(ada: User, chat: Conversation) -> None:
    """What is read before others are kept out may be gone when it is written."""
    said: list[str] = []

    def hear(_one: Any, _two: Any, statement: str, *_more: Any) -> None:
        said.append(statement.replace("\n", " "))

    event.listen(db.engine, "before_cursor_execute", hear)
    try:
        tags.keep(ada.id, {chat.id: ["work"]})
    finally:
        event.remove(db.engine, "before_cursor_execute", hear)
    db.session.commit()
    about = [
        one for one in said if "UPDATE users" in one or "FROM tags" in one or "INTO tags" in one
    ]
    assert "UPDATE users" in about[0]
    assert any("INTO tags" in one for one in about)
