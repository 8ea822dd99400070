"""Passkeys against an authenticator in software: what signs in, and every answer that must be refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from echo.extensions import db
from echo.limits import PASSKEYS_MAX
from echo.models import Device, Passkey, User
from echo.services.sign_in import passkey_challenges, passkeys, second_factor, totp
from tests.conftest import PASSWORD
from tests.web.authenticator import Authenticator, text
from tests.web.browser import AJAX, Browser


def post(browser: Browser, path: str, **body: Any) -> Any:
    return browser.post(path, json=body, headers=AJAX)


def options(browser: Browser, purpose: str = "sign_in") -> Any:
    return post(browser, "/login/passkey/options", purpose=purpose).get_json()["options"]


def register(browser: Browser, key: Authenticator, name: str = "", **wrong: Any) -> Any:
    asked = post(browser, "/passkeys/options").get_json()["options"]
    return post(browser, "/passkeys", name=name, credential=key.create(asked, **wrong))


def sign_in(
    browser: Browser, key: Authenticator, path: str = "/login/passkey", **wrong: Any
) -> Any:
    return post(browser, path, credential=key.get(options(browser), **wrong))


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/profile/security").status_code == 200


@pytest.fixture
def key(ada_browser: Browser) -> Authenticator:
    """Ada's authenticator, registered."""
    made = Authenticator()
    assert register(ada_browser, made, "My key").status_code == 200
    return made


def test_registering_brings_a_passkey_and_recovery_codes(
    ada: User, ada_browser: Browser, fresh: Callable[[], None]
) -> None:
    key = Authenticator()
    asked = post(ada_browser, "/passkeys/options").get_json()["options"]
    assert asked["rp"] == {"name": "Echo", "id": "localhost"}
    assert asked["attestation"] == "none"
    selection = asked["authenticatorSelection"]
    assert (selection["residentKey"], selection["userVerification"]) == ("preferred", "required")
    assert "example.org" not in str(asked)
    answer = post(ada_browser, "/passkeys", name=" My phone ", credential=key.create(asked))
    assert answer.get_json()["url"].startswith("/profile/security?codes=")
    assert second_factor.state(ada) == (False, 1, 10)
    page = ada_browser.get(answer.get_json()["url"]).text
    assert "My phone" in page
    assert "Keep these recovery codes" in page
    asked = post(ada_browser, "/passkeys/options").get_json()["options"]
    assert [one["id"] for one in asked["excludeCredentials"]] == [text(key.credential_id)]
    again = register(ada_browser, Authenticator())
    assert "codes=" not in again.get_json()["url"]  # those from before still work
    assert [one.name for one in passkeys.own(ada.id)] == ["My phone", "Passkey 2"]


def test_signing_in_needs_no_name_no_password_and_no_code(
    client: Browser, key: Authenticator, ada: User
) -> None:
    assert "allowCredentials" not in options(client) or options(client)["allowCredentials"] == []
    answer = sign_in(client, key, "/login/passkey?next=/profile/devices")
    assert answer.get_json() == {"status": "redirect", "url": "/profile/devices"}
    assert is_signed_in(client)
    methods = db.session.scalars(select(Device.method)).all()
    assert "passkey" in methods
    row = passkeys.own(ada.id)[0]
    assert (row.sign_count, row.last_used_at is not None) == (1, True)


def test_the_session_is_new_and_remembered_on_request(client: Browser, key: Authenticator) -> None:
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
    answer = post(client, "/login/passkey", credential=key.get(options(client)), remember=True)
    assert "Expires" in answer.headers["Set-Cookie"]
    with client.session_transaction() as session:
        assert "planted" not in session


WRONG = [
    {"origin": "https://evil.example"},
    {"origin": "http://localhost:8000"},
    {"rp_id": "evil.example"},
    {"unverified": True},
    {"challenge": "AAAA"},
    {"kind": "webauthn.create"},
    {"count": 0},
    {"user_handle": b"somebody else"},
    {"user_handle": b""},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_wrong_answer_signs_nobody_in(
    wrong: dict[str, Any], client: Browser, key: Authenticator, ada: User
) -> None:
    key.count = 5
    assert sign_in(client, key).status_code == 200  # so that the counter stands at 6
    client.post("/logout")
    answer = sign_in(client, key, **wrong)
    assert answer.status_code == 401
    assert answer.get_json()["message"] == passkeys.UNKNOWN
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "wrong",
    [{"origin": "https://evil.example"}, {"unverified": True}, {"challenge": "AAAA"}],
    ids=str,
)
def test_a_wrong_answer_registers_nothing(wrong: dict[str, Any], ada_browser: Browser) -> None:
    assert register(ada_browser, Authenticator(), **wrong).status_code == 400
    assert db.session.scalar(select(func.count()).select_from(Passkey)) == 0


def test_an_answer_is_taken_once(client: Browser, key: Authenticator) -> None:
    answer = key.get(options(client))
    assert post(client, "/login/passkey", credential=answer).status_code == 200
    cookie = client.get_cookie("echo_session")
    assert cookie
    client.post("/logout")
    for _ in range(2):
        assert post(client, "/login/passkey", credential=answer).status_code == 400
        options(client)  # a new challenge does not fit the old answer
        assert post(client, "/login/passkey", credential=answer).status_code == 401
    assert not is_signed_in(client)


def test_the_cookie_of_the_challenge_does_not_bring_it_back(
    app: Flask, client: Browser, key: Authenticator
) -> None:
    answer = key.get(options(client))
    cookie = client.get_cookie("echo_session")
    assert cookie
    assert post(client, "/login/passkey", credential=answer).status_code == 200
    thief = Browser(app, app.response_class, True)
    thief.set_cookie("echo_session", cookie.value)
    assert post(thief, "/login/passkey", credential=answer).status_code == 400
    assert not is_signed_in(thief)


def test_a_refused_answer_uses_the_challenge_up_too(client: Browser, key: Authenticator) -> None:
    asked = options(client)
    assert (
        post(client, "/login/passkey", credential=key.get(asked, unverified=True)).status_code
        == 401
    )
    assert post(client, "/login/passkey", credential=key.get(asked)).status_code == 400


def test_a_challenge_waits_five_minutes(
    client: Browser, key: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = options(client)
    later = time.time() + 301
    monkeypatch.setattr("cachelib.simple.time", lambda: later)
    answer = post(client, "/login/passkey", credential=key.get(asked))
    assert (answer.status_code, answer.get_json()["message"]) == (400, passkey_challenges.STALE)


def test_inactive_and_unknown_get_the_same_words(
    client: Browser, key: Authenticator, ada: User
) -> None:
    ada.active = False
    db.session.commit()
    answers = [sign_in(client, key), sign_in(client, Authenticator())]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1


def test_zero_counters_of_synchronised_passkeys_are_fine(
    client: Browser, key: Authenticator
) -> None:
    for _ in range(2):
        assert sign_in(client, key, count=0).status_code == 200
        client.post("/logout")


def test_a_passkey_makes_the_password_alone_too_little(
    client: Browser, key: Authenticator, ada: User, form_time: Callable[[], str]
) -> None:
    data = {"credentials": "ada", "password": PASSWORD, "website": "", "opened_at": form_time()}
    answer = client.ajax("/login?next=/profile/devices", data)
    assert answer.get_json()["url"] == "/login/second"
    assert 'data-passkey="second"' in client.get("/login/second").text
    asked = options(client, "second")
    assert [one["id"] for one in asked["allowCredentials"]] == [text(key.credential_id)]
    crossed = post(client, "/login/passkey", purpose="sign_in", credential=key.get(asked))
    assert crossed.status_code == 400  # an answer to one question is none to another
    asked = options(client, "second")
    answer = post(client, "/login/passkey", purpose="second", credential=key.get(asked))
    assert answer.get_json() == {"status": "redirect", "url": "/profile/devices"}
    assert is_signed_in(client)


def test_a_passkey_of_another_account_is_no_second_step(
    client: Browser,
    key: Authenticator,
    make_user: Callable[..., User],
    form_time: Callable[[], str],
) -> None:
    bob = make_user("bob")
    totp.keep(bob, totp.new_secret(), 0)
    data = {"credentials": "bob", "password": PASSWORD, "website": "", "opened_at": form_time()}
    client.ajax("/login", data)
    asked = options(client, "second")
    answer = post(client, "/login/passkey", purpose="second", credential=key.get(asked))
    assert answer.status_code == 401
    assert not is_signed_in(client)


def test_a_passkey_alone_confirms(ada: User, ada_browser: Browser, key: Authenticator) -> None:
    device = db.session.scalars(select(Device)).one()
    device.confirmed_at = None
    db.session.commit()
    assert "/confirm" in post(ada_browser, "/passkeys/options").text
    asked = options(ada_browser, "confirm")
    path = "/login/passkey?next=/profile/security"
    answer = post(ada_browser, path, purpose="confirm", credential=key.get(asked))
    assert answer.get_json() == {"status": "redirect", "url": "/profile/security"}
    assert post(ada_browser, "/passkeys/options").get_json()["status"] == "ok"
    assert len(db.session.scalars(select(Device)).all()) == 1


@pytest.mark.parametrize(
    ("purpose", "status"),
    [("second", 401), ("confirm", 401), ("register", 400), ("x", 400), (7, 400)],
)
def test_visitors_are_asked_for_nothing_but_a_sign_in(
    purpose: Any, status: int, client: Browser
) -> None:
    answer = post(client, "/login/passkey/options", purpose=purpose)
    assert answer.status_code == status


def test_rename_and_remove_are_the_owners(
    ada: User,
    ada_browser: Browser,
    key: Authenticator,
    make_user: Callable[..., User],
    signed_in: Callable[[User], Browser],
    fresh: Callable[[], None],
) -> None:
    path = f"/passkeys/{passkeys.own(ada.id)[0].id}"
    bob = signed_in(make_user("bob"))
    for act in ("rename", "remove"):
        assert bob.ajax(f"{path}/{act}", {"name": "Mine"}).status_code == 404
    answer = ada_browser.ajax(f"{path}/rename", {"name": "  Blue <key> "})
    assert answer.get_json()["status"] == "ok"
    assert "Blue &lt;key&gt;" in ada_browser.get("/profile/security").text
    for name in ("", "x" * 61):
        assert ada_browser.ajax(f"{path}/rename", {"name": name}).status_code == 400
    answer = ada_browser.ajax(f"{path}/remove")
    assert answer.get_json()["url"] == "/profile/security"
    fresh()
    assert second_factor.state(ada) == (False, 0, 0)
    assert ada_browser.ajax(f"{path}/remove").status_code == 404


def test_a_removed_passkey_opens_nothing(
    client: Browser, ada: User, ada_browser: Browser, key: Authenticator
) -> None:
    ada_browser.ajax(f"/passkeys/{passkeys.own(ada.id)[0].id}/remove")
    assert sign_in(client, key).status_code == 401


def test_the_same_credential_is_registered_once(
    ada_browser: Browser,
    key: Authenticator,
    make_user: Callable[..., User],
    signed_in: Callable[[User], Browser],
) -> None:
    assert register(ada_browser, key).status_code == 409
    assert register(signed_in(make_user("bob")), key).status_code == 409


def test_an_account_has_so_many_and_no_more(ada: User, ada_browser: Browser) -> None:
    for number in range(PASSKEYS_MAX):
        db.session.add(Passkey(user_id=ada.id, credential_id=f"c{number}", public_key=b"x"))
    db.session.commit()
    assert post(ada_browser, "/passkeys/options").status_code == 400


def test_the_public_address_decides_where_passkeys_belong(
    app: Flask, client: Browser, key: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = app.extensions["settings"]
    monkeypatch.setattr(settings, "public_url", "https://chat.example.org:443")
    asked = options(client)
    assert asked["rpId"] == "chat.example.org"
    answer = post(client, "/login/passkey", credential=key.get(asked))
    assert answer.status_code == 401  # it was answered at http://localhost
    key.origin = "https://chat.example.org"
    assert sign_in(client, key).status_code == 200


def twisted(answer: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    made = {**answer, "response": dict(answer["response"])}
    place = made
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return made


NONSENSE: list[Any] = [None, "", "\ud800", "\0", "é", "=", "A", 7, [], {}, "A" * 5000, "oA", "v_8"]
FIELDS = [("id",), ("rawId",), ("type",), ("response",)]
FIELDS += [
    ("response", name)
    for name in (
        "clientDataJSON",
        "authenticatorData",
        "signature",
        "userHandle",
        "attestationObject",
    )
]


@pytest.mark.parametrize("path", FIELDS, ids=".".join)
def test_nonsense_is_refused_and_never_a_failure_of_the_server(
    path: tuple[str, ...], client: Browser, ada_browser: Browser, key: Authenticator
) -> None:
    for value in NONSENSE:
        if path[-1] != "attestationObject" and not (
            path == ("response", "userHandle") and value is None
        ):
            answer = twisted(key.get(options(client)), path, value)
            status = post(client, "/login/passkey", credential=answer).status_code
            assert status in (400, 401), (path, value)
        asked = post(ada_browser, "/passkeys/options").get_json()["options"]
        if path[-1] not in ("authenticatorData", "signature", "userHandle"):
            answer = twisted(Authenticator().create(asked), path, value)
            status = post(ada_browser, "/passkeys", credential=answer).status_code
            assert status == 400, (path, value)


@pytest.mark.parametrize("body", [None, [], "text", 7, {"credential": []}, {"credential": "{}"}])
def test_a_body_that_is_none_is_refused(body: Any, client: Browser, ada_browser: Browser) -> None:
    options(client)
    assert client.post("/login/passkey", json=body, headers=AJAX).status_code in (400, 401)
    post(ada_browser, "/passkeys/options")
    assert ada_browser.post("/passkeys", json=body, headers=AJAX).status_code == 400
    assert client.post("/login/passkey", data=b"{", headers=AJAX).status_code == 400


def test_requests_need_the_token_against_forgery(
    csrf_on: None, client: Browser, ada_browser: Browser
) -> None:
    for browser, path in (
        (client, "/login/passkey/options"),
        (client, "/login/passkey"),
        (ada_browser, "/passkeys/options"),
        (ada_browser, "/passkeys"),
    ):
        answer = post(browser, path, purpose="sign_in")
        assert (answer.status_code, "reload it" in answer.get_json()["message"]) == (400, True)
