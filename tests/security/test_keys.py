"""Every route × every kind of key: a key opens what its scopes say, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from echo import policies
from echo.extensions import db
from echo.models import RoleName, User
from echo.policies import KEY_SCOPES, Right, Scope
from echo.services.sign_in import api_keys
from tests.api.keys import key_of, shows
from tests.conftest import switch
from tests.live.server import ROOT
from tests.security.test_matrix import ask, rules
from tests.security.world import SECRET, World, changes, snapshot
from tests.web.browser import AJAX, Browser

WORKING: dict[str, tuple[Scope, ...]] = {
    "chat": (Scope.CHAT,),
    "read": (Scope.READ,),
    "admin": (Scope.ADMIN,),
    "all": tuple(Scope),
}
DEAD = ("revoked", "expired", "deactivated", "unknown", "empty")
NOTED = ("api_calls", "api_keys", "users")  # when a key was last used, what an answer took
NOT_INSTALLED = {"v1.embeddings": 404}  # where no model is that embeds
ANOTHERS = {"v1_responses.create": 400}  # told as what is wrong with the body; else it is not found


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app, app.response_class, True)


def asked_with(
    key: str, browser: Browser, app: Flask, things: World, **headers: str
) -> dict[tuple[str, str], Any]:
    """Return what every route that is not for visitors answers to a key."""
    return {
        (rule.endpoint, method): ask(
            browser, app, things, rule, method, headers={**AJAX, **shows(key), **headers}
        )
        for rule, method in rules(app)
        if policies.ROUTES[rule.endpoint] not in (Right.ANYONE, Right.MACHINE)
    }


@pytest.mark.parametrize("kind", WORKING)
def test_a_key_opens_what_its_scopes_say(
    kind: str, app: Flask, things: World, owner: User, browser: Browser, csrf_on: None
) -> None:
    owner.role = db.session.query(type(owner.role)).filter_by(name=RoleName.SUPER_ADMIN).one()
    db.session.commit()
    key = key_of(owner, *WORKING[kind])
    for (endpoint, method), answer in asked_with(key, browser, app, things).items():
        wanted = KEY_SCOPES.get(endpoint)
        if wanted is None:
            expected = {400, 401}  # 400: a write without its page's token
        elif wanted.isdisjoint(WORKING[kind]):
            expected = {403}
        else:
            expected = {NOT_INSTALLED.get(endpoint, 200)}
        assert answer.status_code in expected, f"{method} {endpoint}: {answer.status_code}"
        if answer.status_code != 200:
            assert SECRET not in answer.text, endpoint


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


def test_a_key_finds_nothing_of_somebody_else(
    app: Flask, things: World, make_user: Callable[..., User], browser: Browser
) -> None:
    key = key_of(make_user("boss", role=RoleName.SUPER_ADMIN), *Scope)
    before = snapshot(*NOTED)
    naming = {rule.endpoint for rule in app.url_map.iter_rules() if things.names_a_thing(rule)}
    for (endpoint, _), answer in asked_with(key, browser, app, things).items():
        if endpoint in naming and endpoint in KEY_SCOPES:
            assert answer.status_code == ANOTHERS.get(endpoint, 404), endpoint
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
        scope: set(re.findall(r"`((?:GET|POST|DELETE) [^`]+)`", cells))
        for scope, cells in re.findall(r"(?m)^\| `(chat|read|admin)` \| (.+) \|$", text)
    }
    real: dict[str, set[str]] = {scope: set() for scope in Scope}
    for rule in app.url_map.iter_rules():
        for scope in KEY_SCOPES.get(rule.endpoint, ()):
            path = re.sub(r"<(?:\w+:)?(?:\w+_)?(\w+)>", r"{\1}", rule.rule)
            methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            real[scope].update(f"{method} {path}" for method in methods)
    assert named == real
