"""Connecting Google to an account that is there, and disconnecting it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from echo.clock import utc_now
from echo.extensions import cache, db
from echo.models import Device, User
from echo.services.sign_in import devices
from tests.web.browser import AJAX, Browser
from tests.web.google.conftest import flashes
from tests.web.google.providers import RealProvider, query_of

SECURITY = "/profile/security"


def provider_address(browser: Browser) -> str:
    """Press "Connect Google" and return where the page goes on to."""
    response = browser.post("/profile/google")
    assert response.status_code == 302, response.text
    assert response.location.startswith("/login/google?intent=")
    page = browser.get(response.location)
    assert page.status_code == 200
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', page.text)
    assert found, page.text
    return unescape(found[1])


def connect(browser: Browser, provider: RealProvider, sub: str = "grace-sub") -> Any:
    return browser.get(provider.agree(provider_address(browser), sub))


def sub_of(user: User) -> str | None:
    sub: str | None = db.session.scalar(select(User.google_sub).where(User.id == user.id))
    return sub


def test_connected_google_opens_the_account(
    client: Browser, ada: User, ada_browser: Browser, real: RealProvider
) -> None:
    response = connect(ada_browser, real)
    assert response.location == SECURITY
    assert "Google is connected" in flashes(response, ada_browser)
    assert sub_of(ada) == "grace-sub"
    back = real.agree(str(client.get("/login/google").location), "grace-sub")
    assert client.get(back).location == "/"
    assert "ada" in client.get("/").text
    assert len(list(db.session.scalars(select(User)))) == 1


def test_script_is_told_where_to_go(ada_browser: Browser, real: RealProvider) -> None:
    answer = ada_browser.ajax("/profile/google").get_json()
    assert answer["status"] == "redirect"
    assert answer["url"].startswith("/login/google?intent=")


def test_page_after_the_form_is_no_redirect_so_that_form_action_lets_it_pass(
    ada_browser: Browser, real: RealProvider
) -> None:
    page = ada_browser.get(ada_browser.post("/profile/google").location)
    assert page.status_code == 200
    assert "Location" not in page.headers
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]
    assert "Go on to Google" in page.text


def test_form_without_its_token_is_refused(
    ada: User, ada_browser: Browser, real: RealProvider, csrf_on: None
) -> None:
    for path in ("/profile/google", "/profile/google/unlink"):
        assert ada_browser.post(path).status_code == 400


def test_visitor_is_sent_to_the_login(client: Browser, real: RealProvider) -> None:
    for path in ("/profile/google", "/profile/google/unlink"):
        assert client.post(path).location.startswith("/login?next=")


@pytest.mark.parametrize("path", ["/profile/google", "/profile/google/unlink"])
def test_device_that_was_confirmed_long_ago_is_asked_again(
    path: str, ada: User, ada_browser: Browser, real: RealProvider
) -> None:
    ada.google_sub = "grace-sub"
    device = db.session.scalars(select(Device)).one()
    device.confirmed_at = utc_now() - timedelta(minutes=11)
    db.session.commit()
    assert ada_browser.post(path).location.startswith("/confirm")
    assert sub_of(ada) == "grace-sub"


def test_cancelled_connection_leads_back_to_the_security_page(
    ada: User, ada_browser: Browser, real: RealProvider
) -> None:
    response = ada_browser.get(real.cancel(provider_address(ada_browser)))
    assert response.location == SECURITY
    assert "You cancelled at Google" in flashes(response, ada_browser)
    assert sub_of(ada) is None


def test_identity_of_somebody_else_is_refused(
    ada: User, ada_browser: Browser, real: RealProvider, make_user: Callable[..., User]
) -> None:
    grace = make_user("grace", google_sub="grace-sub")
    response = connect(ada_browser, real)
    assert response.location == SECURITY
    assert "connected to another account" in flashes(response, ada_browser)
    assert (sub_of(ada), sub_of(grace)) == (None, "grace-sub")


def test_identity_without_a_verified_address_is_refused(
    ada: User, ada_browser: Browser, real: RealProvider
) -> None:
    real.knows("eve-sub", email="ada@example.org", email_verified=False)
    response = connect(ada_browser, real, "eve-sub")
    assert "has not verified" in flashes(response, ada_browser)
    assert sub_of(ada) is None


def test_second_identity_does_not_replace_the_first(
    ada: User, ada_browser: Browser, real: RealProvider
) -> None:
    connect(ada_browser, real)
    real.knows("other-sub", email="other@example.org", email_verified=True)
    response = connect(ada_browser, real, "other-sub")
    assert "Disconnect that one first" in flashes(response, ada_browser)
    assert sub_of(ada) == "grace-sub"


def test_session_that_changed_at_google_connects_nothing(
    app: Flask,
    ada: User,
    ada_browser: Browser,
    real: RealProvider,
    login: Callable[..., str],
    make_user: Callable[..., User],
) -> None:
    grace = make_user("grace")
    back = real.agree(provider_address(ada_browser), "grace-sub")
    login(ada_browser, grace)  # somebody else signs in with this browser
    response = ada_browser.get(back)
    assert "signed in or out meanwhile" in flashes(response, ada_browser)
    assert (sub_of(ada), sub_of(grace)) == (None, None)


def test_same_person_on_a_new_device_connects_nothing(
    ada: User, ada_browser: Browser, real: RealProvider, login: Callable[..., str]
) -> None:
    back = real.agree(provider_address(ada_browser), "grace-sub")
    login(ada_browser, ada)
    assert "meanwhile" in flashes(ada_browser.get(back), ada_browser)
    assert sub_of(ada) is None


def test_session_that_was_ended_at_google_connects_nothing(
    ada: User, ada_browser: Browser, real: RealProvider
) -> None:
    back = real.agree(provider_address(ada_browser), "grace-sub")
    devices.revoke_all(ada.id, reason="Test.")
    response = ada_browser.get(back)
    assert response.location == "/login"
    assert "meanwhile" in flashes(response, ada_browser)
    assert sub_of(ada) is None


def test_intent_works_once_on_its_own_device(
    app: Flask,
    ada: User,
    ada_browser: Browser,
    real: RealProvider,
    signed_in: Callable[[User], Browser],
    make_user: Callable[..., User],
) -> None:
    grace_browser = signed_in(make_user("grace"))
    intent = ada_browser.post("/profile/google").location
    stolen = grace_browser.get(intent)
    assert stolen.location == SECURITY
    assert "meanwhile" in flashes(stolen, grace_browser)
    assert ada_browser.get(intent).location == SECURITY, "it was taken already"
    assert ada_browser.get("/login/google?intent=forged").location == SECURITY


def test_sign_in_that_began_elsewhere_does_not_connect(
    app: Flask, ada: User, client: Browser, real: RealProvider, login: Callable[..., str]
) -> None:
    """Somebody begins to sign in, signs in with a password in another tab, and comes back."""
    location = str(client.get("/login/google").location)
    login(client, ada)
    client.get(real.agree(location, "grace-sub"))
    assert sub_of(ada) is None


def test_disconnected_google_opens_nothing(
    ada: User, client: Browser, ada_browser: Browser, real: RealProvider
) -> None:
    connect(ada_browser, real)
    response = ada_browser.post("/profile/google/unlink")
    assert response.location == SECURITY
    assert "no longer connected" in flashes(response, ada_browser)
    assert sub_of(ada) is None
    real.knows("grace-sub", email="ada@example.org", email_verified=True)
    back = real.agree(str(client.get("/login/google").location), "grace-sub")
    assert "There is an account with this address" in flashes(client.get(back), client)


@pytest.mark.parametrize("headers", [{}, AJAX], ids=["page", "ajax"])
def test_only_way_in_stays(headers: dict[str, str], client: Browser, real: RealProvider) -> None:
    client.get(real.agree(str(client.get("/login/google").location), "grace-sub"))
    response = client.post("/profile/google/unlink", headers=headers)
    if headers:
        assert response.status_code == 409
        assert "Set a password first" in response.get_json()["message"]
    else:
        assert response.location == SECURITY
        assert "Set a password first" in flashes(response, client)
    assert db.session.scalars(select(User.google_sub)).one() == "grace-sub"


def test_only_way_in_is_named_before_a_proof_is_asked_for(
    client: Browser, real: RealProvider
) -> None:
    """Who has no password may have no other proof: the sentence must not hide behind the question."""
    client.get(real.agree(str(client.get("/login/google").location), "grace-sub"))
    db.session.scalars(select(Device)).one().confirmed_at = None
    db.session.commit()
    assert client.post("/profile/google/unlink").location == SECURITY


def test_security_page_shows_what_is_connected(
    ada: User, ada_browser: Browser, real: RealProvider
) -> None:
    assert "Connect Google" in ada_browser.get(SECURITY).text
    connect(ada_browser, real)
    page = ada_browser.get(SECURITY).text
    assert "Disconnect Google" in page
    assert 'action="/profile/google/unlink"' in page


def test_intent_is_kept_in_the_cache_and_not_in_the_address(
    ada: User, ada_browser: Browser, real: RealProvider
) -> None:
    intent = query_of(ada_browser.post("/profile/google").location)["intent"]
    assert cache.get(f"once/google-connect/{intent}")["user_id"] == ada.id
