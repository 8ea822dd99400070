"""Nobody finds, reads or changes what is somebody else's: every route that takes an id."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from echo.extensions import db
from echo.models import Conversation, RoleName, User
from tests.web.browser import AJAX, Browser
from tests.web.routes import paths
from tests.web.test_conversations import make_chat

SECRET = "a secret about walruses"


@pytest.fixture
def chat(ada: User) -> Conversation:
    return make_chat(ada, SECRET, SECRET, SECRET)


def routes_of(app: Flask, chat: Conversation) -> list[tuple[str, str]]:
    """Every route with a conversation's id, and those that take one in the body."""
    found = [
        (method, path)
        for method in ("GET", "POST")
        for path in paths(app, method, conversation_id=chat.id, kind="json")
        if chat.id in path and not path.startswith("/admin")
    ]
    return [*found, ("POST", "/clear_discussion"), ("POST", "/chat")]


def ask(browser: Browser, method: str, path: str, chat: Conversation) -> Any:
    if path.endswith("/settings") or path == "/chat":
        body = {"prompt": "Hi", "conversation_id": chat.id} if path == "/chat" else {"top_k": 1}
        return browser.open(path, method=method, json=body, headers=AJAX)
    data = {"title": "Mine", "pinned": "1", "conversation_id": chat.id}
    return browser.open(path, method=method, data=None if method == "GET" else data, headers=AJAX)


def test_the_matrix_has_rows(app: Flask, chat: Conversation) -> None:
    found = {path.replace(chat.id, "…") for _, path in routes_of(app, chat)}
    assert {"/c/…", "/conversations/…/rename", "/conversations/…/export/json"} <= found
    assert len(found) >= 10


@pytest.mark.parametrize("role", [RoleName.USER, RoleName.ADMIN, RoleName.SUPER_ADMIN])
def test_strangers_find_nothing_whatever_their_role(
    role: RoleName,
    app: Flask,
    chat: Conversation,
    make_user: Callable[..., User],
    signed_in: Callable[[User], Browser],
    fresh: Callable[[], None],
) -> None:
    eve = signed_in(make_user("eve", role=role))
    for method, path in routes_of(app, chat):
        response = ask(eve, method, path, chat)
        assert response.status_code == 404, (method, path)
        assert SECRET not in response.text
    assert SECRET not in eve.get("/").text
    assert SECRET not in eve.get("/conversations?q=secret").text
    fresh()
    row = db.session.get_one(Conversation, chat.id)
    assert (row.title, row.pinned, row.settings, row.deleted_at) == (SECRET, False, {}, None)


def test_visitors_find_nothing(app: Flask, chat: Conversation, client: Browser) -> None:
    for method, path in routes_of(app, chat):
        response = ask(client, method, path, chat)
        assert response.status_code in (302, 401), (method, path)
        assert SECRET not in response.text


def test_the_owner_finds_it(app: Flask, chat: Conversation, ada_browser: Browser) -> None:
    readable = [path for method, path in routes_of(app, chat) if method == "GET"]
    for path in readable:
        assert ada_browser.get(path).status_code == 200, path


def test_deleted_account_cannot_read_on(
    chat: Conversation, ada: User, ada_browser: Browser, fresh: Callable[[], None]
) -> None:
    ada.active = False
    db.session.commit()
    assert ada_browser.get(f"/c/{chat.id}").status_code == 302
    assert ada_browser.ajax(f"/conversations/{chat.id}/pin", {"pinned": "1"}).status_code == 401
