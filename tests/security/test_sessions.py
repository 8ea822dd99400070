"""Cookies that are planted, forged or kept; redirects that lead elsewhere; guessing by many and by time."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

import eventlet
import pytest
from flask import Flask
from itsdangerous import URLSafeTimedSerializer

from echo.extensions import bcrypt, db
from echo.forms import spam_trap
from echo.models import Device, LoginFailure, User
from echo.services.accounts import passwords
from tests.conftest import PASSWORD
from tests.security.conftest import Somebody
from tests.security.test_matrix import rules
from tests.security.world import World
from tests.web.browser import AJAX, Browser

COOKIE = "echo_session"
ELSEWHERE = [
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example",
    "https://evil.example", "%2f%2fevil.example", "/%2f%2fevil.example", "/%5cevil.example",
    "javascript:alert(1)", "/\tevil", "/\t/evil.example", "/\n/evil.example", "\t//evil.example",
    "/\r\nSet-Cookie: a=b", "\u2215\u2215evil.example", "／／evil.example", "/／evil.example",
    "/\u2028/evil.example", "//evil.example%2f..", "/.//evil.example", "/;@evil.example", "@evil.example",
    "data:text/html,x", " //evil.example", "\0//evil.example", "http://localhost@evil.example",
]  # fmt: skip
OF_EACH_KIND = 7  # the first ones, tried on every address
Becoming = Callable[[str], Somebody]


def filled_in(credentials: str = "owner", password: str = PASSWORD) -> dict[str, str]:
    return {
        "credentials": credentials,
        "password": password,
        "website": "",
        "opened_at": spam_trap.new_time(),
    }


def place_of(target: str) -> str:
    """Return the host that a browser goes to, as the URL standard reads an address; "" for this one."""
    seen = re.sub(r"[\t\r\n]", "", target.strip(" \0")).replace("\\", "/")
    parts = urlsplit(seen)
    return parts.netloc or parts.scheme


# ── redirects ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["visitor", "owner"])
def test_no_address_leads_elsewhere(
    kind: str, app: Flask, things: World, somebody: Becoming, login: Callable[..., str]
) -> None:
    person, found = somebody(kind), []
    for rule, method in rules(app):
        if method == "HEAD" or rule.endpoint == "static":
            continue
        if person.user is not None:
            login(person.browser, person.user)
        path, redirects = things.path(app, rule), False
        for number, target in enumerate(ELSEWHERE):
            if number == OF_EACH_KIND and not redirects:
                break  # it leads nowhere, wherever it is told to
            named = "&".join(f"{name}={quote(target)}" for name in ("next", "url", "target"))
            address = f"{path}{'&' if '?' in path else '?'}{named}"
            response = person.browser.open(address, method=method, buffered=True)
            where = response.location or ""
            redirects = redirects or bool(where)
            if place_of(where):
                found.append(f"{method} {rule.rule} {target!r} → {where}")
            assert response.status_code < 500, address
    assert found == []


@pytest.mark.parametrize("target", ELSEWHERE)
def test_login_leads_nowhere_else(target: str, app: Flask, owner: User) -> None:
    for headers in ({}, AJAX):
        browser = Browser(app, app.response_class, True)
        response = browser.post(
            "/login", data=filled_in(), query_string={"next": target}, headers=headers
        )
        where = response.get_json()["url"] if headers else response.location
        assert where.startswith("/"), where
        assert place_of(where) == "", where


# ── sessions ────────────────────────────────────────────────────────────────────────────────


def cookie_of(browser: Browser) -> str:
    cookie = browser.get_cookie(COOKIE)
    assert cookie is not None
    return cookie.value


def is_signed_in(app: Flask, cookie: str) -> bool:
    browser = Browser(app, app.response_class, True)
    browser.set_cookie(COOKIE, cookie)
    response = browser.get("/profile")
    assert response.status_code in (200, 302)
    return response.status_code == 200


def test_cookie_from_before_the_login_is_worth_nothing_after_it(app: Flask, owner: User) -> None:
    browser = Browser(app, app.response_class, True)
    with browser.session_transaction() as session:
        session["planted"] = "by somebody else"
    planted = cookie_of(browser)
    assert browser.ajax("/login", filled_in()).status_code == 200
    assert is_signed_in(app, cookie_of(browser))
    assert not is_signed_in(app, planted)
    with browser.session_transaction() as session:
        assert "planted" not in session


def test_planted_sign_in_of_another_account_ends_with_the_login(
    app: Flask, owner: User, make_user: Callable[..., User], login: Callable[..., str]
) -> None:
    """An attacker signs the victim's browser in as themselves, and keeps the cookie."""
    browser, eve = Browser(app, app.response_class, True), make_user("eve")
    login(browser, eve)
    planted = cookie_of(browser)
    assert is_signed_in(app, planted)
    assert browser.ajax("/login", filled_in()).status_code == 200
    assert not is_signed_in(app, planted)
    db.session.expire_all()
    rows = {device.user_id: device.revoked_at for device in db.session.query(Device)}
    assert rows[eve.id] is not None
    assert rows[owner.id] is None


def test_cookie_is_worth_nothing_after_the_logout(
    app: Flask, owner: User, login: Callable[..., str]
) -> None:
    browser = Browser(app, app.response_class, True)
    login(browser, owner)
    kept = cookie_of(browser)
    assert is_signed_in(app, kept)
    assert browser.ajax("/logout").status_code == 200
    assert not is_signed_in(app, kept)


def test_forged_cookies_are_visitors(app: Flask, owner: User, login: Callable[..., str]) -> None:
    browser = Browser(app, app.response_class, True)
    token = login(browser, owner)
    good = cookie_of(browser)
    payload, time, signature = good.split(".")
    other_key = URLSafeTimedSerializer("another key" * 4, salt="cookie-session")
    forged = [
        "", ".", "..", "x", good[:-1], good[1:], good[: len(good) // 2], f"{good}x", f"{payload}..",
        f"{payload}.{time}.", f"{payload}.{time}.{signature[::-1]}", f"{payload[::-1]}.{time}.{signature}",
        f".{good}", good.swapcase(), "A" * 4000, token, f"{payload}.{time}.\xe9", "null", "{}",
        str(other_key.dumps({"device": token})), str(other_key.dumps({"_user_id": str(owner.id)})),
    ]  # fmt: skip
    assert [cookie for cookie in forged if is_signed_in(app, cookie)] == []
    assert is_signed_in(app, good)


@pytest.mark.parametrize("device", ["1", "", "x" * 3000, None, "\0", "é"])
def test_signed_cookie_of_wrong_content_is_a_visitor(device: Any, app: Flask, owner: User) -> None:
    """Only who has the server's key can make one; even then the row decides."""
    browser = Browser(app, app.response_class, True)
    with browser.session_transaction() as session:
        session["device"] = device
        session["_user_id"] = str(owner.id)
        session["_fresh"] = True
    assert browser.get("/profile").status_code in (302, 401)


# ── guessing ────────────────────────────────────────────────────────────────────────────────


def test_a_hundred_guesses_at_once_count_as_five(app: Flask, owner: User) -> None:
    """They arrive together, so that none sees the others' failures; the right one is the last."""
    guesses = [filled_in(password=f"wrong {number}") for number in range(99)] + [filled_in()]
    answers: list[Any] = []

    def guess(data: dict[str, str]) -> None:
        answers.append(Browser(app, app.response_class, True).ajax("/login", data))

    running = [eventlet.spawn(guess, data) for data in guesses]
    with eventlet.Timeout(60):
        for each in running:
            each.wait()
    statuses = [answer.status_code for answer in answers]
    assert len(statuses) == 100
    assert set(statuses) <= {401, 429}
    db.session.rollback()
    (failure,) = db.session.query(LoginFailure)
    assert failure.count == 5
    assert failure.blocked_until is not None
    late = Browser(app, app.response_class, True).ajax("/login", filled_in())
    assert (late.status_code, late.get_json()["field"]) == (429, "credentials")
    assert int(late.headers["Retry-After"]) > 0


@pytest.fixture
def comparisons(monkeypatch: pytest.MonkeyPatch, app: Flask) -> list[str]:
    """What was hashed or compared, by name: the work that an answer's time shows."""
    passwords._nobodys_hash()
    done: list[str] = []
    for name in ("check_password_hash", "generate_password_hash"):
        original = getattr(bcrypt, name)

        def counted(*args: Any, _name: str = name, _original: Any = original) -> Any:
            done.append(_name)
            return _original(*args)

        monkeypatch.setattr(bcrypt, name, counted)
    return done


def test_unknown_account_and_wrong_password_do_the_same_work(
    app: Flask, make_user: Callable[..., User], comparisons: list[str]
) -> None:
    make_user("owner")
    make_user("google", password_hash=None)
    make_user("gone", active=False)
    words = set()
    for name in ("owner", "nobody", "nobody@example.org", "google", "gone", "owner@example.org"):
        comparisons.clear()
        browser = Browser(app, app.response_class, True)
        answer = browser.ajax("/login", filled_in(name, "wrong"))
        assert comparisons == ["check_password_hash"], name
        assert answer.status_code == 401
        words.add((answer.text, str(sorted(name for name, _ in answer.headers))))
    assert len(words) == 1
    comparisons.clear()
    right = Browser(app, app.response_class, True).ajax("/login", filled_in("gone"))
    assert (right.status_code, comparisons) == (401, ["check_password_hash"])
