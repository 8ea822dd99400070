"""`POST /api/token`: a quarter of an hour for a password, and the device row that keeps it going."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import select

from echo.extensions import db
from echo.models import ApiCall, Device, User
from echo.services.people import administration
from echo.services.sign_in import access_tokens, devices, password_login, secret_box, totp
from echo.services.turns import Turns
from tests.api.keys import shows
from tests.conftest import PASSWORD, superior, switch
from tests.waiting import until
from tests.web.browser import Browser
from tests.web.conftest import csrf_on, limits_on

__all__ = ["csrf_on", "limits_on"]

ADA = {"username": "ada", "password": PASSWORD}
HI = {"messages": [{"role": "user", "content": "Hi"}]}


def sign_in(client: Browser, **changes: Any) -> Any:
    return client.post("/api/token", json={**ADA, **changes})


@pytest.fixture
def tokens(client: Browser, ada: User) -> dict[str, Any]:
    return dict(sign_in(client).get_json())


def opens(client: Browser, token: str) -> int:
    return client.get("/quota", headers=shows(token)).status_code


def device() -> Device:
    db.session.expire_all()
    return db.session.scalars(select(Device)).one()


def refused(answer: Any) -> tuple[int, str, str | None]:
    said = answer.get_json()
    assert said["status"] == "error"
    assert said["message"]
    return answer.status_code, said["code"], said["field"]


# ── signing in ──────────────────────────────────────────────────────────────────────────────


def test_a_password_gives_a_token_for_a_quarter_of_an_hour(client: Browser, ada: User) -> None:
    answer = client.post("/api/token", json=ADA, headers={"User-Agent": "report/1.0"})
    said = answer.get_json()
    assert (answer.status_code, said["token_type"], said["expires_in"]) == (200, "bearer", 900)
    assert set(said) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert answer.headers.getlist("Set-Cookie") == []
    assert answer.headers["Cache-Control"] == "no-store"
    assert opens(client, said["access_token"]) == 200
    row = device()
    assert (row.user_id, row.method, row.user_agent) == (ada.id, devices.PROGRAM, "report/1.0")
    assert said["refresh_token"] not in (row.token_hash, access_tokens.REFRESH_PREFIX)


def test_an_address_signs_in_too(client: Browser, ada: User) -> None:
    assert sign_in(client, username="ADA@example.org").status_code == 200


def test_what_a_token_opens_is_all_that_the_person_may(
    client: Browser, tokens: dict[str, Any]
) -> None:
    token = shows(tokens["access_token"])
    assert client.get("/v1/models", headers=token).status_code == 200
    assert client.post("/chat", json={"prompt": "Hi"}, headers=token).status_code == 200
    assert (
        client.get("/profile", headers={**token, "X-Requested-With": "XMLHttpRequest"}).status_code
        == 401
    )
    assert client.post("/v1/chat/completions", json=HI, headers=token).status_code == 200
    call = db.session.scalars(select(ApiCall)).one()
    assert (call.key_id, call.status) == (None, "complete")


def test_it_is_listed_among_the_persons_devices(
    app: Flask, client: Browser, ada: User, login: Callable[..., str], tokens: dict[str, Any]
) -> None:
    login(client, ada)
    page = client.get("/profile/devices").text
    assert "a password, as a program" in page


WRONG = [
    ({"password": "wrong"}, 401, "username"),
    ({"username": "nobody"}, 401, "username"),
    ({"username": ""}, 400, "username"),
    ({"username": " "}, 401, "username"),
    ({"username": "a" * 2000}, 400, "username"),
    ({"username": "a\0b"}, 400, "username"),
    ({"username": 7}, 400, "username"),
    ({"username": None}, 400, "username"),
    ({"password": ["x"]}, 400, "password"),
    ({"password": ""}, 400, "password"),
    ({"remember": True}, 400, "remember"),
]


def test_wrong_sign_ins(client: Browser, ada: User) -> None:
    for changes, status, field in WRONG:
        answer = sign_in(client, **changes)
        code = "wrong_credentials" if status == 401 else "bad_payload"
        assert refused(answer) == (status, code, field)
        assert db.session.scalars(select(Device)).all() == []


NO_OBJECTS = [
        b"", b"{", b"[]", b"null", b"7", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"username": NaN}',
        b'{"username": ' + b"9" * 5000 + b"}", b'{"username": "\\ud800", "password": "x"}',
    ]  # fmt: skip


def test_what_is_no_object_of_texts(client: Browser, ada: User) -> None:
    for body in NO_OBJECTS:
        answer = client.post("/api/token", data=body, content_type="application/json")
        assert refused(answer)[:2] == (400, "bad_payload")


def test_a_name_that_stands_twice_is_refused(client: Browser, ada: User) -> None:
    body = f'"username": "ada", "password": "wrong", "password": "{PASSWORD}"'
    assert refused(client.post("/api/token", data="{" + body + "}")) == (
        400,
        "bad_payload",
        "password",
    )


def test_a_body_that_is_too_large(client: Browser) -> None:
    assert refused(sign_in(client, username="x" * 3_000_000))[:2] == (413, "too_large")


def test_a_second_factor_is_not_passed_by(client: Browser, ada: User) -> None:
    totp.keep(ada, totp.new_secret(), 0)
    assert refused(sign_in(client)) == (403, "second_factor_needed", None)
    assert refused(sign_in(client, password="wrong"))[1] == "wrong_credentials"
    assert db.session.scalars(select(Device)).all() == []


def test_wrong_passwords_are_slowed_down_as_on_the_page(client: Browser, ada: User) -> None:
    for _ in range(5):
        assert refused(sign_in(client, password="wrong"))[0] == 401
    answer = sign_in(client)
    assert refused(answer) == (429, "rate_limited", "username")
    assert int(answer.headers["Retry-After"]) > 1
    page = client.ajax("/login", {"credentials": "ada", "password": PASSWORD})
    assert page.status_code == 429


def test_tries_are_counted_with_those_of_the_page(
    client: Browser, ada: User, limits_on: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(password_login, "LOGIN_PER_ACCOUNT", "1/15 minutes")
    assert client.ajax("/login", {"credentials": "ada", "password": PASSWORD}).status_code == 200
    assert refused(sign_in(client)) == (429, "rate_limited", "username")


def test_no_page_is_needed_to_sign_in(client: Browser, ada: User, csrf_on: None) -> None:
    said = sign_in(client).get_json()
    answer = client.post("/api/token/refresh", json={"refresh_token": said["refresh_token"]})
    assert answer.status_code == 200


# ── what a token is worth ───────────────────────────────────────────────────────────────────


def claims_of(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))


def forged(algorithm: str, key: bytes, **claims: Any) -> str:
    return jwt.encode({"alg": algorithm}, claims, OctKey.import_key(key), algorithms=[algorithm])


def test_forged_tokens_open_nothing(app: Flask, client: Browser, tokens: dict[str, Any]) -> None:
    token, right = tokens["access_token"], claims_of(tokens["access_token"])
    head, body, signature = token.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    key = secret_box.derived_key("access token")
    other = base64.urlsafe_b64encode(json.dumps({**right, "sub": "1"}).encode()).decode()
    wrong = [
        f"{head}.{body}.", f"{none}.{body}.", f"{none}.{body}.{signature}", f"{head}.{body}", "..",
        f"{head}.{other.rstrip('=')}.{signature}", f"{token}x", "x" * 10_000, "eyJ.eyJ.x", "é.é.é",
        forged("HS256", b"k" * 32, **right),
        forged("HS512", key + key, **right),
        forged("HS256", key, **{**right, "iss": "another"}),
        forged("HS256", key, **{**right, "sub": str(right["sub"]) + "1"}),
        forged("HS256", key, **{**right, "sid": "nothing"}),
        forged("HS256", key, **{**right, "exp": 1}),
        forged("HS256", key, sub=right["sub"], sid=right["sid"], iss="echo"),
        tokens["refresh_token"],
    ]  # fmt: skip
    assert [opens(client, each) for each in wrong] == [401] * len(wrong)
    assert opens(client, forged("HS256", key, **right)) == 200


def test_a_token_ends_after_fifteen_minutes(
    client: Browser, tokens: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = access_tokens.utc_now()
    for minutes, expected in ((14, 200), (16, 401)):
        later = now + timedelta(minutes=minutes)
        monkeypatch.setattr(access_tokens, "utc_now", lambda later=later: later)
        assert opens(client, tokens["access_token"]) == expected


ENDINGS: dict[str, Callable[[User], object]] = {
    "revoked": lambda user: devices.revoke(device()),
    "signed out everywhere": lambda user: administration.sign_out(superior(), user.id),
    "switched off": lambda user: switch(user, False),
    "a new password": lambda user: password_login.store_password(user, "hash"),
    "too old": lambda user: expire(device()),
}


def expire(row: Device) -> None:
    row.expires_at = row.created_at
    db.session.commit()


@pytest.mark.parametrize("how", ENDINGS)
def test_what_ends_a_session_ends_its_tokens(
    how: str, client: Browser, ada: User, tokens: dict[str, Any]
) -> None:
    ENDINGS[how](db.session.get_one(User, ada.id))
    answer = client.get("/quota", headers=shows(tokens["access_token"]))
    assert refused(answer) == (401, "signed_out", None)
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    again = client.post("/api/token/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert refused(again) == (401, "signed_out", "refresh_token")


def test_what_is_being_written_for_a_token_stops_with_it(
    client: Browser, ada: User, tokens: dict[str, Any]
) -> None:
    body = {"messages": [{"role": "user", "content": "slow"}], "stream": True}
    stream = client.post("/v1/chat/completions", json=body, headers=shows(tokens["access_token"]))
    assert stream.status_code == 200
    devices.revoke(device())
    until(lambda: not Turns.here().calls.live, "the call has ended")
    assert "has ended" in stream.text


def test_a_refresh_token_gives_the_next_token(client: Browser, tokens: dict[str, Any]) -> None:
    body = {"refresh_token": tokens["refresh_token"]}
    said = client.post("/api/token/refresh", json=body).get_json()
    assert said["refresh_token"] == tokens["refresh_token"]
    assert opens(client, said["access_token"]) == 200


def test_only_programs_tokens_refresh(
    client: Browser, ada: User, login: Callable[..., str], tokens: dict[str, Any]
) -> None:
    browsers = access_tokens.REFRESH_PREFIX + login(client, ada)
    bare = tokens["refresh_token"].removeprefix(access_tokens.REFRESH_PREFIX)
    for wrong in (browsers, bare, tokens["access_token"], "x"):
        answer = client.post("/api/token/refresh", json={"refresh_token": wrong})
        assert refused(answer) == (401, "signed_out", "refresh_token")


def test_a_token_in_an_address_is_refused(client: Browser, tokens: dict[str, Any]) -> None:
    for name in ("access_token", "refresh_token"):
        for path in (
            f"/quota?token={tokens[name]}",
            f"/help/{tokens[name]}",
            f"/?{tokens[name]}=1",
        ):
            assert client.get(path, headers={"Accept": "application/json"}).status_code == 400
