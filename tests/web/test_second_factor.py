"""Signing in with a second factor, setting it up, and proving again who one is: by real requests."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select

from echo.clock import utc_now
from echo.extensions import db
from echo.models import Device, User
from echo.services.accounts import accounts
from echo.services.sign_in import recovery_codes, second_factor, secret_box, totp
from tests.conftest import PASSWORD
from tests.web.browser import Browser

PENDING = "pending_sign_in"


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/profile/security").status_code == 200


@pytest.fixture
def protected(ada: User) -> pyotp.TOTP:
    """Ada has set up an application, and none of its codes was used yet."""
    secret = totp.new_secret()
    totp.keep(ada, secret, 0)
    return pyotp.TOTP(secret)


@pytest.fixture
def first_step(client: Browser, protected: pyotp.TOTP, form_time: Callable[[], str]) -> Any:
    """Take the first step of signing in, by the form."""

    def take(path: str = "/login", **changes: str) -> Any:
        data = {"credentials": "ada", "password": PASSWORD, "website": "", "opened_at": form_time()}
        return client.ajax(path, {**data, **changes})

    return take


def test_a_password_alone_does_not_sign_in(client: Browser, first_step: Any) -> None:
    answer = first_step()
    assert answer.get_json() == {"status": "redirect", "url": "/login/second"}
    assert not is_signed_in(client)
    assert not db.session.scalars(select(Device)).all()
    with client.session_transaction() as session:
        assert set(session) - {"_fresh"} == {PENDING}
    page = client.get("/login/second")
    assert page.status_code == 200
    assert 'autocomplete="one-time-code"' in page.text


@pytest.mark.parametrize("kind", ["code", "recovery code"])
def test_the_code_signs_in_and_leads_where_one_wanted_to_go(
    kind: str, client: Browser, first_step: Any, protected: pyotp.TOTP, ada: User
) -> None:
    typed = protected.now() if kind == "code" else recovery_codes.renew(ada.id)[3]
    first_step("/login?next=/profile/devices")
    answer = client.ajax("/login/second", {"code": typed})
    assert answer.get_json() == {"status": "redirect", "url": "/profile/devices"}
    assert is_signed_in(client)


def test_the_same_as_pages(
    client: Browser, protected: pyotp.TOTP, form_time: Callable[[], str]
) -> None:
    data = {"credentials": "ada", "password": PASSWORD, "website": "", "opened_at": form_time()}
    answer = client.post("/login", data=data)
    assert (answer.status_code, answer.location) == (302, "/login/second")
    wrong = client.post("/login/second", data={"code": "000000x"})
    assert wrong.status_code == 401
    assert "That code is not right" in wrong.text
    assert client.post("/login/second", data={"code": ""}).status_code == 400
    answer = client.post("/login/second", data={"code": protected.now()})
    assert (answer.status_code, answer.location) == (302, "/")
    assert is_signed_in(client)


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil", "javascript:1"]
)
def test_it_leads_to_no_foreign_place(
    target: str, client: Browser, first_step: Any, protected: pyotp.TOTP
) -> None:
    first_step(f"/login?next={target}")
    answer = client.ajax("/login/second", {"code": protected.now()})
    assert answer.get_json()["url"] == "/"


def test_remember_is_kept(client: Browser, first_step: Any, protected: pyotp.TOTP) -> None:
    first_step(remember="y")
    answer = client.ajax("/login/second", {"code": protected.now()})
    assert "Expires" in answer.headers["Set-Cookie"]


def test_wrong_codes_end_the_sign_in_even_when_the_next_is_right(
    client: Browser, first_step: Any, protected: pyotp.TOTP, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_factor.login_delays, "refuse_blocked", lambda *_: None)
    first_step("/login?next=/profile/devices")
    for _ in range(5):
        assert client.ajax("/login/second", {"code": "wrong"}).status_code == 401
    answer = client.ajax("/login/second", {"code": protected.now()})
    assert answer.get_json() == {"status": "redirect", "url": "/login?next=/profile/devices"}
    assert not is_signed_in(client)
    again = client.ajax("/login/second", {"code": protected.now()})
    assert again.get_json()["url"].startswith("/login")
    assert not is_signed_in(client)


def test_new_sign_ins_do_not_get_round_the_limit_of_the_account(
    client: Browser, first_step: Any, protected: pyotp.TOTP
) -> None:
    for _ in range(5):
        first_step()
        client.ajax("/login/second", {"code": "wrong"})
    first_step()
    answer = client.ajax("/login/second", {"code": protected.now()})
    assert (answer.status_code, answer.get_json()["field"]) == (429, "code")
    assert int(answer.headers["Retry-After"]) > 1


def test_tries_of_one_account_are_limited_whatever_they_bring(ada: User) -> None:
    for _ in range(20):
        second_factor.prove(ada, PASSWORD, "")
    with pytest.raises(second_factor.RateLimited):
        second_factor.prove(ada, PASSWORD, "")


def test_the_second_step_waits_five_minutes(
    client: Browser, first_step: Any, protected: pyotp.TOTP, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_step()
    later = time.time() + 301
    monkeypatch.setattr("cachelib.simple.time", lambda: later)
    answer = client.ajax("/login/second", {"code": protected.now()})
    assert answer.get_json()["url"].startswith("/login")
    assert not is_signed_in(client)


def changed_password(user: User) -> None:
    user.password_hash = accounts.passwords.hash_password("another horse battery")


def switched_off(user: User) -> None:
    user.active = False


@pytest.mark.parametrize("change", [changed_password, switched_off])
def test_what_happens_meanwhile_ends_the_sign_in(
    change: Callable[[User], None],
    client: Browser,
    first_step: Any,
    protected: pyotp.TOTP,
    ada: User,
) -> None:
    first_step()
    change(ada)
    db.session.commit()
    answer = client.ajax("/login/second", {"code": protected.now()})
    assert answer.get_json()["url"].startswith("/login")
    assert not is_signed_in(client)


def test_the_cookie_from_before_is_worth_nothing_after(
    app: Flask, client: Browser, first_step: Any, protected: pyotp.TOTP, ada: User
) -> None:
    codes = recovery_codes.renew(ada.id)
    client.get("/login")
    visitor = client.get_cookie("echo_session")
    first_step()
    waiting = client.get_cookie("echo_session")
    client.ajax("/login/second", {"code": protected.now()})
    signed_in = client.get_cookie("echo_session")
    assert visitor and waiting and signed_in  # noqa: PT018
    assert len({visitor.value, waiting.value, signed_in.value}) == 3
    for cookie in (visitor, waiting):
        thief = Browser(app, app.response_class, True)
        thief.set_cookie("echo_session", cookie.value)
        assert not is_signed_in(thief)
        answer = thief.ajax("/login/second", {"code": codes[0]})
        assert answer.get_json()["url"].startswith("/login")
        assert not is_signed_in(thief)


def test_a_second_step_of_nobody_leads_to_the_login(client: Browser) -> None:
    assert client.get("/login/second").location == "/login"


# Setting up


def setup_of(browser: Browser) -> tuple[str, str, str]:
    """Begin; return the page's text, the key in its address, and the secret that it shows."""
    answer = browser.ajax("/profile/totp")
    url = answer.get_json()["url"]
    page = browser.get(url).text
    secret = "".join(re.findall(r"<span>([A-Z2-7]{4})</span>", page))
    return page, re.search(r"setup=([\w-]+)", url)[1], secret  # type: ignore[index]


def test_set_up_by_picture_or_text_and_keep_the_codes(
    ada: User, ada_browser: Browser, fresh: Callable[[], None]
) -> None:
    page, key, secret = setup_of(ada_browser)
    assert len(secret) == 32
    svg = re.search(r"<svg[^>]*class=\"qr\".*?</svg>", page, re.DOTALL)
    assert svg
    assert "style" not in svg[0]
    with ada_browser.session_transaction() as session:
        assert secret not in str(dict(session))
    wrong = ada_browser.ajax("/profile/totp/finish", {"setup": key, "code": "12345"})
    assert (wrong.status_code, wrong.get_json()["field"]) == (401, "code")
    fresh()
    assert ada.totp_secret is None
    answer = ada_browser.ajax(
        "/profile/totp/finish", {"setup": key, "code": pyotp.TOTP(secret).now()}
    )
    shown = ada_browser.get(answer.get_json()["url"]).text
    codes = re.findall(r"<code>([a-z2-9]{5}-[a-z2-9]{5})</code>", shown)
    assert len(codes) == 10
    assert codes[0] not in ada_browser.get(answer.get_json()["url"]).text
    fresh()
    assert ada.totp_secret
    assert secret not in ada.totp_secret
    assert "10 left" in ada_browser.get("/profile/security").text


def test_a_wrong_code_without_script_leads_back_to_the_same_picture(ada_browser: Browser) -> None:
    _, key, secret = setup_of(ada_browser)
    answer = ada_browser.post("/profile/totp/finish", data={"setup": key, "code": "1"})
    page = ada_browser.get(answer.location.partition("#")[0]).text
    assert secret == "".join(re.findall(r"<span>([A-Z2-7]{4})</span>", page))
    assert "That code is not right" in page


def test_another_persons_set_up_is_not_shown(
    ada_browser: Browser, make_user: Callable[..., User], signed_in: Any
) -> None:
    _, key, secret = setup_of(ada_browser)
    other = signed_in(make_user("bob"))
    page = other.get(f"/profile/security?setup={key}").text
    assert secret[:4] + "</span>" not in page
    data = {"setup": key, "code": pyotp.TOTP(secret).now()}
    assert other.ajax("/profile/totp/finish", data).status_code == 404


def test_few_codes_bring_a_warning_and_new_ones_void_the_old(
    protected: pyotp.TOTP, ada: User, ada_browser: Browser
) -> None:
    codes = recovery_codes.renew(ada.id)
    for code in codes[:7]:
        recovery_codes.use(ada.id, code)
    assert "before you need them" not in ada_browser.get("/profile/security").text
    recovery_codes.use(ada.id, codes[7])
    assert "Only 2 left." in ada_browser.get("/profile/security").text
    answer = ada_browser.ajax("/profile/recovery-codes")
    assert codes[9] not in ada_browser.get(answer.get_json()["url"]).text
    assert not recovery_codes.use(ada.id, codes[9])


def test_turning_off_makes_the_password_enough_again(
    protected: pyotp.TOTP, ada: User, ada_browser: Browser, client: Browser, form_time: Any
) -> None:
    ada_browser.ajax("/profile/totp/remove")
    data = {"credentials": "ada", "password": PASSWORD, "website": "", "opened_at": form_time()}
    assert client.ajax("/login", data).get_json() == {"status": "redirect", "url": "/"}


def test_a_changed_secret_key_is_said_in_words(
    app: Flask, client: Browser, first_step: Any, monkeypatch: pytest.MonkeyPatch, ada: User
) -> None:
    ada.totp_secret = secret_box.seal("X", "of another key")
    db.session.commit()
    first_step()
    answer = client.ajax("/login/second", {"code": "123456"})
    assert answer.status_code == 409
    assert "secret key was changed" in answer.get_json()["message"]


# Proving again

GUARDED = [
    "/profile/totp",
    "/profile/totp/finish",
    "/profile/totp/remove",
    "/profile/recovery-codes",
    "/passkeys/options",
    "/passkeys",
    "/passkeys/01ARZ3NDEKTSV4RRFFQ69G5FAV/remove",
]


def make_stale(minutes: float = 10) -> None:
    for device in db.session.scalars(select(Device)):
        device.confirmed_at = utc_now() - timedelta(minutes=minutes)
    db.session.commit()


@pytest.mark.parametrize("path", GUARDED)
def test_acts_that_matter_need_a_fresh_proof(path: str, ada: User, ada_browser: Browser) -> None:
    secret = totp.new_secret()
    totp.keep(ada, secret, 0)
    recovery_codes.renew(ada.id)
    make_stale()
    page = {"Referer": "http://localhost/profile/security?setup=k"}
    answer = ada_browser.post(path, data={}, headers=page)
    assert answer.status_code == 302
    assert answer.location == "/confirm?next=/profile/security?setup%3Dk"
    answer = ada_browser.ajax(path, {})
    assert answer.get_json() == {"status": "redirect", "url": "/confirm?next=/"}
    db.session.expire_all()
    assert ada.totp_secret
    assert recovery_codes.left(ada.id) == 10
    make_stale(9.9)
    answer = ada_browser.ajax(path, {})
    assert "/confirm" not in answer.text


@pytest.mark.parametrize(
    "referrer",
    [
        "https://evil.example/profile",
        "http://localhost//evil.example",
        "http://localhost/logout",
        "x",
    ],
)
def test_the_way_back_is_a_page_of_this_site(
    referrer: str, ada: User, ada_browser: Browser
) -> None:
    make_stale()
    answer = ada_browser.post("/profile/totp", headers={"Referer": referrer})
    assert answer.location == "/confirm?next=/"


def test_confirming_makes_the_device_fresh_and_leads_back(
    ada: User, ada_browser: Browser, signed_in: Callable[[User], Browser]
) -> None:
    other = signed_in(ada)
    make_stale()
    path = "/confirm?next=/profile/security"
    assert "Is it still you?" in ada_browser.get(path).text
    wrong = ada_browser.ajax(path, {"password": "wrong"})
    assert (wrong.status_code, wrong.get_json()["field"]) == (401, "password")
    assert "/confirm" in ada_browser.ajax("/profile/totp").text
    answer = ada_browser.ajax(path, {"password": PASSWORD})
    assert answer.get_json() == {"status": "redirect", "url": "/profile/security"}
    assert "setup=" in ada_browser.ajax("/profile/totp").text
    assert "/confirm" in other.ajax("/profile/totp").text  # the other device is as stale as before
    answer = ada_browser.ajax("/confirm?next=//evil.example", {"password": PASSWORD})
    assert answer.get_json()["url"] == "/"


def test_confirming_needs_the_code_too_where_a_factor_is_on(
    protected: pyotp.TOTP, ada: User, ada_browser: Browser
) -> None:
    make_stale()
    assert 'name="code"' in ada_browser.get("/confirm").text
    answer = ada_browser.ajax("/confirm", {"password": PASSWORD})
    assert (answer.status_code, answer.get_json()["field"]) == (401, "code")
    answer = ada_browser.ajax("/confirm", {"password": PASSWORD, "code": protected.now()})
    assert answer.get_json()["status"] == "redirect"
    assert "/confirm" not in ada_browser.ajax("/profile/totp/remove").text


def test_wrong_passwords_at_the_question_bring_a_delay(ada: User, ada_browser: Browser) -> None:
    for _ in range(5):
        assert ada_browser.ajax("/confirm", {"password": "wrong"}).status_code == 401
    answer = ada_browser.ajax("/confirm", {"password": PASSWORD})
    assert (answer.status_code, answer.get_json()["field"]) == (429, "password")


def test_visitors_are_not_asked_to_confirm(client: Browser) -> None:
    assert client.get("/confirm").location.startswith("/login")


def test_an_account_of_google_alone_signs_in_again(
    app: Flask, make_user: Callable[..., User], signed_in: Callable[[User], Browser]
) -> None:
    app.extensions["settings"].google_client_id = "echo"
    browser = signed_in(make_user("gina", password_hash=None, google_sub="42"))
    make_stale()
    assert "Sign in with Google again" in browser.get("/confirm?next=/profile/security").text
    answer = browser.ajax("/confirm?next=/profile/security", {})
    assert answer.get_json()["url"] == "/login?next=/profile/security"
    assert not is_signed_in(browser)
