"""Programs are kept out of sign-up and login; forged posts are kept out of every write."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from echo.clock import utc_now
from echo.forms import spam_trap
from echo.models import User
from tests.conftest import PASSWORD
from tests.web.browser import AJAX, Browser
from tests.web.routes import paths

FORMS = ("/signup", "/forgot")
GOOD = "seven purple walruses"


def filled_in(**changes: str) -> dict[str, str]:
    return {
        "username": "grace",
        "email": "grace@example.org",
        "password": GOOD,
        "confirm_password": GOOD,
        "credentials": "ada",
        "website": "",
        "opened_at": spam_trap.new_time(),
        **changes,
    }


def opened(seconds_ago: float) -> str:
    return str(spam_trap._serializer().dumps(spam_trap.utc_now().timestamp() - seconds_ago))


@pytest.fixture
def slow_enough(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo the test fixture's haste: three seconds at least, as in real life, by a clock that stands."""
    now = utc_now()
    monkeypatch.setattr(spam_trap, "FORM_MIN_SECONDS", 3)
    monkeypatch.setattr(spam_trap, "utc_now", lambda: now)


@pytest.mark.parametrize("path", FORMS)
def test_honeypot_catches(path: str, client: Browser) -> None:
    response = client.ajax(path, filled_in(website="https://buy.example"))
    assert (response.status_code, response.get_json()["field"]) == (400, "website")
    page = client.post(path, data=filled_in(website="https://buy.example"))
    assert page.status_code == 400
    assert "program" in page.text


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    "time", ["", "1700000000", "not.signed.atall", "\0", "WzFd.aaaa.bbbb", "null"]
)
def test_forged_time_is_refused(path: str, time: str, client: Browser) -> None:
    response = client.ajax(path, filled_in(opened_at=time))
    assert (response.status_code, response.get_json()["field"]) == (400, "opened_at")


@pytest.mark.parametrize("path", FORMS)
def test_missing_time_is_refused(path: str, client: Browser) -> None:
    values = filled_in()
    del values["opened_at"]
    assert client.ajax(path, values).get_json()["field"] == "opened_at"


def test_time_signed_for_another_purpose_is_refused(app: Flask, client: Browser) -> None:
    other = spam_trap.URLSafeTimedSerializer(app.config["SECRET_KEY"], salt="other").dumps(1.0)
    assert client.ajax("/signup", filled_in(opened_at=str(other))).status_code == 400


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(("age", "wait"), [(0.0, 3), (0.9, 3), (2.0, 1), (2.9, 1)])
def test_too_fast_is_refused_and_says_when_to_send_it_again(
    path: str, age: float, wait: int, client: Browser, slow_enough: None
) -> None:
    fast = client.ajax(path, filled_in(opened_at=opened(age)))
    assert (fast.status_code, fast.get_json()["field"]) == (400, "opened_at")
    assert "three seconds" in fast.get_json()["message"]
    assert fast.headers["Retry-After"] == str(wait)


def test_slow_enough_is_taken(client: Browser, slow_enough: None) -> None:
    answer = client.ajax("/signup", filled_in(opened_at=opened(3.5)))
    assert answer.get_json()["status"] == "redirect"


@pytest.mark.parametrize("fault", [{"opened_at": ""}, {"website": "x"}, {"username": "x"}])
def test_other_refusals_say_nothing_of_waiting(
    fault: dict[str, str], client: Browser, slow_enough: None
) -> None:
    answer = client.ajax("/signup", filled_in(**{"opened_at": opened(5), **fault}))
    assert answer.status_code == 400
    assert "Retry-After" not in answer.headers


def test_too_fast_a_page_keeps_what_was_typed(client: Browser, slow_enough: None) -> None:
    page = client.post("/signup", data=filled_in())
    assert page.status_code == 400
    assert 'value="grace@example.org"' in page.text


@pytest.mark.parametrize("hidden", [{}, {"opened_at": "x", "website": "https://a.example"}, None])
@pytest.mark.parametrize("as_page", [True, False])
def test_whoever_logs_in_never_meets_the_trap(
    hidden: dict[str, str] | None, as_page: bool, client: Browser, ada: User, slow_enough: None
) -> None:
    """A password manager sends at once, and fills in whatever it finds."""
    page = client.get("/login").text
    assert "opened_at" not in page
    assert "website" not in page
    typed = {"credentials": "ada", "password": PASSWORD}
    typed |= {"opened_at": spam_trap.new_time()} if hidden is None else hidden
    answer = client.post("/login", data=typed) if as_page else client.ajax("/login", typed)
    assert answer.status_code == (302 if as_page else 200)
    assert client.get("/profile").status_code == 200


def test_form_that_is_shown_again_keeps_its_first_time(client: Browser, slow_enough: None) -> None:
    time = opened(60)
    page = client.post("/signup", data=filled_in(opened_at=time, password="", credentials="nobody"))
    assert page.status_code == 400
    assert time in page.text.replace("&#46;", ".")


@pytest.mark.parametrize("path", FORMS)
def test_stale_form_is_refused(path: str, client: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    values = filled_in()
    monkeypatch.setattr(spam_trap, "FORM_MAX_SECONDS", -1)
    response = client.ajax(path, values)
    assert (response.status_code, response.get_json()["field"]) == (400, "opened_at")
    assert "too long" in response.get_json()["message"]


def test_every_write_needs_the_csrf_token(app: Flask, ada_browser: Browser, csrf_on: None) -> None:
    writing = paths(app, "POST")
    assert {"/signup", "/login", "/logout", "/feedback", "/profile", "/chat"} <= set(writing)
    for path in writing:
        for headers in ({}, AJAX):
            response = ada_browser.post(path, data={"x": "1"}, headers=headers)
            if path.startswith("/v1/") and response.status_code == 401:
                continue  # no cookie counts there
            if path.startswith(
                "/api/token"
            ):  # the proof is in the body, as JSON; no cookie is read or set
                assert (response.status_code, response.headers.get("Set-Cookie")) == (400, None)
                continue
            assert response.status_code == 400, path
            assert "reload" in response.text, path
    assert ada_browser.get("/profile").status_code == 200  # still signed in


def token_of(browser: Browser) -> str:
    page = browser.get("/profile").text
    return page.split('name="csrf-token" content="')[1].split('"')[0]


def test_token_of_the_page_lets_a_form_through(
    ada_browser: Browser, csrf_on: None, ada: User
) -> None:
    token = token_of(ada_browser)
    values = {"username": "ada", "email": "ada@example.org"}
    as_field = ada_browser.ajax("/profile", {**values, "csrf_token": token})
    assert as_field.status_code == 200, as_field.text
    as_header = ada_browser.ajax("/profile", values, headers={"X-CSRFToken": token})
    assert as_header.status_code == 200
    assert ada_browser.ajax("/logout", headers={"X-CSRFToken": token}).status_code == 200


def test_token_of_another_session_is_refused(
    ada_browser: Browser,
    csrf_on: None,
    make_user: Callable[..., User],
    signed_in: Callable[[User], Browser],
) -> None:
    foreign: Any = token_of(signed_in(make_user("eve")))
    response = ada_browser.ajax("/logout", headers={"X-CSRFToken": foreign})
    assert response.status_code == 400
