"""Texts that are long on purpose, where a step costs more than their length: forms, headers, events."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask_wtf import FlaskForm
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from wtforms import StringField

import echo.forms.account
import echo.forms.admin
import echo.forms.chat
import echo.forms.own_account
import echo.forms.recovery
import echo.forms.second_factor  # noqa: F401  (each must be known to FlaskForm)
from echo import clock, limits, text
from echo.forms import spam_trap
from echo.forms.fields import Form
from echo.services.chats.titles import automatic_title
from echo.services.searching import place
from tests.security.attacks.costs import cheap
from tests.security.conftest import Somebody
from tests.security.pages import every_form
from tests.security.test_bad_input import fill_in, problem
from tests.security.world import World
from tests.web.browser import AJAX, Browser

Becoming = Callable[[str], Somebody]

MARKS = "\u0301\u0316" * 60_000
LONG = {
    "marks on one letter": "a" + MARKS,
    "marks that are not yet marks": "\u0f73" * 60_000,
    "letters and marks": "a\u0301" * 100_000,
    "at signs": "@" * 200_000,
    "an address with marks": "a" + MARKS + "@example.org",
    "an address of dots": "a." * 60_000 + "@example.org",
    "an address of quotes": '"' + '\\"' * 80_000 + '"@example.org',
    "brackets": "(" * 200_000,
    "spaces and a letter": " " * 200_000 + "x",
    "lines": "\r\n" * 100_000,
    "digits": "9" * 200_000,
}


# ── forms ───────────────────────────────────────────────────────────────────────────────────


def test_password_of_20_000_marks_is_refused_at_once(client: Browser) -> None:
    fields = {"credentials": "ada", "password": "a" + MARKS[:20_000], "website": ""}
    with cheap("a password"):
        answer = client.ajax("/login", {**fields, "opened_at": spam_trap.new_time()})
    assert answer.status_code == 400
    assert answer.get_json() == {
        "status": "error",
        "code": "bad_payload",
        "field": "password",
        "message": "Use at most 1,000 characters.",
    }


@pytest.mark.parametrize("kind", ["visitor", "owner", "super_admin"])
def test_every_field_of_every_form_costs_little(
    kind: str, app: Flask, things: World, somebody: Becoming, login: Callable[..., str]
) -> None:
    person, wrong = somebody(kind), []
    for form in list(every_form(app, person.browser, things)):
        if person.user is not None:
            login(person.browser, person.user)
        for what, value in LONG.items() if form.typed else ():
            # the trap's field would end the check before the others are looked at
            typed = dict.fromkeys(set(form.typed) - set(spam_trap.NAMES), value)
            with cheap(f"{form.action}, {what}", 1.5):
                answer = fill_in(person.browser, form, **typed)
            if found := problem(answer):
                wrong.append(f"{form.action}, {what}: {found}")
    assert wrong == []


def forms(kind: type[FlaskForm] = FlaskForm) -> Iterator[type[FlaskForm]]:
    for sub in kind.__subclasses__():
        if sub.__module__.startswith("echo."):
            yield sub
        yield from forms(sub)


def test_no_form_forgets_to_look_at_the_length_first(app: Flask) -> None:
    found = set(forms())
    assert len(found) > 15
    for kind in found:
        assert issubclass(kind, Form), f"{kind.__name__} is not a Form of echo.forms.fields"
    seen: list[str] = []
    for kind in found:
        with app.test_request_context(method="POST", data={}):
            form = kind()
            for field in (each for each in form if isinstance(each, StringField)):
                field.process(MultiDict({field.name: LONG["marks on one letter"]}))
                with cheap(f"{kind.__name__}.{field.name}"):
                    field.process(MultiDict({field.name: LONG["marks on one letter"]}))
                    assert not field.validate(form), field.name
                assert len(field.errors) == 1  # of its length, and of nothing else
                seen.append(field.name)
    assert len(seen) > 30


def test_what_is_a_little_too_long_is_kept_in_the_field(client: Browser) -> None:
    """Length first loses nothing: the page that says so still holds what was typed."""
    name = "ada" * 100
    page = client.post("/login", data={"credentials": name, "password": "x"})
    assert page.status_code == 400
    assert name in page.text


@given(st.text())
def test_composed_is_the_normal_form_of_every_text_with_few_marks(typed: str) -> None:
    assert text.composed(typed) == unicodedata.normalize("NFC", typed)


@given(st.text(alphabet="a\u0301\u0316\u0f73\u0344\u1161é가", max_size=40))
def test_composed_loses_no_mark(typed: str) -> None:
    def apart(value: str) -> list[str]:
        return sorted(unicodedata.normalize("NFD", value))

    assert apart(text.composed(typed * 3)) == apart(typed * 3)


# ── bodies ──────────────────────────────────────────────────────────────────────────────────

PART = b"--x\r\nContent-Disposition: form-data; name=a"
BODIES = {
    "semicolons in a part's header": (PART + b";" * 400_000 + b"\r\n\r\nx\r\n--x--", True),
    "quotes in a part's header": (PART + b';a="' * 100_000 + b"\r\n\r\nx\r\n--x--", True),
    "many lines of header": (PART + b"\r\n" + b"a: b\r\n" * 60_000 + b"\r\n\r\n--x--", True),
    "a million fields of nothing": (b"a&" * 950_000, False),
    "many fields": (b"&".join(b"f%d=1" % number for number in range(100_000)), False),
}


@pytest.mark.parametrize("what", BODIES)
def test_bodies_of_a_wrong_shape_are_refused_before_they_are_read(
    what: str, client: Browser
) -> None:
    body, is_multipart = BODIES[what]
    kind = (
        "multipart/form-data; boundary=x" if is_multipart else "application/x-www-form-urlencoded"
    )
    with cheap(what):
        answer = client.post("/login", data=body, content_type=kind, headers=AJAX)
    assert answer.status_code == 413
    assert "too large" in answer.get_json()["message"]


def test_a_form_of_many_parts_is_read(client: Browser) -> None:
    parts = {f"f{number}": "x" for number in range(900)}
    answer = client.post("/login", data=parts, content_type="multipart/form-data", headers=AJAX)
    assert answer.status_code == 400  # read, and not what the form asks for


# ── headers, addresses, events ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Accept", ",".join(f"a/b{number};q=0.{number % 10}" for number in range(600))),
        ("Accept-Language", ",".join(f"x{number};q=0.5" for number in range(600))),
        ("Cookie", ";" * 8000),
        ("Cookie", "tz=" + "A%2F" * 2500),
        ("Cookie", "echo_session=" + "." * 8000),
        ("User-Agent", "Mozilla/5.0 (" * 600),
        ("Content-Type", "multipart/form-data" + ";a=" * 2600),
        ("If-None-Match", '"a",' * 2000),
        ("Range", "bytes=" + "0-1," * 2000),
        ("Referer", "http://" + "a@" * 4000),
    ],
)
def test_headers_as_long_as_the_server_takes_cost_little(
    name: str, value: str, client: Browser
) -> None:
    with cheap(name):
        assert client.get("/login", headers={name: value}).status_code < 500
        assert client.post("/login", headers={name: value, **AJAX}).status_code < 500


@pytest.mark.parametrize(
    "name", ["A/" * 2000, "../" * 2000 + "etc/passwd", "Europe%2FBerlin" * 100, "", "\0", "Europe"]
)
def test_zone_names_that_are_none(name: str) -> None:
    with cheap(name[:20], 0.1):
        assert clock.zone_named(name).key == "UTC"
    assert clock.zone_named("Europe%2FBerlin").key == "Europe/Berlin"


@pytest.mark.parametrize("what", LONG)
def test_events_look_at_the_length_first(what: str, somebody: Becoming) -> None:
    tab = somebody("owner").tabs[0]
    value = LONG[what]
    for event, payload in {
        "send_message": {"text": value, "client_id": "a"},
        "rate_message": {"message_id": "x", "rating": 1, "comment": value},
        "save_message": {"message_id": "x", "text": value},
        "open_conversation": {"conversation_id": value},
        "regenerate_message": {"message_id": "x", "model": value},
    }.items():
        with cheap(f"{event}, {what}"):
            answer = tab.ask(event, payload)
        assert answer["ok"] is False
        assert answer["error"]["code"] in ("too_long", "bad_payload", "not_found")


TEXTS = (
    "i ", "i'm ", "my dog ", "swallowed ", "took ", "i took too many ", "#", "*", " ", "`", "\n", "#\n",
    "twen-", "a\u0301", "\U0001f1e9\U0001f1ea", "[", "'", "don't want to ",
)  # fmt: skip


@pytest.mark.parametrize("piece", TEXTS)
def test_titles_and_searches_of_long_messages_cost_little(piece: str) -> None:
    message = (piece * limits.MESSAGE_CHARS)[: limits.MESSAGE_CHARS]
    with cheap(f"title of {piece!r}", 0.1):
        assert len(automatic_title(message)) <= limits.TITLE_CHARS
    text = message[:-6] + "needle"
    with cheap(f"search in {piece!r}", 0.2):
        assert place(text, "needle") == (len(text) - 6, len(text))
