"""Every route × every method × everybody, generated from the table of rights and the routes themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from flask import Blueprint, Flask
from werkzeug.routing import Rule

from echo import policies, scopes
from echo.extensions import db
from echo.models import RoleName
from echo.policies import Right
from echo.web.guard import GuardedFlask
from tests.security.conftest import PEOPLE, Somebody
from tests.security.world import SECRET, World, build, changes, snapshot
from tests.web.browser import AJAX, Browser

FLAVOURS: tuple[dict[str, str], ...] = ({}, AJAX)
ALL_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
READING = ("GET", "HEAD")
WRITES = ("POST", "PUT", "PATCH", "DELETE")
OWN_METHODS = (*READING, *WRITES)
MAY_BE_UNAVAILABLE = {"health.readyz", "health.healthz"}
WITHOUT_OTHERS = (Right.ANYONE, Right.MACHINE, Right.SIGNED_IN, Right.CHARTS)
NAMED = (Right.OWNER, Right.MEMBER)
CHECKS_A_PROOF = {  # a right form with a wrong password or code is answered with 401
    "account.login", "api_token.make", "api_token.refresh", "passkeys.sign_in",
    "second_factor.challenge", "second_factor.confirm",
}  # fmt: skip
LOOKS_ARE_NOTED_IN = "audit_events"
WRONG_PASSWORDS = "login_failures"
Becoming = Callable[[str], Somebody]


def rules(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Yield every rule with each of its methods, in a steady order."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.endpoint, rule.rule)):
        for method in OWN_METHODS:
            if method in (rule.methods or ()):
                yield rule, method


def in_worlds(
    asked: Iterable[tuple[Rule, str]], things: World, person: Somebody, login: Callable[..., str]
) -> Iterator[tuple[Rule, str, World]]:
    """Yield all that only looks, then acts: each with a session and things that it may end or delete."""
    for rule, method in sorted(asked, key=lambda each: each[1] in WRITES):
        yield rule, method, build(things.owner) if method in WRITES else things
        if method in WRITES and person.user is not None and person.role is not None:
            login(person.browser, person.user)


def ask(browser: Browser, app: Flask, world: World, rule: Rule, method: str, **how: Any) -> Any:
    body = world.body(rule.endpoint) if method in WRITES else {}
    path = world.path(app, rule)
    return browser.open(path, method=method, buffered=True, **body, **how)


def refusal(right: Right, person: Somebody) -> int | None:
    """Return the status with which this person is refused; None when they are let in."""
    if right in (Right.ANYONE, Right.MACHINE):  # the tests run on this machine
        return None
    if person.role is None or right is Right.KEY:  # everybody here comes with a cookie
        return 401
    if not policies.allows(person.role, right):
        return 403
    return 404 if right in NAMED and person.kind != "owner" else None


def problem(response: Any, expected: int, headers: dict[str, str]) -> str | None:
    """Return what is wrong with a refusal, if anything is."""
    for_programs = response.request.path.startswith(("/v1/", "/api/"))
    is_page = not (headers or for_programs) and response.request.content_type != "application/json"
    if expected == 401 and is_page:
        if response.status_code != 302 or not response.location.startswith("/login"):
            return f"{response.status_code} {response.location} instead of the login page"
    elif response.status_code != expected:
        return f"{response.status_code} instead of {expected}"
    if SECRET in response.text:
        return "shows the owner's words"
    if headers and response.request.method != "HEAD":
        said = response.get_json() if response.is_json else {}
        if said.get("status") != "error" and not (for_programs and "error" in said):
            return "does not refuse in JSON"
    return None


@pytest.mark.parametrize("kind", PEOPLE)
def test_who_must_not_is_refused_and_nothing_changes(
    kind: str, app: Flask, things: World, somebody: Becoming
) -> None:
    person = somebody(kind)
    before, wrong, asked = snapshot(), [], 0
    for rule, method in rules(app):
        expected = refusal(policies.ROUTES[rule.endpoint], person)
        if expected is None:
            continue
        if expected == 404 and not things.names_a_thing(rule):
            pytest.fail(f"{rule.endpoint} is its owner's alone, but the world names nothing for it")
        for headers in FLAVOURS:
            asked += 1
            response = ask(person.browser, app, things, rule, method, headers=headers)
            if text := problem(response, expected, headers):
                wrong.append(f"{method} {rule.rule} {headers}: {text}")
    assert wrong == []
    assert changes(before, snapshot()) == {}
    assert asked > 15 or kind in ("owner", "super_admin")


@pytest.mark.parametrize("kind", PEOPLE)
def test_who_may_is_let_in(
    kind: str, app: Flask, things: World, somebody: Becoming, login: Callable[..., str]
) -> None:
    person = somebody(kind)
    wrong = []
    let_in = [
        (rule, method)
        for rule, method in rules(app)
        if refusal(policies.ROUTES[rule.endpoint], person) is None
    ]
    for rule, method, world in in_worlds(let_in, things, person, login):
        right = policies.ROUTES[rule.endpoint]
        response = ask(person.browser, app, world, rule, method, headers=AJAX)
        status = response.status_code
        if status == 403 or (status == 401 and rule.endpoint not in CHECKS_A_PROOF):
            wrong.append(f"{method} {rule.rule}: {status}")
        elif right in NAMED and status == 404 and not rule.endpoint.endswith(".restore"):
            wrong.append(f"{method} {rule.rule}: the owner does not find it")
        elif status >= 500 and rule.endpoint not in MAY_BE_UNAVAILABLE:
            wrong.append(f"{method} {rule.rule}: {status}")
        elif right in WITHOUT_OTHERS and kind != "owner" and shows(response, SECRET):
            wrong.append(f"{method} {rule.rule}: shows another person's words")
    assert wrong == []


def shows(response: Any, words: str) -> bool:
    return words.encode() in response.data


def test_nobody_finds_another_persons_words_by_searching(things: World, somebody: Becoming) -> None:
    for kind in PEOPLE:
        found = shows(somebody(kind).browser.get("/conversations?q=walruses"), SECRET)
        assert found is (kind == "owner"), kind


def test_owner_restores_what_was_deleted(app: Flask, things: World, somebody: Becoming) -> None:
    """The one act that needs another before it."""
    browser, at = somebody("owner").browser, f"/conversations/{things.ids['conversation_id']}"
    assert browser.ajax(f"{at}/restore").status_code == 404
    assert browser.ajax(f"{at}/delete").status_code == 200
    assert somebody("stranger").browser.ajax(f"{at}/restore").status_code == 404
    assert browser.ajax(f"{at}/restore").status_code == 200


def test_switched_off_account_is_out_even_with_a_device_that_lives(
    app: Flask, things: World, somebody: Becoming
) -> None:
    person = somebody("admin")
    assert person.user is not None
    person.user.active = False
    db.session.commit()
    for rule, method in rules(app):
        if policies.ROUTES[rule.endpoint] not in (Right.ANYONE, Right.MACHINE):
            response = ask(person.browser, app, things, rule, method, headers=AJAX)
            assert response.status_code == 401, rule.rule


def test_other_methods_are_refused_and_change_nothing(
    app: Flask, things: World, somebody: Becoming
) -> None:
    root = somebody("super_admin")
    before = snapshot()
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        path = things.path(app, rule)
        taken = adapter.allowed_methods(
            path.partition("?")[0]
        )  # by this rule, or one with an argument there
        for method in set(ALL_METHODS) - set(taken):
            response = root.browser.open(path, method=method, headers=AJAX)
            assert response.status_code in (404, 405), f"{method} {rule.rule}"
        assert root.browser.options(path).data == b""
    assert changes(before, snapshot()) == {}


def test_looking_changes_nothing(app: Flask, things: World, somebody: Becoming) -> None:
    """A GET may be repeated, prefetched and sent by any picture's address: only looks are noted."""
    root = somebody("super_admin")
    changed = {}
    for rule, method in rules(app):
        if method in WRITES:
            continue
        before = snapshot(LOOKS_ARE_NOTED_IN)
        ask(root.browser, app, things, rule, method)
        if found := changes(before, snapshot(LOOKS_ARE_NOTED_IN)):
            changed[f"{method} {rule.rule}"] = found
    assert changed == {}


@pytest.mark.parametrize("kind", ["visitor", "super_admin"])
def test_every_write_needs_the_token_of_its_page(
    kind: str, app: Flask, things: World, somebody: Becoming, csrf_on: None
) -> None:
    person = somebody(kind)
    before, wrong = snapshot(WRONG_PASSWORDS), []
    for rule, method in rules(app):
        for headers in FLAVOURS if method in WRITES else ():
            response = ask(person.browser, app, things, rule, method, headers=headers)
            without_cookie = rule.endpoint in scopes.COOKIELESS
            if without_cookie or policies.ROUTES[rule.endpoint] is Right.KEY:
                if response.status_code != 401:
                    wrong.append(f"{rule.rule} {headers}: {response.status_code}")
            elif response.status_code != 400 or "reload" not in response.text:
                wrong.append(f"{rule.rule} {headers}: {response.status_code}")
    assert wrong == []
    assert changes(before, snapshot(WRONG_PASSWORDS)) == {}


# ── the table itself ────────────────────────────────────────────────────────────────────────


def test_every_route_has_a_row_and_every_row_a_route(app: Flask) -> None:
    registered = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert registered - set(policies.ROUTES) == set(), "routes without a right"
    assert set(policies.ROUTES) - registered == set(), "rights without a route"
    assert set(app.view_functions) - registered == set(), "views that no address reaches"


def test_route_without_a_row_cannot_be_registered() -> None:
    app, blueprint = GuardedFlask(__name__), Blueprint("nobody", __name__)
    blueprint.add_url_rule("/x", "knows", lambda: "")
    for register in (
        lambda: app.add_url_rule("/x", "nobody.knows", lambda: ""),
        lambda: app.route("/x")(lambda: ""),
        lambda: app.add_url_rule("/x", "nobody.knows"),
        lambda: app.register_blueprint(blueprint),
    ):
        with pytest.raises(LookupError, match="declares no right"):
            register()
    assert [rule.endpoint for rule in app.url_map.iter_rules()] == ["static"]


def test_each_right_needs_a_role_and_stronger_roles_keep_it() -> None:
    assert set(policies.LEAST_ROLE) == set(Right) - {Right.ANYONE, Right.MACHINE}
    for right in Right:
        allowed = [policies.allows(role, right) for role in (None, *RoleName)]
        assert allowed == sorted(allowed), right
