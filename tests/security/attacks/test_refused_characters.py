"""What a database cannot hold, in every id of an address: nothing has it, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from echo import policies
from echo.errors import NotFound
from echo.models import User
from echo.policies import Right
from echo.services.chats import conversations
from tests.api.keys import key_of, shows
from tests.contract.test_databases import app, url
from tests.security.conftest import owner, things
from tests.security.test_matrix import rules
from tests.security.world import World
from tests.web.browser import AJAX, Browser

__all__ = ["app", "owner", "things", "url"]

REFUSED = [
    "%00",
    "a%00b",
    "{real}%00",
    "%00{real}",
    "%ed%a0%80",
    "%ff",
    "{real}%ef%bf%bd",
    "%f4%90%80%80",
]
FIELDS = {"title": "A title", "pinned": "1", "name": "A name", "text": "A text", "objection": "No."}
NAMED = {  # what else an address must say
    "api_users.remove": "?username=ada",
}
WITH_BODIES = (
    "api_conversations.attach", "api_sharing.share", "api_decisions.object_to", "api_collections.share",
)  # fmt: skip
CHANGES = {  # what programs may send as JSON
    "api_conversations.change": {"title": "A title"},
    "api_folders.change": {"name": "A name"},
    "api_collections.change": {"name": "A name"},
    "api_documents.describe": {"description": "A walrus"},
    "api_personas.change": {"name": "A name"},
    "api_messages.rate": {"rating": 1},
    "api_users.change": {"username": "lovelace"},
    "api_roles.change": {"description": "x"},
}


def test_nul_in_the_id_of_a_conversation(
    app: Flask, owner: User, things: World, login: Callable[..., str]
) -> None:
    browser = Browser(app, app.response_class, True)
    login(browser, owner)
    answer = browser.get("/conversations/a%00b/row", headers=AJAX)
    assert answer.status_code == 404
    for found in (conversations.own, conversations.own_message):
        with pytest.raises(NotFound):
            found(owner.id, "a\0b")


def test_every_id_of_every_address(
    app: Flask, make_user: Callable[..., User], things: World, login: Callable[..., str]
) -> None:
    browser, wrong, tried = Browser(app, app.response_class, True), [], 0
    root = make_user("root", role="super_admin")
    key = key_of(root)
    app.config.update(WTF_CSRF_ENABLED=False, WTF_CSRF_CHECK_DEFAULT=False)
    for rule, method in rules(app):
        if method == "HEAD" or rule.endpoint == "admin.report":  # a month is no id
            continue
        path = things.path(app, rule)
        body: dict[str, Any] = {"data": FIELDS}
        if rule.endpoint.endswith(".settings") or method == "PATCH":
            body = {"json": CHANGES.get(rule.endpoint, {})}
        if rule.endpoint in WITH_BODIES:
            body = things.body(rule.endpoint)
        login(browser, root)
        headers = {**AJAX, **(shows(key) if policies.ROUTES[rule.endpoint] is Right.KEY else {})}
        for value in REFUSED if rule.arguments else ():
            for real in things.arguments(rule).values():
                tried += 1
                address = path.replace(real, value.format(real=real))
                address += NAMED.get(rule.endpoint, "")
                status = browser.open(
                    address, method=method, headers=headers, buffered=True, **body
                ).status_code
                if status not in (404, 405):
                    wrong.append((method, address, status))
    assert wrong == []
    assert tried > 100


@pytest.mark.parametrize(
    "name", ["q", "after", "search", "id", "user_id", "next", "invite", "from", "sort"]
)
def test_queries_hold_none_of_it(
    name: str, app: Flask, make_user: Callable[..., User], login: Callable[..., str]
) -> None:
    browser = Browser(app, app.response_class, True)
    login(browser, make_user("root", role="super_admin"))
    paths: Any = (
        "/conversations",
        "/admin/users/",
        "/admin/messages/",
        "/signup",
        "/admin/users/edit/",
    )
    for path in paths:
        answer = browser.get(f"{path}?{name}=a%00b", headers=AJAX, buffered=True)
        assert answer.status_code < 500, path
