"""Every route × every kind of key: a key opens what its scopes say, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from echo import policies
from echo.api.description import document
from echo.extensions import db
from echo.models import RoleName, User
from echo.policies import Right
from echo.scopes import KEY_SCOPES, Scope
from echo.services.sign_in import access_tokens, api_keys, devices
from tests.api.keys import key_of, shows
from tests.conftest import switch
from tests.live.server import ROOT
from tests.security.test_matrix import WRITES, ask, rules
from tests.security.world import SECRET, World, build, changes, snapshot
from tests.web.browser import AJAX, Browser

DONE = {201, 204}
WORKING: dict[str, tuple[Scope, ...]] = {
    "chat": (Scope.CHAT,),
    "read": (Scope.READ,),
    "admin": (Scope.ADMIN,),
    "all": tuple(Scope),
    "token": tuple(Scope),
}
REFUSED_ALL_THE_SAME = {  # whatever opens them
    "api_users.remove": 400,  # nobody's name is typed
    "api_conversations.restore": 404,  # nothing was deleted
    "api_folders.restore": 404,
    "api_personas.restore": 404,
    "api_documents.restore": 404,
    "api_collections.restore": 404,
    "v1.embeddings": 404,  # no model is there that embeds
    "v1.transcriptions": 404,  # nor one that listens
    "v1.speech": 404,  # nor a voice
}
DEAD = ("revoked", "expired", "deactivated", "unknown", "empty", "ended token", "old token")
NOTED = ("api_calls", "api_keys", "users")  # when a key was last used, what an answer took
ANOTHERS = {"v1_responses.create": 400}  # told as what is wrong with the body; else it is not found


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app, app.response_class, True)


def asked_with(
    shown: str, browser: Browser, app: Flask, things: World
) -> dict[tuple[str, str], Any]:
    """Return what every route that keys open answers."""
    return {
        (rule.endpoint, method): ask(
            browser, app, things, rule, method, headers={**AJAX, **shows(shown)}
        )
        for rule, method in rules(app)
        if rule.endpoint in KEY_SCOPES
    }


@pytest.mark.parametrize("kind", WORKING)
def test_a_key_opens_what_its_scopes_say(
    kind: str, app: Flask, things: World, owner: User, browser: Browser, csrf_on: None
) -> None:
    owner.role = db.session.query(type(owner.role)).filter_by(name=RoleName.SUPER_ADMIN).one()
    db.session.commit()
    shown = token_of(owner) if kind == "token" else key_of(owner, *WORKING[kind])
    for rule, method in rules(app):
        right, wanted = policies.ROUTES[rule.endpoint], KEY_SCOPES.get(rule.endpoint)
        if right in (Right.ANYONE, Right.MACHINE):
            continue
        world = (
            build(owner) if wanted and method in WRITES else things
        )  # acts delete what they name
        answer = ask(browser, app, world, rule, method, headers={**AJAX, **shows(shown)})
        expected = {REFUSED_ALL_THE_SAME.get(rule.endpoint, 200), *DONE}
        if wanted is None:
            expected = {400, 401}  # 400: a write without its page's token
        elif wanted.isdisjoint(WORKING[kind]):
            expected = {403}
        assert answer.status_code in expected, f"{method} {rule.endpoint}: {answer.status_code}"
        if expected.isdisjoint(DONE):
            assert SECRET not in answer.text, rule.endpoint


def token_of(owner: User) -> str:
    """Return a token of a program's session; the owner's second factor does not matter here."""
    method = devices.PROGRAM
    token = devices.sign_in(owner, address="", user_agent="", remember=True, method=method)
    return access_tokens.refresh(access_tokens.REFRESH_PREFIX + token).access


@pytest.mark.parametrize("kind", DEAD)
def test_a_key_that_does_not_work_opens_nothing(
    kind: str, app: Flask, things: World, owner: User, browser: Browser, login: Any, csrf_on: None
) -> None:
    """Not even with the cookie of somebody who might: what is shown decides."""
    key = dead_key(kind, owner)
    if kind != "deactivated":
        login(browser, owner)
    before = snapshot("devices")
    answers = asked_with(key, browser, app, things)
    for endpoint in KEY_SCOPES:
        found = [answer for (name, _), answer in answers.items() if name == endpoint]
        assert found, endpoint
        for answer in found:
            assert answer.status_code == 401, endpoint
            assert SECRET not in answer.text, endpoint
    assert set(changes(before, snapshot("devices"))) <= {"audit_events"}


def dead_key(kind: str, owner: User) -> str:
    if kind.endswith("token"):
        return dead_token(kind, owner)
    if kind in ("unknown", "empty"):
        return "" if kind == "empty" else api_keys.PREFIX + "x" * 40
    key = key_of(owner, *Scope)
    row = api_keys.find(key)
    assert row is not None
    if kind == "revoked":
        api_keys.revoke(row)
    if kind == "expired":
        row.expires_at = row.created_at
        db.session.commit()
    if kind == "deactivated":
        switch(owner, False)
    return key


def dead_token(kind: str, owner: User) -> str:
    token = token_of(owner)
    row = access_tokens.find(token)
    assert row is not None
    if kind == "ended token":
        devices.revoke(row)
    else:
        row.expires_at = row.created_at
        db.session.commit()
    return token


def test_a_key_finds_nothing_of_somebody_else(
    app: Flask, things: World, make_user: Callable[..., User], browser: Browser
) -> None:
    key = key_of(make_user("boss", role=RoleName.SUPER_ADMIN), *Scope)
    before = snapshot(*NOTED)
    for rule, method in rules(app):
        own = policies.ROUTES[rule.endpoint] in (Right.OWNER, Right.MEMBER, Right.KEY)
        if own and things.names_a_thing(rule) and rule.endpoint in KEY_SCOPES:
            answer = ask(browser, app, things, rule, method, headers=shows(key))
            assert answer.status_code == ANOTHERS.get(rule.endpoint, 404), rule.endpoint
            assert SECRET not in answer.text
    assert changes(before, snapshot(*NOTED)) == {}


def test_a_key_signs_nobody_in(app: Flask, things: World, owner: User, browser: Browser) -> None:
    key = key_of(owner, *Scope)
    answer = browser.post("/chat", json={"prompt": "Hi"}, headers=shows(key))
    assert (answer.status_code, answer.headers.getlist("Set-Cookie")) == (200, [])
    assert browser.get("/profile", headers=AJAX).status_code == 401
    assert "Sign in" in browser.get("/", headers=shows(key)).text


def test_a_passing_proxys_own_header_leaves_the_cookie_its_right(
    owner: User, browser: Browser, login: Any
) -> None:
    login(browser, owner)
    for scheme in ("Basic YTpi", "Digest x"):
        answer = browser.get("/quota", headers={"Authorization": scheme})
        assert answer.status_code == 200


def test_every_route_for_keys_exists_and_says_which_scopes_open_it() -> None:
    assert set(KEY_SCOPES) <= set(policies.ROUTES)
    for_keys = {endpoint for endpoint, right in policies.ROUTES.items() if right is Right.KEY}
    assert for_keys <= set(KEY_SCOPES)


def test_what_each_scope_opens_is_documented(app: Flask) -> None:
    text = (ROOT / "docs" / "api.md").read_text()
    named = {
        scope: set(re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) [^`]+)`", cells))
        for scope, cells in re.findall(r"(?m)^\| `(chat|read|admin)` \| (.+) \|$", text)
    }
    real: dict[str, set[str]] = {scope: set() for scope in Scope}
    for rule in app.url_map.iter_rules():
        for scope in KEY_SCOPES.get(rule.endpoint, ()):
            path = document.path_of(rule)
            methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            real[scope].update(f"{method} {path}" for method in methods)
    assert named == real
