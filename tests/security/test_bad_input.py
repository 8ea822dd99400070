"""Bad input in every field of every form and every argument of every route: a clear answer, no harm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import String, Text, func, select

from echo.extensions import db
from echo.forms import spam_trap
from echo.models import User
from tests.conftest import PASSWORD
from tests.security.conftest import Somebody
from tests.security.pages import Form, every_form
from tests.security.test_matrix import rules
from tests.security.world import World
from tests.web.browser import AJAX, Browser

Becoming = Callable[[str], Somebody]
KINDS = ("visitor", "owner", "super_admin")
HEADER = "x@example.org\r\nBcc: everybody@example.org\r\nSet-Cookie: a=b"
VALUES = {
    "10 kB": "x" * 10_000,
    "10 kB of four-byte letters": "𝕏" * 10_000,
    "a header": HEADER,
    "a header after one newline": "Ada\nBcc: everybody@example.org",
    "NUL": "a\0b@example.org\0",
    "a lone surrogate": "a\udcffb",
    "marks that turn the line": "\u202eada\u2066",
    "a number past any column": "9" * 30,
    "less than nothing": "-1",
    "no number": "NaN",
    "markup": '"><script>alert(1)</script>',
    "a template": "{{ config }}{% raw %}",
    "SQL": "' OR 1=1; --",
}
EACH_ALONE = ("10 kB", "a header", "NUL", "a lone surrogate")  # others in all fields at once
IDS = [
    "0", "-1", "9" * 30, "1e9", "NaN", "%00", "a%00b", "..%2f..", "%F0%9F%98%80", "%ff%fe",
    "1%20or%201=1", "x" * 5000, "%0d%0aSet-Cookie:a=b",
]  # fmt: skip
LISTS = (".index_view", ".create_view", ".export", ".action_view")  # take no ?id=
LINE = ("username", "email", "name", "title")  # columns of one line


def columns() -> list[Any]:
    return [
        column
        for table in db.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, String | Text)
    ]


def check_what_is_stored() -> None:
    """No column holds more than it was declared for, a NUL, or a line break where one line belongs."""
    db.session.rollback()
    for column in columns():
        longest = db.session.scalar(select(func.max(func.length(column)))) or 0
        assert longest <= (column.type.length or 20_000), column
        for char in ("\0", *("\r\n" if column.name in LINE else ())):
            if char == "\0" and db.engine.dialect.name == "postgresql":
                continue  # there it cannot be: the driver refuses to send one
            place = func.instr if db.engine.dialect.name == "sqlite" else func.strpos
            found = select(func.count()).where(place(column, char) > 0)
            assert db.session.scalar(found) == 0, (column, char)


def problem(response: Any) -> str | None:
    """Return what is wrong with an answer: a refusal says why, nothing fails, no header is typed."""
    if response.status_code >= 500:
        return f"fails with {response.status_code}"
    if any(name == "Bcc" or value.startswith("a=b") for name, value in response.headers):
        return "lets a header be typed"
    if response.mimetype == "text/html" and "<script>alert(1)" in response.text:
        return "shows markup"
    if response.status_code >= 400 and response.is_json:
        answer = response.get_json()
        if "error" in answer:  # as programs are told
            answer = {"status": "error", **answer["error"]}
        if answer["status"] != "error" or not 5 < len(answer["message"]) < 500:
            return f"does not say why: {answer}"
    return None


def fill_in(browser: Browser, form: Form, **changes: str) -> Any:
    fields = {**form.values, "opened_at": spam_trap.new_time(), "website": "", **changes}
    data = {name: value.encode("utf-8", "surrogateescape") for name, value in fields.items()}
    return browser.open(
        form.action,
        method="POST",
        data=urlencode(data),
        content_type="application/x-www-form-urlencoded",
        headers=AJAX,
        buffered=True,
    )


def tries(form: Form) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield what is typed: some values in one field after the other, the others in all at once."""
    for what, value in VALUES.items():
        if what in EACH_ALONE:
            yield from ((f"{what} in {name}", {name: value}) for name in form.typed)
        elif form.typed:
            yield f"{what} in all", dict.fromkeys(form.typed, value)


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_every_form(
    kind: str, app: Flask, things: World, somebody: Becoming, login: Callable[..., str]
) -> None:
    person, wrong, tried = somebody(kind), [], 0
    for form in list(every_form(app, person.browser, things)):
        if person.user is not None:
            login(person.browser, person.user)  # an act before may have ended the session
        for what, changes in tries(form):
            tried += 1
            if text := problem(fill_in(person.browser, form, **changes)):
                wrong.append(f"{form.action}, {what}: {text}")
    assert wrong == []
    assert tried >= 20
    check_what_is_stored()


def test_ids_that_nothing_has(app: Flask, things: World, somebody: Becoming) -> None:
    browser, wrong = somebody("super_admin").browser, []
    for rule, method in rules(app):
        path = things.path(app, rule)
        named = {real for name, real in things.arguments(rule).items() if name != "kind"}
        for value in IDS if method != "HEAD" else ():
            asked = [path.replace(real, value) for real in named]
            if "?id=" in path and not rule.endpoint.endswith(LISTS):
                asked.append(f"{path.partition('?')[0]}?id={value}")
            for address in asked:
                response = browser.open(address, method=method, headers=AJAX, buffered=True)
                if text := problem(response):
                    wrong.append(f"{method} {address[:80]}: {text}")
                elif response.status_code == 200:
                    wrong.append(f"{method} {address[:80]} is found")
    assert wrong == []
    check_what_is_stored()


def test_query_strings_of_wrong_types(app: Flask, things: World, somebody: Becoming) -> None:
    browser, wrong = somebody("super_admin").browser, []
    names = (
        "page",
        "sort",
        "desc",
        "search",
        "q",
        "after",
        "from",
        "until",
        "user_id",
        "next",
        "tz",
    )
    held = db.engine.pool.checkedout()
    for rule, method in rules(app):
        bare, _, own = things.path(app, rule).partition("?")
        for value in IDS if method == "GET" and rule.endpoint != "static" else ():
            address = f"{bare}?{own}&{'&'.join(f'{name}={value[:1500]}' for name in names)}"
            if text := problem(browser.get(address, headers=AJAX, buffered=True)):
                wrong.append(f"{rule.rule} {value[:30]}: {text}")
            if (now := db.engine.pool.checkedout()) > held:
                wrong.append(f"{rule.rule} keeps a connection to the database")
                held = now
    assert wrong == []


BODIES: dict[str, dict[str, Any]] = {
    "a JSON object": {"json": {"username": "x", "title": "x", "conversation_id": "x"}},
    "a JSON list": {"json": [1, 2, 3]},
    "a JSON list of lists": {"json": [["a", {"b": []}]]},
    "a JSON text": {"json": "text"},
    "a JSON number": {"json": 10**40},
    "JSON null": {"data": b"null", "content_type": "application/json"},
    "values of wrong types": {
        "json": {
            name: {"a": [1, None, {}]}
            for name in (
                "username", "email", "password", "credentials", "title", "opinion", "prompt", "code",
                "conversation_id", "name", "pinned", "days", "category", "typed", "top_k",
            )
        }
    },
    "broken JSON": {"data": b'{"a": ', "content_type": "application/json"},
    "very deep JSON": {"data": b"[" * 50_000, "content_type": "application/json"},
    "broken UTF-8": {"data": b"username=%ff%fe&title=\xff\xfe&credentials=%ff"},
    "plain text": {"data": b"hello", "content_type": "text/plain"},
    "XML": {"data": b"<a/>", "content_type": "application/xml"},
    "no type": {"data": b"hello", "content_type": ""},
    "multipart without a boundary": {"data": b"hello", "content_type": "multipart/form-data"},
    "multipart that ends early": {
        "data": b"--x\r\nContent-Disposition: form-data; name=title\r\n\r\n",
        "content_type": "multipart/form-data; boundary=x",
    },
    "an unknown charset": {
        "data": b"title=x", "content_type": "application/x-www-form-urlencoded; charset=rot13",
    },
    "2,000 fields": {"data": "&".join(f"f{n}=1" for n in range(2000))},
    "repeated fields": {"data": "&".join(f"{n}=a&{n}=b" for n in ("username", "title", "pinned"))},
}  # fmt: skip


def test_bodies_that_are_no_form(
    app: Flask, things: World, somebody: Becoming, login: Callable[..., str]
) -> None:
    person, wrong = somebody("super_admin"), []
    for rule, method in rules(app):
        path = things.path(app, rule)
        if method == "POST":
            login(person.browser, person.user)
            for what, body in BODIES.items():
                how = {"content_type": "application/x-www-form-urlencoded", **body}
                if "json" in how:
                    del how["content_type"]
                response = person.browser.post(path, headers=AJAX, buffered=True, **how)
                if text := problem(response):
                    wrong.append(f"{rule.rule}, {what}: {text}")
    assert wrong == []
    check_what_is_stored()


# ── names that look like others ─────────────────────────────────────────────────────────────

LOOK_ALIKES = [
    "аda", "adа", "ａｄａ", "ada\u200b", "\u2060ada", "a\u0301da", "ada\u00ad", "𝐚𝐝𝐚", "ADА", "ɑda",
    "ada\u202e", "a da", "ada\u3164", "deleted/1", "<ada>", "ada@x", "āda", "...", "_-_",
]  # fmt: skip


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_names_that_look_like_others_are_refused(
    name: str, app: Flask, somebody: Becoming, make_user: Callable[..., User]
) -> None:
    make_user("ada")
    secret = "seven purple walruses"
    new = {"username": name, "email": "new@example.org", "password": secret}
    visitor = somebody("visitor").browser
    form = {**new, "confirm_password": secret, "website": "", "opened_at": spam_trap.new_time()}
    signed_up = visitor.ajax("/signup", form)
    renamed = somebody("owner").browser.ajax(
        "/profile", {"username": name, "email": "owner@example.org"}
    )
    made = somebody("super_admin").browser.ajax("/admin/users/new/", {**new, "role": "user"})
    for response in (signed_up, renamed):
        assert (response.status_code, response.get_json()["field"]) == (400, "username")
    assert made.status_code == 400  # the administrators' pages answer as pages
    assert "letters" in made.text


@pytest.mark.parametrize("name", ["ADA", " ada ", "Ada"])
def test_same_name_in_other_letters_is_taken(
    name: str, somebody: Becoming, make_user: Callable[..., User]
) -> None:
    make_user("ada")
    answer = somebody("owner").browser.ajax(
        "/profile", {"username": name, "email": "owner@example.org"}
    )
    assert (answer.status_code, answer.get_json()["field"]) == (409, "username")


def test_table_of_values_reaches_the_forms(app: Flask, things: World, somebody: Becoming) -> None:
    """The forms are found by reading pages: these must be among them."""
    found = {
        form.action.partition("?")[0]: set(form.values)
        for kind in KINDS
        for form in every_form(app, somebody(kind).browser, things)
    }
    for action, names in {
        "/login": {"credentials", "password"},
        "/signup": {"username", "email", "password"},
        "/profile": {"username", "email"},
        "/admin/users/edit/": {"username", "email", "role"},
        "/admin/roles/edit/": {"description", "daily_messages"},
    }.items():
        assert names <= found.get(action, set()), (action, sorted(found))
    assert PASSWORD not in str(found)
