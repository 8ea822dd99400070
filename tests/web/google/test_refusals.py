"""Every way in which the way back from Google can be wrong: its own words, nobody in, nothing made."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse
from werkzeug.wrappers import Response

from echo.extensions import cache, db
from echo.models import Device, User
from echo.web import google_client
from tests.live.server import free_port
from tests.web.browser import Browser
from tests.web.google.conftest import begin, flashes, is_signed_in
from tests.web.google.providers import (
    CLIENT_ID,
    CLIENT_SECRET,
    EvilProvider,
    RealProvider,
    as_json,
    query_of,
)

CANCELLED = "You cancelled at Google"
REFUSED = "Google did not allow it"
NOT_BEGUN = "was used already or has expired"
CODE_REFUSED = "Google did not confirm the sign-in"
UNPROVEN = "could not be verified"
UNREACHABLE = "Google cannot be reached"


def assert_refused(response: TestResponse, browser: Browser, words: str) -> None:
    assert (response.status_code, response.location) == (302, "/login")
    assert words in flashes(response, browser)
    assert not is_signed_in(browser)
    for table in (User, Device):
        assert db.session.scalar(select(func.count()).select_from(table)) == 0


def test_cancelled(client: Browser, real: RealProvider) -> None:
    assert_refused(client.get(real.cancel(begin(client))), client, CANCELLED)


@pytest.mark.parametrize(
    ("error", "words"),
    [("access_denied", CANCELLED), ("server_error", REFUSED), ("<b>x</b>", REFUSED)],
)
def test_error_has_its_own_words_and_ends_the_sign_in(
    error: str, words: str, client: Browser, real: RealProvider
) -> None:
    location = begin(client)
    state = query_of(location)["state"]
    query = {"error": error, "state": state, "error_description": "<i>y</i>"}
    response = client.get("/authorize/google", query_string=query)
    assert_refused(response, client, words)
    assert_refused(client.get(real.agree(location, "grace-sub")), client, NOT_BEGUN)


@pytest.mark.parametrize("state", [None, "", "forged", "x" * 5000, "\u2028", "_state_google_"])
def test_state_that_is_missing_or_forged(
    state: str | None, client: Browser, real: RealProvider
) -> None:
    code = query_of(real.agree(begin(client), "grace-sub"))["code"]
    query = {"code": code} if state is None else {"code": code, "state": state}
    assert_refused(client.get("/authorize/google", query_string=query), client, NOT_BEGUN)


def test_state_of_another_browser(app: Flask, client: Browser, real: RealProvider) -> None:
    back = real.agree(begin(client), "grace-sub")
    victim = Browser(app, app.response_class, True)
    assert_refused(victim.get(back), victim, NOT_BEGUN)


def test_state_that_has_expired(client: Browser, real: RealProvider) -> None:
    location = begin(client)
    cache.delete(f"openid/_state_google_{query_of(location)['state']}")
    assert_refused(client.get(real.agree(location, "grace-sub")), client, NOT_BEGUN)


def test_state_lives_for_ten_minutes(
    client: Browser, real: RealProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = begin(client)
    now = time.time()
    monkeypatch.setattr("cachelib.simple.time", lambda: now + 601)
    assert_refused(client.get(real.agree(location, "grace-sub")), client, NOT_BEGUN)


@pytest.mark.parametrize("code", ["", "forged"])
def test_code_that_the_provider_does_not_know(
    code: str, client: Browser, real: RealProvider
) -> None:
    state = query_of(begin(client))["state"]
    response = client.get("/authorize/google", query_string={"code": code, "state": state})
    assert_refused(response, client, CODE_REFUSED)


def test_code_of_another_sign_in_has_the_wrong_nonce(client: Browser, real: RealProvider) -> None:
    stolen = query_of(real.agree(begin(client), "grace-sub"))["code"]
    state = query_of(begin(client))["state"]
    response = client.get("/authorize/google", query_string={"code": stolen, "state": state})
    assert_refused(response, client, UNPROVEN)


FALSE_CLAIMS: dict[str, dict[str, Any]] = {
    "nonce of another": {"nonce": "another"},
    "empty nonce": {"nonce": ""},
    "issuer": {"iss": "https://accounts.google.com.evil.example"},
    "issuer as list": {"iss": ["a"]},
    "audience": {"aud": "another-client"},
    "audience with us as the asker": {"aud": "another-client", "azp": CLIENT_ID},
    "several audiences": {"aud": [CLIENT_ID, "another"], "azp": "another"},
    "expired": {"exp": int(time.time()) - 3600},
    "not yet": {"nbf": int(time.time()) + 3600},
    "times that are words": {"exp": "soon"},
    "of the future": {"iat": int(time.time()) + 3600},
}


@pytest.mark.parametrize("name", FALSE_CLAIMS)
def test_token_with_false_claims(name: str, client: Browser, evil: EvilProvider) -> None:
    evil.claims = FALSE_CLAIMS[name]
    assert_refused(client.get(evil.agree(begin(client))), client, UNPROVEN)


@pytest.mark.parametrize("name", ["nonce", "iss", "aud", "exp", "iat"])
def test_token_without_a_claim(name: str, client: Browser, evil: EvilProvider) -> None:
    evil.without = {name}
    assert_refused(client.get(evil.agree(begin(client))), client, UNPROVEN)


def test_token_without_sub(client: Browser, evil: EvilProvider) -> None:
    evil.without = {"sub"}
    assert_refused(client.get(evil.agree(begin(client))), client, UNPROVEN)


@pytest.mark.parametrize("sub", ["", "x" * 256])
def test_token_whose_sub_is_useless(sub: str, client: Browser, evil: EvilProvider) -> None:
    evil.claims = {"sub": sub}
    words = "does not say who you are"
    assert_refused(client.get(evil.agree(begin(client))), client, words)


@pytest.mark.parametrize("sub", [42, None, ["a"], True])
def test_token_whose_sub_is_no_text(sub: Any, client: Browser, evil: EvilProvider) -> None:
    evil.claims = {"sub": sub}
    response = client.get(evil.agree(begin(client)))
    assert_refused(response, client, "nobody was signed in")


def sign_with_another_key(evil: EvilProvider) -> None:
    evil.signing_key = evil.other_key


def sign_with_an_unknown_key(evil: EvilProvider) -> None:
    evil.signing_key, evil.header = evil.other_key, {"alg": "RS256", "kid": "two"}


def sign_with_nothing(evil: EvilProvider) -> None:
    evil.header = {"alg": "none", "kid": "one"}


def sign_with_the_public_key_as_a_secret(evil: EvilProvider) -> None:
    evil.header, evil.secret = {"alg": "HS256", "kid": "one"}, evil.key.as_pem(private=False)


def sign_with_the_client_secret(evil: EvilProvider) -> None:
    evil.header, evil.secret = {"alg": "HS256"}, CLIENT_SECRET.encode()


@pytest.mark.parametrize(
    "cheat",
    [
        sign_with_another_key,
        sign_with_an_unknown_key,
        sign_with_nothing,
        sign_with_the_public_key_as_a_secret,
        sign_with_the_client_secret,
    ],
)
def test_token_with_a_false_signature(
    cheat: Callable[[EvilProvider], None], client: Browser, evil: EvilProvider
) -> None:
    cheat(evil)
    assert_refused(client.get(evil.agree(begin(client))), client, UNPROVEN)


def test_after_a_false_signature_the_keys_are_read_again(
    client: Browser, evil: EvilProvider
) -> None:
    evil.signing_key = evil.other_key
    client.get(evil.agree(begin(client)))
    evil.key, evil.other_key = evil.other_key, evil.key
    evil.signing_key = evil.key
    assert client.get(evil.agree(begin(client))).location == "/"


GARBAGE: list[Any] = [
    Response("<html>", mimetype="text/html"),
    Response(b"\xff\xfe\0", mimetype="application/json"),
    Response("", status=204),
    as_json([]),
    as_json("id_token"),
    as_json(7),
    as_json(None),
    as_json({}),
    as_json({"id_token": 7}),
    as_json({"id_token": None, "access_token": "a", "token_type": "Bearer"}),
    as_json({"id_token": "a.b.c", "access_token": "a", "token_type": "Bearer"}),
    as_json({"access_token": "a", "token_type": "Bearer"}),
    as_json({"keys": "none"}),
    as_json({"keys": []}),
    as_json({"keys": [{"kty": "RSA"}]}),
    as_json({"error": "invalid_grant"}, 400),
    as_json({"error": {"a": []}}, 400),
    as_json({}, 500),
    Response("busy", status=503),
    Response("", status=302, headers={"Location": "http://127.0.0.1:1/elsewhere"}),
]


@pytest.mark.parametrize("reply", GARBAGE)
@pytest.mark.parametrize("path", ["/token", "/jwks"])
def test_any_answer_of_another_shape_is_refused_in_words(
    path: str, reply: Response, client: Browser, evil: EvilProvider
) -> None:
    back = evil.agree(begin(client))
    evil.replies = {path: reply}
    response = client.get(back)
    assert_refused(response, client, "lease")  # every sentence says what to do: "Please …"
    evil.replies = {}
    assert client.get(evil.agree(begin(client))).location == "/", "a later sign-in must work"


@pytest.mark.parametrize("reply", GARBAGE)
def test_any_discovery_of_another_shape_is_refused_in_words(
    reply: Response, client: Browser, evil: EvilProvider
) -> None:
    evil.replies = {"/discovery": reply}
    assert_refused(client.get("/login/google"), client, UNREACHABLE)
    evil.replies = {}
    assert client.get(evil.agree(begin(client))).location == "/", "a later sign-in must work"


@pytest.mark.parametrize("value", [None, 7, "", "javascript:alert(1)", "//evil.example", ["a"]])
@pytest.mark.parametrize("name", google_client.ENDPOINTS)
def test_discovery_with_an_unusable_address(
    name: str, value: Any, client: Browser, evil: EvilProvider
) -> None:
    evil.replies = {"/discovery": as_json({**evil.discovery_document(), name: value})}
    assert_refused(client.get("/login/google"), client, UNREACHABLE)


def test_redirects_of_the_provider_are_not_followed(client: Browser, evil: EvilProvider) -> None:
    elsewhere = Response("", status=307, headers={"Location": f"{evil.url}/elsewhere"})
    back = evil.agree(begin(client))
    evil.replies = {"/token": elsewhere, "/discovery": elsewhere, "/jwks": elsewhere}
    assert_refused(client.get(back), client, UNREACHABLE)
    assert "/elsewhere" not in evil.asked


def test_provider_that_is_away(client: Browser, configure: Callable[[str], None]) -> None:
    configure(f"http://127.0.0.1:{free_port()}/discovery")
    assert_refused(client.get("/login/google"), client, UNREACHABLE)


@pytest.mark.parametrize("when", ["begin", "end"])
def test_provider_that_is_slow_is_not_waited_for(
    when: str,
    client: Browser,
    evil: EvilProvider,
    configure: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(google_client, "TIMEOUT_SECONDS", 0.2)
    configure(evil.discovery)
    path = "/login/google" if when == "begin" else evil.agree(begin(client))
    evil.slow_seconds = 60.0
    before = time.monotonic()
    assert_refused(client.get(path), client, UNREACHABLE)
    assert time.monotonic() - before < 40


def test_every_call_to_the_provider_has_a_time_limit() -> None:
    assert google_client.TIMEOUT_SECONDS == 5
