"""Locking people out of their accounts by knowing their names, and guessing from many places at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from echo.extensions import db
from echo.models import LoginFailure, User
from echo.services.sign_in import login_delays
from echo.web import sessions
from tests.conftest import PASSWORD
from tests.web.browser import Browser

LogIn = Callable[..., Any]


@pytest.fixture
def log_in(form_time: Callable[[], str]) -> LogIn:
    def post(
        browser: Browser, password: str, address: str = "203.0.113.5", name: str = "ada"
    ) -> Any:
        fields = {
            "credentials": name,
            "password": password,
            "website": "",
            "opened_at": form_time(),
        }
        return browser.ajax("/login", fields, environ_overrides={"REMOTE_ADDR": address})

    return post


def new_browser(app: Flask) -> Browser:
    return Browser(app, app.response_class, True)


@pytest.fixture
def attacked(app: Flask, ada: User, log_in: LogIn) -> Browser:
    """A stranger has sent twenty wrong passwords for Ada's account, and goes on."""
    mallory = new_browser(app)
    for _ in range(20):
        log_in(mallory, "wrong", "203.0.113.66")
    return mallory


def test_a_stranger_locks_nobody_else_out(app: Flask, attacked: Browser, log_in: LogIn) -> None:
    assert log_in(attacked, PASSWORD, "203.0.113.66").status_code == 429
    assert log_in(new_browser(app), PASSWORD, "198.51.100.1").status_code == 200


def test_the_same_ipv6_network_is_one_place(app: Flask, ada: User, log_in: LogIn) -> None:
    for number in range(5):
        log_in(new_browser(app), "wrong", f"2001:db8:1:2::{number}")
    assert log_in(new_browser(app), PASSWORD, "2001:db8:1:2::99").status_code == 429
    assert log_in(new_browser(app), PASSWORD, "2001:db8:1:3::1").status_code == 200


def test_a_known_device_gets_in_from_the_attackers_own_network(
    app: Flask, ada: User, log_in: LogIn
) -> None:
    """A school, a café: whoever shares the owner's network cannot shut out the owner's browser."""
    own, mallory = new_browser(app), new_browser(app)
    assert log_in(own, PASSWORD).status_code == 200
    assert own.post("/logout").status_code == 302
    for _ in range(8):
        log_in(mallory, "wrong")
    refused = log_in(mallory, PASSWORD)
    assert refused.status_code == 429
    assert log_in(own, PASSWORD).status_code == 200


def test_a_known_device_has_its_own_count(app: Flask, ada: User, log_in: LogIn) -> None:
    own = new_browser(app)
    assert log_in(own, PASSWORD).status_code == 200
    for _ in range(5):
        assert log_in(own, "wrong").status_code == 401
    assert log_in(own, PASSWORD).status_code == 429
    assert log_in(new_browser(app), PASSWORD).status_code == 200


@pytest.mark.parametrize("value", ["", "x", "eyIxIjoiYWJjIn0.forged", "WyJhIl0", "\0", "a" * 4000])
def test_a_forged_cookie_makes_no_device_known(
    value: str, app: Flask, attacked: Browser, log_in: LogIn
) -> None:
    attacked.set_cookie("echo_known", value)
    assert log_in(attacked, PASSWORD, "203.0.113.66").status_code == 429


def test_a_device_known_to_another_account_is_a_stranger(
    app: Flask, ada: User, make_user: Callable[..., User], log_in: LogIn
) -> None:
    make_user("mallory")
    mallory = new_browser(app)
    assert log_in(mallory, PASSWORD, name="mallory").status_code == 200
    for _ in range(5):
        log_in(mallory, "wrong")
    assert log_in(mallory, PASSWORD).status_code == 429


def test_the_cookie_is_for_the_server_alone(app: Flask, ada: User, log_in: LogIn) -> None:
    answer = log_in(new_browser(app), PASSWORD)
    (cookie,) = (each for each in answer.headers.getlist("Set-Cookie") if "echo_known" in each)
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert (
        new_browser(app).get("/profile", headers={"Cookie": cookie.split(";")[0]}).status_code
        == 302
    )


def test_a_try_while_blocked_counts_nowhere(app: Flask, attacked: Browser, log_in: LogIn) -> None:
    """So a block ends, however long somebody goes on."""

    def counts() -> list[int]:
        db.session.rollback()
        return sorted(db.session.scalars(db.select(LoginFailure.count)))

    before = counts()
    for _ in range(10):
        assert log_in(attacked, "wrong", "203.0.113.66").status_code == 429
    assert counts() == before == [5]


def test_guesses_from_everywhere_shut_out_strangers_but_no_known_device(
    app: Flask, ada: User, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_delays, "FREE_TRIES_OF_ALL", 12)
    own = new_browser(app)
    assert log_in(own, PASSWORD).status_code == 200
    for number in range(12):
        assert log_in(new_browser(app), "wrong", f"10.0.{number}.1").status_code == 401
    refused = log_in(new_browser(app), PASSWORD, "10.1.0.1")
    assert refused.status_code == 429
    assert "on a device where you have signed in before" in refused.get_json()["message"]
    assert log_in(own, PASSWORD, "10.1.0.2").status_code == 200
    assert login_delays.is_blocked(ada.id)
    login_delays.unlock(ada.id)
    assert not login_delays.is_blocked(ada.id)
    assert log_in(new_browser(app), PASSWORD, "10.1.0.3").status_code == 200


def test_unknown_names_answer_alike(app: Flask, ada: User, log_in: LogIn) -> None:
    answers = []
    for name in ("ada", "nobody"):
        browser = new_browser(app)
        answers.append([log_in(browser, "wrong", name=name).get_json() for _ in range(7)])
    assert answers[0] == answers[1]


def test_every_way_of_signing_in_makes_the_browser_known(app: Flask, ada: User) -> None:
    """All end in one place, which a passkey's owner passes too."""
    with app.test_request_context(environ_base={"REMOTE_ADDR": "198.51.100.1"}):
        sessions.sign_in(ada, remember=False, method="passkey")
        answer = app.process_response(app.response_class())
    assert any("echo_known" in cookie for cookie in answer.headers.getlist("Set-Cookie"))
