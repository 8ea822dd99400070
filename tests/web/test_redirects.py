"""After the login one goes to a path of this site, never elsewhere."""

from typing import Any

import pytest
from flask import Flask

from echo.models import User
from echo.web.sign_in_steps import own_path
from tests.conftest import PASSWORD
from tests.web.browser import Browser

ELSEWHERE = [
    "https://evil.example/",
    "http:evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/%0d%0aSet-Cookie:x=1\r\n",
    "javascript:alert(1)",
    " //evil.example",
    "evil.example",
    "/ok\\..\\evil",
    "\u2028//evil.example",
    "",
]
HERE = ["/profile", "/c/abc?x=1", "/conversations?q=a%20b", "/?a=//evil.example"]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_foreign_targets_become_the_home_page(
    target: str, app: Flask, client: Browser, ada: User, form_time: Any
) -> None:
    data = {"credentials": "ada", "password": PASSWORD, "website": "", "opened_at": form_time()}
    response = client.ajax("/login", data, query_string={"next": target})
    assert response.get_json() == {"status": "redirect", "url": "/"}
    again = client.get("/login", query_string={"next": target})
    assert (again.status_code, again.location) == (302, "/")


@pytest.mark.parametrize("target", HERE)
def test_own_targets_are_kept(target: str, client: Browser, ada: User, form_time: Any) -> None:
    data = {"credentials": "ada", "password": PASSWORD, "website": "", "opened_at": form_time()}
    response = client.post("/login", data=data, query_string={"next": target})
    assert (response.status_code, response.location) == (302, target)


def test_no_target_is_the_home_page(app: Flask) -> None:
    with app.test_request_context():
        assert own_path(None) == "/"


def test_visitor_comes_back_to_the_conversation_that_was_asked_for(client: Browser) -> None:
    response = client.get("/c/01ABC?x=1")
    assert response.location == "/login?next=/c/01ABC?x%3D1"
