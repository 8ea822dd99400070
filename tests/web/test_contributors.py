"""The list of who talks with Echo most: off at first, switched on for the site, left by whoever wants to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from echo.extensions import cache, db
from echo.models import Conversation, Message, User
from echo.services import site_settings
from echo.services.numbers import rollups
from tests.web.browser import Browser

HEADING = "People who talk with Echo most"


@pytest.fixture(autouse=True)
def writers(app: Flask, ada: User, make_user: Callable[..., User]) -> list[User]:
    """Ada and Bob, who have asked something."""
    cache.clear()
    people = [ada, make_user("bob")]
    for user in people:
        chat = Conversation(user_id=user.id, title="A chat")
        db.session.add(chat)
        db.session.flush()
        db.session.add(
            Message(conversation_id=chat.id, user_id=user.id, ordinal=1, role="user", text="Hi")
        )
    db.session.commit()
    rollups.refresh()
    return people


def named(client: Browser) -> set[str]:
    page = client.get("/").text
    found = {
        name for name in ("ada", "bob") if f'<span class="who" dir="auto">{name}</span>' in page
    }
    assert bool(found) is (HEADING in page)
    return found


def send(browser: Browser, ada: User, **values: Any) -> None:
    answer = browser.ajax("/profile", {"username": ada.username, "email": ada.email, **values})
    assert answer.status_code == 200, answer.text


def test_visitors_see_nobody_until_it_is_switched_on(client: Browser) -> None:
    assert named(client) == set()
    site_settings.change(None, contributors="on")
    assert named(client) == {"ada", "bob"}
    site_settings.reset(None, "contributors")
    assert named(client) == set()


def test_whoever_leaves_is_gone_at_once_and_may_come_back(
    client: Browser, ada: User, ada_browser: Browser
) -> None:
    site_settings.change(None, contributors="on")
    assert named(client) == {"ada", "bob"}
    assert "checked" not in ada_browser.get("/profile").text
    send(ada_browser, ada, left_out=["y", "false"])  # what the page sends with the tick set
    assert named(client) == {"bob"}
    assert 'name="left_out" type="checkbox" value="y" checked' in ada_browser.get("/profile").text
    send(ada_browser, ada, left_out="false")  # with the tick cleared
    assert named(client) == {"ada", "bob"}


@pytest.mark.parametrize("before", [True, False])
def test_a_program_that_does_not_know_the_field_changes_nothing(
    ada: User, ada_browser: Browser, before: bool
) -> None:
    ada.in_ranking = before
    db.session.commit()
    send(ada_browser, ada)
    db.session.expire_all()
    assert ada.in_ranking is before
