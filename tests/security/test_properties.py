"""Whatever a form, query, JSON body or event holds, on both databases: an answer in time, never a failure.

Generated from the tables of routes and forms, and the world's bodies: what is added to them is tried here.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.routing import Rule

from echo import policies
from echo.extensions import db
from echo.web.json_bodies import READ_BY_THEIR_PAGES
from tests.security.conftest import Somebody
from tests.security.pages import Form, every_form
from tests.security.test_bad_input import check_what_is_stored, problem
from tests.security.test_matrix import rules
from tests.security.test_sockets import codes
from tests.security.world import World
from tests.web.browser import AJAX

Becoming = Callable[[str], Somebody]
SECONDS = 3.0  # of this thread's processor time, for any one request
LIVES_ON = {"health.readyz"}  # may say 503

any_text = st.text(st.characters(exclude_categories=()), max_size=60)
edges = st.sampled_from(
    ["", " ", "0", "-1", "1e309", "NaN", "9" * 40, "on", "null", "\0", "\ud800", "%", "_", "'", "a" * 300,
     "2026-02-30", "0000-00-00", "../x", "//evil.example", "javascript:x", "x@y.z", "\u202e", "é" * 129]
)  # fmt: skip
typed = edges | any_text
scalars = st.none() | st.booleans() | st.integers() | st.floats() | typed
any_json = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(typed, inner, max_size=3),
    max_leaves=6,
)
some = settings(
    max_examples=int(os.environ.get("ECHO_EXAMPLES", "1")),  # others each time
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def ask(somebody: Becoming, login: Callable[..., str]) -> Callable[..., Any]:
    """Ask as a super admin who is signed in, whatever the request before has done; returns the answer."""
    person = somebody("super_admin")

    def send(path: str, method: str, **how: Any) -> Any:
        db.session.rollback()
        login(person.browser, person.user)
        began = time.thread_time()
        answer = person.browser.open(path, method=method, headers=AJAX, buffered=True, **how)
        assert time.thread_time() - began < SECONDS, f"{method} {path} took too long"
        return answer

    send.browser = person.browser  # type: ignore[attr-defined]
    return send


def refused_or_taken(rule: Rule, answer: Any, what: object) -> None:
    if rule.endpoint not in LIVES_ON:
        assert problem(answer) is None, (rule.rule, problem(answer), what)


def names_of(things: World, rule: Rule) -> list[str]:
    """Return the fields that the route is known to read, and those that every form has."""
    body = things.body(rule.endpoint)
    known = [*body.get("json", {}), *body.get("data", {})]
    return [
        *known,
        "username",
        "email",
        "password",
        "confirm_password",
        "code",
        "next",
        "typed",
        "version",
    ]


def every(strategy: st.SearchStrategy[Any], act: Callable[[Any], None]) -> None:
    """Do this with some values of a kind."""

    @some
    @given(value=strategy)
    def try_it(value: Any) -> None:
        act(value)

    try_it()


def test_every_field_of_every_form(app: Flask, things: World, ask: Callable[..., Any]) -> None:
    forms = list(every_form(app, ask.browser, things))  # type: ignore[attr-defined]
    assert len(forms) > 15
    for form in forms:

        def send(values: dict[str, str], form: Form = form) -> None:
            answer = ask(form.action, "POST", data=_sent({**form.values, **values}))
            assert problem(answer) is None, (form.action, problem(answer), values)

        every(st.fixed_dictionaries({}, optional=dict.fromkeys(form.values, typed)), send)
    check_what_is_stored()


def _sent(data: dict[str, str]) -> dict[str, bytes]:
    return {name: value.encode("utf-8", "surrogatepass") for name, value in data.items()}


def test_every_query(app: Flask, things: World, ask: Callable[..., Any]) -> None:
    names = st.sampled_from(
        ["page", "sort", "desc", "search", "q", "after", "before", "from", "until", "user_id", "id", "next",
         "tz", "month", "theme", "size", "flt0_0", "flt1_3", "page_size", "url"]
    )  # fmt: skip
    for rule, method in list(rules(app)):
        if method == "GET" and rule.endpoint != "static":
            path, _, own = things.path(app, rule).partition("?")
            named = dict(pair.split("=", 1) for pair in own.split("&") if pair)

            def send(query: Any, rule: Rule = rule, path: str = path, named: Any = named) -> None:
                answer = ask(path, "GET", query_string={**named, **_sent(query)})
                refused_or_taken(rule, answer, query)

            every(st.dictionaries(names, typed, min_size=1, max_size=5), send)


def test_every_json_body(app: Flask, things: World, ask: Callable[..., Any]) -> None:
    """Pages that read JSON by themselves, and forms, which take an object of texts."""
    posts = [(rule, method) for rule, method in rules(app) if method in ("POST", "PUT", "PATCH")]
    for rule, method in posts:

        def send(
            body: Any, rule: Rule = rule, method: str = method, path: str = things.path(app, rule)
        ) -> None:
            answer = ask(path, method, data=json.dumps(body), content_type="application/json")
            refused_or_taken(rule, answer, body)

        names = st.sampled_from(names_of(things, rule))
        every(any_json | st.dictionaries(names | typed, any_json, max_size=6), send)
    assert set(READ_BY_THEIR_PAGES) <= {rule.endpoint for rule, _ in posts}
    check_what_is_stored()


@pytest.mark.parametrize("event", sorted(policies.EVENTS))
def test_every_field_of_every_event(event: str, things: World, somebody: Becoming) -> None:
    """The owner's own payload with some fields changed: it gets past the first checks."""
    tab, right = somebody("owner").tabs[0], things.payload(event)
    names = st.sampled_from([*right, "settings", "text", "before", "model", "comment"])

    def send(changes: dict[str, Any]) -> None:
        began = time.thread_time()
        answer = tab.ask(event, {**right, **changes})
        assert time.thread_time() - began < SECONDS, changes
        assert answer["ok"] or answer["error"]["code"] in codes(), (changes, answer)

    every(st.dictionaries(names, any_json, min_size=1, max_size=3), send)
    assert tab.socket.is_connected()
