"""Signing in and up with Google, at a real provider in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from echo.app import create_app
from echo.extensions import cache, db
from echo.models import Device, RoleName, User
from echo.services.people import invites
from echo.services.sign_in import password_login
from echo.web import google_client
from tests.conftest import settings_for, switch
from tests.live.server import ROOT
from tests.web.browser import Browser
from tests.web.google.conftest import begin, flashes, is_signed_in
from tests.web.google.providers import CLIENT_ID, EvilProvider, RealProvider, query_of


def users() -> list[User]:
    return list(db.session.scalars(select(User).execution_options(populate_existing=True)))


def come_by_google(browser: Browser, provider: RealProvider, sub: str, path: str) -> Any:
    return browser.get(provider.agree(begin(browser, path), sub))


def test_new_person_gets_an_account_and_is_signed_in(client: Browser, real: RealProvider) -> None:
    response = come_by_google(client, real, "grace-sub", "/login/google")
    assert (response.status_code, response.location) == (302, "/")
    assert "Welcome, grace.hopper!" in flashes(response, client)
    assert is_signed_in(client)
    [user] = users()
    assert (user.username, user.email) == ("grace.hopper", "grace@example.org")
    assert (user.google_sub, user.password_hash) == ("grace-sub", None)
    assert user.email_verified_at is not None
    assert user.role_name is RoleName.USER
    assert db.session.scalars(select(Device.method)).one() == "google"


def test_known_person_is_signed_in_whatever_address_they_have_now(
    app: Flask, client: Browser, real: RealProvider
) -> None:
    come_by_google(client, real, "grace-sub", "/login/google")
    real.knows("grace-sub", email="murray@example.org", email_verified=False, name="Grace Murray")
    other = Browser(app, app.response_class, True)
    assert come_by_google(other, real, "grace-sub", "/login/google").location == "/"
    assert is_signed_in(other)
    [user] = users()
    assert user.email == "grace@example.org"


def test_known_person_without_a_session_flag_is_not_remembered(
    client: Browser, real: RealProvider
) -> None:
    response = come_by_google(client, real, "grace-sub", "/login/google")
    assert "Expires" not in response.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("wanted", "got"), [("/c/abc?x=1", "/c/abc?x=1"), ("//evil.example", "/"), ("", "/")]
)
def test_wanted_page_is_kept_when_it_is_ours(
    wanted: str, got: str, app: Flask, client: Browser, real: RealProvider
) -> None:
    location = begin(client, f"/login/google?next={wanted.replace('?', '%3F')}")
    assert client.get(real.agree(location, "grace-sub")).location == got
    again = Browser(app, app.response_class, True)  # once as a newcomer, once as somebody known
    location = begin(again, f"/login/google?next={wanted.replace('?', '%3F')}")
    assert again.get(real.agree(location, "grace-sub")).location == got


def test_login_page_passes_the_wanted_page_on(client: Browser, real: RealProvider) -> None:
    page = client.get("/login?next=/c/abc")
    assert 'href="/login/google?next=/c/abc"' in page.text
    assert "Continue with Google" in client.get("/signup").text


def test_signed_in_person_is_led_on_without_google(
    ada_browser: Browser, real: RealProvider
) -> None:
    assert begin(ada_browser, "/login/google?next=/profile") == "/profile"


def test_request_has_state_nonce_and_a_proof_key(client: Browser, evil: EvilProvider) -> None:
    sent = query_of(begin(client))
    assert set(sent["scope"].split()) == {"openid", "email", "profile"}
    assert (sent["response_type"], sent["client_id"]) == ("code", CLIENT_ID)
    assert sent["code_challenge_method"] == "S256"
    assert min(len(sent[name]) for name in ("state", "nonce", "code_challenge")) >= 20
    other = query_of(begin(client))
    assert not {other[n] for n in ("state", "nonce")} & {sent[n] for n in ("state", "nonce")}


def test_code_is_exchanged_with_the_proof_key(client: Browser, evil: EvilProvider) -> None:
    response = client.get(evil.agree(begin(client)))
    assert response.location == "/"
    assert evil.verifier_fits()
    assert evil.token_request["redirect_uri"] == "http://localhost/authorize/google"
    assert evil.asked == ["/discovery", "/token", "/jwks"]


def test_cookie_names_the_sign_in_and_holds_nothing_of_it(
    client: Browser, real: RealProvider
) -> None:
    sent = query_of(begin(client, "/login/google?next=/c/secret"))
    with client.session_transaction() as session:
        kept = str(dict(session))
    assert sent["state"] in kept
    for word in (sent["nonce"], "code_verifier", "/c/secret"):
        assert word not in kept


def test_many_begun_sign_ins_do_not_fill_the_cookie(client: Browser, real: RealProvider) -> None:
    first, *_, last = [begin(client) for _ in range(30)]
    with client.session_transaction() as session:
        assert len([key for key in session if key.startswith("_state_google_")]) == 4
    assert cache.get(f"openid/_state_google_{query_of(first)['state']}") is None
    assert client.get(real.agree(last, "grace-sub")).location == "/"


def test_redirect_address_is_the_public_one_when_it_is_set(
    app: Flask, client: Browser, real: RealProvider
) -> None:
    assert query_of(begin(client))["redirect_uri"] == "http://localhost/authorize/google"
    app.extensions["settings"].public_url = "https://chat.example.org"
    response = client.get("/login/google", headers={"Host": "evil.example"})
    sent = query_of(response.location)
    assert sent["redirect_uri"] == "https://chat.example.org/authorize/google"


def test_two_people_of_one_name_get_two_names(
    app: Flask, client: Browser, real: RealProvider, make_user: Callable[..., User]
) -> None:
    make_user("Grace.Hopper", email="other@example.org", email_key="other@example.org")
    come_by_google(client, real, "grace-sub", "/login/google")
    assert {user.username for user in users()} == {"Grace.Hopper", "grace.hopper2"}


def test_switched_off_account_is_refused_in_the_words_of_a_wrong_sign_in(
    app: Flask, client: Browser, real: RealProvider
) -> None:
    come_by_google(client, real, "grace-sub", "/login/google")
    switch(users()[0], False)
    other = Browser(app, app.response_class, True)
    response = come_by_google(other, real, "grace-sub", "/login/google")
    assert response.location == "/login"
    said = flashes(response, other)
    assert password_login.WRONG_CREDENTIALS in said
    assert "administrator" in said
    assert not is_signed_in(other)


def test_account_with_the_same_address_is_never_opened_or_changed(
    client: Browser, real: RealProvider, make_user: Callable[..., User]
) -> None:
    make_user("grace", email="Grace@Example.org", email_key="grace@example.org")
    response = come_by_google(client, real, "grace-sub", "/login/google?next=/c/abc")
    assert response.location == "/login?next=/c/abc"
    assert "connect Google under Profile → Security" in flashes(response, client)
    assert not is_signed_in(client)
    [user] = users()
    assert user.google_sub is None


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "eve@example.org"},
        {"email": "eve@example.org", "email_verified": False},
        {"email": "eve@example.org", "email_verified": "true"},
        {"email": "eve@example.org", "email_verified": 1},
        {"email_verified": True},
        {"email": ["eve@example.org"], "email_verified": True},
        {"email": "eve", "email_verified": True},
        {"email": "eve@example.org\nBcc: all@example.org", "email_verified": True},
        {"email": "e" * 250 + "@example.org", "email_verified": True},
    ],
)
def test_address_that_google_has_not_verified_is_refused(
    claims: dict[str, Any], client: Browser, real: RealProvider
) -> None:
    real.knows("eve-sub", name="Eve Evil", **claims)
    response = come_by_google(client, real, "eve-sub", "/login/google")
    assert response.location == "/login"
    assert "has not verified your e-mail" in flashes(response, client)
    assert users() == []


@pytest.mark.parametrize(
    ("mode", "words"), [("closed", "made by an administrator"), ("invite", "need an invitation")]
)
def test_new_accounts_are_refused_where_sign_up_is_not_open(
    mode: str, words: str, app: Flask, client: Browser, real: RealProvider
) -> None:
    come_by_google(client, real, "grace-sub", "/login/google")
    client.post("/logout")
    app.extensions["settings"].signup = mode
    real.knows("new-sub", email="new@example.org", email_verified=True, name="New Person")
    response = come_by_google(client, real, "new-sub", "/login/google")
    assert response.location == "/login"
    assert words in flashes(response, client)
    assert len(users()) == 1
    assert come_by_google(client, real, "grace-sub", "/login/google").location == "/"


def test_invitation_lets_one_new_account_in(
    app: Flask, client: Browser, real: RealProvider
) -> None:
    app.extensions["settings"].signup = "invite"
    token = invites.make(None, max_uses=1)
    assert client.get(f"/signup?invite={token}").status_code == 302
    assert come_by_google(client, real, "grace-sub", "/login/google").location == "/"
    real.knows("new-sub", email="new@example.org", email_verified=True, name="New Person")
    other = Browser(app, app.response_class, True)
    other.get(f"/signup?invite={token}")
    response = come_by_google(other, real, "new-sub", "/login/google")
    assert "has been used already" in flashes(response, other)
    assert [user.google_sub for user in users()] == ["grace-sub"]


def test_refused_account_does_not_use_the_invitation_up(
    app: Flask, client: Browser, real: RealProvider, make_user: Callable[..., User]
) -> None:
    app.extensions["settings"].signup = "invite"
    make_user("grace")
    token = invites.make(None, max_uses=1)
    client.get(f"/signup?invite={token}")
    come_by_google(client, real, "grace-sub", "/login/google")
    assert invites.check(token).uses == 0


def test_second_factor_is_asked_for_after_google_too(
    app: Flask, client: Browser, real: RealProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    come_by_google(client, real, "grace-sub", "/login/google")
    monkeypatch.setattr("echo.services.sign_in.second_factor.is_on", lambda user: True)
    other = Browser(app, app.response_class, True)
    response = come_by_google(other, real, "grace-sub", "/login/google?next=/c/abc")
    assert response.location == "/login/second"
    assert not is_signed_in(other)


@pytest.mark.parametrize("path", ["/login/google", "/authorize/google?state=a&code=b"])
def test_pages_do_not_exist_where_google_is_not_configured(path: str, client: Browser) -> None:
    assert client.get(path).status_code == 404
    assert "Google" not in client.get("/login").text


@pytest.mark.parametrize("path", ["/profile/google", "/profile/google/unlink"])
def test_acts_do_not_exist_where_google_is_not_configured(path: str, ada_browser: Browser) -> None:
    assert ada_browser.post(path).status_code == 404


def test_settings_bind_the_client_at_the_start(tmp_path: Path) -> None:
    with_google = create_app(settings_for(tmp_path, google_client_id="a", google_client_secret="b"))
    without = create_app(settings_for(tmp_path))
    assert google_client.EXTENSION in with_google.extensions
    assert google_client.EXTENSION not in without.extensions


def test_library_is_not_loaded_where_google_is_not_configured(tmp_path: Path) -> None:
    code = "import sys, run, echo.app; echo.app.create_app(); print('authlib' in sys.modules)"
    for words, loaded in (
        ({}, "False"),
        ({"GOOGLE_CLIENT_ID": "a", "GOOGLE_CLIENT_SECRET": "b"}, "True"),
    ):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            cwd=tmp_path,
            env={
                "PYTHONPATH": str(ROOT),
                "ECHO_INSTANCE": str(tmp_path),
                "ECHO_ENGINE": "scripted",
                **words,
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        assert done.stdout.split()[-1] == loaded


def test_replayed_callback_brings_nothing_back_even_with_the_old_cookie(
    app: Flask, client: Browser, real: RealProvider
) -> None:
    back = real.agree(begin(client), "grace-sub")
    old = client.get_cookie("echo_session")
    assert old is not None
    assert client.get(back).location == "/"
    thief = Browser(app, app.response_class, True)
    thief.set_cookie("echo_session", old.value)
    response = thief.get(back)
    assert response.location == "/login"
    assert "was used already or has expired" in flashes(response, thief)
    assert not is_signed_in(thief)
    assert db.session.scalar(select(func.count()).select_from(Device)) == 1
