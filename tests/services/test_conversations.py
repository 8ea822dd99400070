"""Titles, trees, exports, purging, rankings: the small use cases around conversations."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.clock import utc_now
from echo.errors import InvalidInput, NotFound
from echo.extensions import cache, db
from echo.limits import GENERATION_RANGES, TITLE_CHARS, VERSIONS_TOLD
from echo.models import Conversation, Message, User
from echo.services.chats import (
    chat_settings,
    conversations,
    export,
    feedback,
    message_tree,
    ratings,
)
from echo.services.chats.titles import automatic_title
from echo.services.numbers import contributors, rollups
from echo.services.people import account_facts
from echo.services.turns import interrupt_orphans
from echo.services.turns.live_turn import join_lengths, split_pieces


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Hello", "Hello"),
        ("  \n\n  # **Big** news\nmore", "Big news"),
        ("`code` and [link](x)", "code and link"),
        ("***", "New chat"),
        ("   ", "New chat"),
        ("word " * 30, "word word word word word word word word word word word word…"),
        ("x" * 200, "x" * 60 + "…"),
        ("one,  two\tthree", "one, two three"),
    ],
)
def test_title_comes_from_the_first_line(text: str, title: str) -> None:
    assert automatic_title(text) == title


@settings(max_examples=200, deadline=None, database=None)
@given(st.text(max_size=300))
def test_any_text_gives_a_title_that_fits(text: str) -> None:
    title = automatic_title(text)
    assert 1 <= len(title) <= TITLE_CHARS
    assert "\n" not in title


@settings(max_examples=200, deadline=None, database=None)
@given(st.lists(st.text(min_size=1, max_size=8), max_size=20))
def test_pieces_are_cut_again_as_they_were(pieces: list[str]) -> None:
    assert split_pieces("".join(pieces), join_lengths(pieces)) == pieces


@settings(max_examples=200, deadline=None, database=None)
@given(st.sampled_from(sorted(GENERATION_RANGES)), st.floats() | st.integers() | st.booleans())
def test_settings_are_in_range_or_refused(name: str, value: float) -> None:
    limits = GENERATION_RANGES[name]
    if isinstance(value, bool) or not limits.low <= value <= limits.high:
        with pytest.raises(InvalidInput) as refusal:
            chat_settings.checked({name: value})
        assert refusal.value.field == name
    elif name in chat_settings.WHOLE_NUMBERS and value != int(value):
        with pytest.raises(InvalidInput, match="whole number"):
            chat_settings.checked({name: value})
    else:
        checked = chat_settings.checked({name: value})[name]
        assert limits.low <= checked <= limits.high


@pytest.fixture
def tree(ada: User) -> dict[str, Message]:
    """q1 ── a1 ── q2 ── a2, with a second answer b1 to q1 and another wording p1 beside q1."""
    chat = Conversation(id="chat", user_id=ada.id, title="A <b>tree</b>")
    db.session.add(chat)
    db.session.flush()
    rows: dict[str, Message] = {}
    for ordinal, (name, parent) in enumerate(
        (("q1", None), ("a1", "q1"), ("q2", "a1"), ("a2", "q2"), ("b1", "q1"), ("p1", None)), 1
    ):
        rows[name] = Message(
            id=name,
            conversation_id="chat",
            user_id=ada.id,
            parent_id=parent,
            ordinal=ordinal,
            role="assistant" if name[0] in "ab" else "user",
            text=f"text of {name}",
        )
        db.session.add(rows[name])
        db.session.flush()
    chat.head_id = "a2"
    db.session.commit()
    return rows


def ids(rows: list[Message]) -> list[str]:
    return [row.id for row in rows]


def test_branch_goes_from_the_root_to_the_leaf(tree: dict[str, Message]) -> None:
    assert ids(message_tree.branch("a2")) == ["q1", "a1", "q2", "a2"]
    assert ids(message_tree.branch("b1")) == ["q1", "b1"]
    assert ids(message_tree.branch("a2", limit=3)) == ["a1", "q2", "a2"]
    assert message_tree.branch(None) == []
    assert message_tree.branch("nobody") == []


def test_siblings_come_in_the_order_they_were_made(tree: dict[str, Message]) -> None:
    found = message_tree.siblings(list(tree.values()))
    assert found["a1"].ids == found["b1"].ids == ["a1", "b1"]
    assert found["q1"].ids == found["p1"].ids == ["q1", "p1"]
    assert found["a2"] == message_tree.Siblings(["a2"])


def test_of_very_many_siblings_those_around_are_told(tree: dict[str, Message]) -> None:
    for number in range(200):
        row = Message(id=f"v{number:03}", conversation_id="chat", user_id=tree["q1"].user_id,
                      parent_id="q1", role="assistant", text="", ordinal=10 + number)  # fmt: skip
        db.session.add(row)
    db.session.commit()
    rows = list(db.session.query(Message).filter_by(parent_id="q1").order_by(Message.ordinal))
    family, told = ids(rows), message_tree.siblings(rows)
    for at, each in enumerate(family):
        around, first = told[each].ids, told[each].first
        assert len(around) == VERSIONS_TOLD
        assert set(family[max(at - 1, 0) : at + 2]) <= set(around)
        assert around == family[first - 1 : first - 1 + VERSIONS_TOLD]
        assert first + around.index(each) == at + 1
        assert told[each].count == len(family) == 202


def test_newest_leaf_and_next_ordinal(tree: dict[str, Message]) -> None:
    assert message_tree.newest_leaf("q1", "chat") == "b1"
    assert message_tree.newest_leaf("a1", "chat") == "a2"
    assert message_tree.newest_leaf("p1", "chat") == "p1"
    assert message_tree.next_ordinal("chat") == 7
    assert message_tree.next_ordinal("another") == 1


def test_markdown_holds_the_shown_branch_and_json_every_branch(tree: dict[str, Message]) -> None:
    chat = db.session.get_one(Conversation, "chat")
    markdown = export.as_markdown(chat)
    assert markdown.startswith("# A <b>tree</b>\n")
    assert [name for name in tree if f"text of {name}" in markdown] == ["q1", "a1", "q2", "a2"]
    document = json.loads(export.as_json(chat))
    assert [message["id"] for message in document["messages"]] == list(tree)
    assert document["messages"][1]["siblings"] == ["a1", "b1"]
    assert "user_id" not in json.dumps(document)


def test_deleted_conversation_can_be_restored_and_is_purged_later(
    ada: User, tree: dict[str, Message]
) -> None:
    conversations.remove(ada.id, "chat")
    with pytest.raises(NotFound):
        conversations.own(ada.id, "chat")
    assert conversations.purge_deleted() == 0
    conversations.restore(ada.id, "chat")
    conversations.remove(ada.id, "chat")
    row = db.session.get_one(Conversation, "chat")
    row.deleted_at = utc_now() - conversations.KEPT_AFTER_DELETE - timedelta(minutes=1)
    db.session.commit()
    assert conversations.purge_deleted() == 1
    db.session.expire_all()
    assert db.session.get(Conversation, "chat") is None
    assert db.session.get(Message, "a1") is None


def test_deleted_messages_are_nobodys(ada: User, tree: dict[str, Message]) -> None:
    conversations.remove(ada.id, "chat")
    with pytest.raises(NotFound):
        conversations.own_message(ada.id, "q1")
    with pytest.raises(NotFound):
        ratings.rate_message(ada.id, "a1", 1, [], "")


def test_replies_of_a_crash_are_marked_once(ada: User, tree: dict[str, Message]) -> None:
    tree["a1"].status, tree["b1"].status = "streaming", "queued"
    db.session.commit()
    assert interrupt_orphans() == 2
    assert interrupt_orphans() == 0
    db.session.expire_all()
    assert {tree["a1"].status, tree["b1"].status} == {"interrupted"}
    assert tree["a2"].status == "complete"


def test_ranking_counts_questions_of_those_who_take_part(
    app: Flask, ada: User, tree: dict[str, Message], make_user: Callable[..., User]
) -> None:
    cache.clear()
    rollups.refresh()
    assert contributors.top() == [
        {"username": "ada", "characters": 3 * len("text of q1"), "prompts": 3}
    ]
    assert account_facts.written(ada.id)["prompts"] == 3
    ada.in_ranking = False
    db.session.commit()
    cache.clear()
    assert contributors.top() == []


def test_unknown_feedback_category_is_refused(ada: User) -> None:
    with pytest.raises(InvalidInput):
        feedback.leave(ada.id, "Long enough words", "praise", None)
