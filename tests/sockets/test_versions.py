"""Which of its versions a message is: of many only those around it are told, with the true numbers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from echo.extensions import db
from echo.limits import VERSIONS_TOLD
from echo.models import Conversation, Message, User
from tests.conftest import Tab


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user("ada")


@pytest.fixture
def answered(ada: User) -> Callable[[int], list[str]]:
    """Make a chat of one question with so many answers; return their ids."""

    def make(count: int) -> list[str]:
        chat = Conversation(user_id=ada.id, title="Many", message_count=count + 1)
        db.session.add(chat)
        db.session.flush()
        rows = [Message(conversation_id=chat.id, user_id=ada.id, ordinal=1, role="user", text="?")]
        rows += [
            Message(conversation_id=chat.id, user_id=ada.id, ordinal=n + 2, role="assistant",
                    status="complete", text=f"answer {n}")
            for n in range(count)
        ]  # fmt: skip
        db.session.add_all(rows)
        db.session.flush()
        for row in rows[1:]:
            row.parent_id = rows[0].id
        chat.head_id = rows[-1].id
        db.session.commit()
        return [row.id for row in rows[1:]]

    return make


def shown(tab: Tab, answer: str) -> tuple[int, int]:
    """The place and the number of versions that a page says of an answer."""
    chat = db.session.get_one(Message, answer).conversation_id
    assert tab.ask("select_branch", {"message_id": answer})["ok"]
    told = tab.ask("open_conversation", {"conversation_id": chat})["messages"][-1]
    assert told["id"] == answer
    siblings = told["siblings"]
    versions = told.get("versions", {"first": 1, "count": len(siblings)})
    assert len(siblings) <= VERSIONS_TOLD
    return versions["first"] + siblings.index(answer), versions["count"]


@pytest.mark.parametrize("count", [1, 2, VERSIONS_TOLD, VERSIONS_TOLD + 1, 120])
def test_an_answer_knows_its_place_among_all(
    open_tab: Callable[[User], Tab], ada: User, answered: Callable[[int], list[str]], count: int
) -> None:
    tab, ids = open_tab(ada), answered(count)
    for place in sorted({1, count // 2 + 1, count}):
        assert shown(tab, ids[place - 1]) == (place, count)


def test_one_more_is_counted_by_itself_and_told_to_all(
    open_tab: Callable[[User], Tab], ada: User, answered: Callable[[int], list[str]]
) -> None:
    tab, ids = open_tab(ada), answered(VERSIONS_TOLD)
    assert shown(tab, ids[-1]) == (VERSIONS_TOLD, VERSIONS_TOLD)
    reply = tab.ask("regenerate_message", {"message_id": ids[-1]})["reply"]
    assert reply["versions"] == {"first": 2, "count": VERSIONS_TOLD + 1}
    tab.wait_for("message_finished", reply["id"])
    started = tab.named("message_started")[-1]
    assert started["reply"]["versions"] == reply["versions"]
