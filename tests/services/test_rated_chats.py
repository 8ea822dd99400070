"""Only what was rated up by its owner, and allowed by them, is learned from; every reason against counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from echo.clock import utc_now
from echo.extensions import db
from echo.models import AuditEvent, Conversation, Message, MessageRating, User
from echo.services.people import administration, archive, deletion, profile, rated_chats
from tests.services.people import conversation_of


def rate(message: Message, rating: int = 1, by: User | None = None) -> MessageRating:
    row = db.session.get(MessageRating, message.id)
    if row is None:
        row = MessageRating(message_id=message.id, user_id=(by or message).id)  # type: ignore[union-attr]
        db.session.add(row)
    row.user_id = by.id if by else message.user_id
    row.rating = rating
    db.session.commit()
    return row


def messages_of(conversation: Conversation) -> list[Message]:
    rows = db.session.query(Message).filter_by(conversation_id=conversation.id)
    return list(rows.order_by(Message.ordinal))


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    user = make_user("ada")
    user.may_train = True
    db.session.commit()
    return user


@pytest.fixture
def chat(ada: User) -> Conversation:
    """Question, reply, question, reply; the last reply is rated up."""
    row = conversation_of(ada)
    rate(messages_of(row)[-1])
    return row


def texts() -> list[list[str]]:
    db.session.expire_all()
    return [[text for _, text in each.messages] for each in rated_chats.read()]


def test_the_branch_to_the_rated_reply_is_read(ada: User, chat: Conversation) -> None:
    question = messages_of(chat)[0]
    db.session.add(
        Message(conversation_id=chat.id, user_id=ada.id, parent_id=question.id, ordinal=5,
                role="assistant", text="another answer, which nobody rated")
    )  # fmt: skip
    db.session.commit()
    (found,) = rated_chats.read()
    assert found.user_id == ada.id
    assert found.messages == (
        ("user", "walrus text 1"), ("assistant", "walrus text 2"),
        ("user", "walrus text 3"), ("assistant", "walrus text 4"),
    )  # fmt: skip
    rate(messages_of(chat)[1])
    assert sorted(map(len, texts())) == [2, 4]  # each rated reply is a chat of its own
    chat.settings = {"system_prompt": "Answer like a pirate."}
    db.session.commit()
    assert texts()[0][0] == "Answer like a pirate."


def test_nobody_is_asked_for_until_they_allow_it(make_user: Callable[..., User]) -> None:
    bob = make_user("bob")
    rate(messages_of(conversation_of(bob))[-1])
    assert (bob.may_train, texts()) == (False, [])
    profile.change_profile(
        bob, username="bob", email=bob.email, new_password="", password="", keep_device="",
        may_train=True,
    )  # fmt: skip
    assert len(texts()) == 1


REASONS: dict[str, Callable[[User, Conversation, Message], Any]] = {
    "permission taken back": lambda ada, chat, reply: setattr(ada, "may_train", False),
    "switched off": lambda ada, chat, reply: setattr(ada, "active", False),
    "rated down": lambda ada, chat, reply: rate(reply, -1),
    "rating taken back": lambda ada, chat, reply: db.session.delete(rate(reply)),
    "chat deleted": lambda ada, chat, reply: setattr(chat, "deleted_at", utc_now()),
    "failed": lambda ada, chat, reply: setattr(reply, "status", "failed"),
    "stopped": lambda ada, chat, reply: setattr(reply, "status", "stopped"),
    "interrupted": lambda ada, chat, reply: setattr(reply, "status", "interrupted"),
    "cut at its length": lambda ada, chat, reply: setattr(reply, "finish_reason", "length"),
    "empty": lambda ada, chat, reply: setattr(reply, "text", "  "),
    "nobody had asked": lambda ada, chat, reply: setattr(reply, "parent_id", None),
}


@pytest.mark.parametrize("reason", REASONS)
def test_what_is_left_out(reason: str, ada: User, chat: Conversation) -> None:
    assert len(texts()) == 1
    REASONS[reason](ada, chat, messages_of(chat)[-1])
    db.session.commit()
    assert texts() == []


def test_anothers_rating_is_none(ada: User, chat: Conversation, make_user: Any) -> None:
    rate(messages_of(chat)[-1], by=make_user("bob"))
    assert texts() == []


def test_a_failed_or_empty_reply_on_the_way_goes_with_its_question(
    ada: User, chat: Conversation
) -> None:
    messages_of(chat)[1].text = ""
    db.session.commit()
    assert texts() == [["walrus text 3", "walrus text 4"]]
    messages_of(chat)[1].text, messages_of(chat)[1].status = "Sorry", "failed"
    db.session.commit()
    assert texts() == [["walrus text 3", "walrus text 4"]]


def test_a_run_that_goes_on_takes_what_was_rated_before(chat: Conversation) -> None:
    assert len(rated_chats.read(utc_now())) == 1
    assert rated_chats.read(utc_now() - timedelta(hours=1)) == []


def test_a_deleted_account_is_gone(ada: User, chat: Conversation) -> None:
    deletion.delete_account(ada)
    assert texts() == []


def test_the_use_is_written_down_without_names(ada: User, chat: Conversation) -> None:
    rated_chats.note_use("ours", rated_chats.read())
    row = db.session.query(AuditEvent).filter_by(act="ratings.learned").one()
    assert (row.actor_id, row.subject_id, row.target) == (None, None, "model ours")
    assert row.detail == {"chats": 1, "people": 1}


def test_the_permission_is_in_the_data_export(ada: User) -> None:
    assert archive.account(ada)["settings"]["rated_answers_may_train_models"] is True


def test_an_account_that_is_made_by_an_administrator_allows_nothing(app: Any) -> None:
    made = administration.create_user(
        None, username="eve", email="eve@example.org", password="seven purple walruses",
        role=administration.RoleName.USER,
    )  # fmt: skip
    assert made.may_train is False


def test_words_that_somebody_else_has_shared_are_not_given(ada: User, chat: Conversation) -> None:
    assert len(texts()) == 1
    messages_of(chat)[0].imported = True
    db.session.commit()
    assert texts() == []
