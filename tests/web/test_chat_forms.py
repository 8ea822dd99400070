"""Feedback and the clearing of a discussion."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from echo.extensions import db
from echo.models import Conversation, Feedback, User
from tests.web.browser import Browser

OPINION = {"opinion": "I like how quickly it answers.", "category": "speed", "rating": "5"}


def test_feedback_is_stored(ada: User, ada_browser: Browser) -> None:
    response = ada_browser.ajax("/feedback", OPINION)
    assert (response.status_code, response.get_json()["status"]) == (200, "ok")
    row = db.session.scalars(select(Feedback)).one()
    assert (row.user_id, row.opinion, row.category, row.rating) == (
        ada.id,
        OPINION["opinion"],
        "speed",
        5,
    )


def test_feedback_works_without_javascript_and_without_stars(ada_browser: Browser) -> None:
    response = ada_browser.post("/feedback", data={**OPINION, "rating": ""})
    assert (response.status_code, response.location) == (302, "/")
    assert db.session.scalars(select(Feedback.rating)).one() is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"opinion": ""}, "opinion"),
        ({"opinion": "too short"}, "opinion"),
        ({"opinion": "          x          "}, "opinion"),
        ({"opinion": "x" * 2001}, "opinion"),
        ({"category": ""}, "category"),
        ({"category": "praise"}, "category"),
        ({"rating": "0"}, "rating"),
        ({"rating": "6"}, "rating"),
        ({"rating": "many"}, "rating"),
        ({"rating": "9" * 400}, "rating"),
    ],
)
def test_feedback_names_the_wrong_field(
    changes: dict[str, str], field: str, ada_browser: Browser
) -> None:
    response = ada_browser.ajax("/feedback", {**OPINION, **changes})
    assert (response.status_code, response.get_json()["field"]) == (400, field)
    assert ada_browser.post("/feedback", data={**OPINION, **changes}).status_code == 400
    assert not db.session.scalar(select(func.count()).select_from(Feedback))


def test_feedback_of_2000_characters_and_any_signs_is_kept(ada_browser: Browser) -> None:
    for opinion in ("x" * 2000, "<script>alert(1)</script>", "zero \0 byte, lone half"):
        assert ada_browser.ajax("/feedback", {**OPINION, "opinion": opinion}).status_code == 200
    stored = list(db.session.scalars(select(Feedback.opinion).order_by(Feedback.id)))
    assert stored == ["x" * 2000, "<script>alert(1)</script>", "zero \ufffd byte, lone half"]


@pytest.mark.parametrize("path", ["/feedback", "/clear_discussion"])
def test_visitors_may_not(path: str, client: Browser) -> None:
    assert client.ajax(path, OPINION).status_code == 401
    assert client.post(path, data=OPINION).status_code == 302


@pytest.fixture
def chats(ada: User) -> list[str]:
    rows = [Conversation(user_id=ada.id, title=f"Chat {number}") for number in range(2)]
    db.session.add_all(rows)
    db.session.commit()
    return [row.id for row in rows]


def test_named_discussion_is_cleared(
    ada_browser: Browser, chats: list[str], fresh: Callable[[], None]
) -> None:
    response = ada_browser.ajax("/clear_discussion", {"conversation_id": chats[0]})
    assert (response.status_code, response.get_json()["status"]) == (200, "ok")
    fresh()
    gone, kept = (db.session.get_one(Conversation, each) for each in chats)
    assert gone.deleted_at
    assert kept.deleted_at is None
    again = ada_browser.ajax("/clear_discussion", {"conversation_id": chats[0]})
    assert again.status_code == 404


def test_newest_discussion_is_cleared_when_none_is_named(
    ada_browser: Browser, chats: list[str], fresh: Callable[[], None]
) -> None:
    page: Any = ada_browser.post("/clear_discussion")
    assert (page.status_code, page.location) == (302, "/")
    fresh()
    assert db.session.get_one(Conversation, chats[1]).deleted_at
    ada_browser.post("/clear_discussion")
    nothing = ada_browser.ajax("/clear_discussion")
    assert nothing.status_code == 404
    assert "no discussion" in nothing.get_json()["message"]
