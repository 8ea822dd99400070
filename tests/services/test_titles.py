"""Titles of odd first messages, places where a text can be cut, and what shows nothing at all."""

from __future__ import annotations

import unicodedata

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from echo import limits, text
from echo.errors import InvalidInput
from echo.extensions import db
from echo.forms.chat import FeedbackForm
from echo.forms.fields import stripped
from echo.models import Conversation, User
from echo.services.chats import conversations
from echo.services.chats.titles import AIM, automatic_title
from echo.sockets import payloads

FAMILY = "👩🏽‍👩🏼‍👧🏾‍👦🏿"
FLAG = "🇩🇪"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
SIGNS = [FAMILY, FLAG, SCOTLAND, "👍🏽", "❤️‍🔥", "1️⃣", "e\u0301\u0323", "क्षि", "🏳️‍🌈"]


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Why is snake_case better than camelCase?", "Why is snake_case better than camelCase?"),
        ("rename my_old_name to my_new_name", "rename my_old_name to my_new_name"),
        ("What does __init__ do?", "What does __init__ do?"),
        ("_private and __dunder__ names", "_private and __dunder__ names"),
        ("def f(*args, **kwargs)", "def f(*args, **kwargs)"),
        ("2 * 3 * 4 and 2**3**4", "2 * 3 * 4 and 2**3**4"),
        ("`snake_case` in `a * b`", "snake_case in a * b"),
        ("a[0] and b[1]", "a[0] and b[1]"),
        ("-5 degrees", "-5 degrees"),
        ("#1 of all", "#1 of all"),
        ("**Bold _and_ slanted** words", "Bold and slanted words"),
        ("*a*, _b_, ~~c~~, __d e__", "a, b, c, d e"),
        ("**use `x_y` now**", "use x_y now"),
        ("- [ ] buy [milk](http://a.b)", "buy milk"),
        ("> ## Quoted", "Quoted"),
        ("![a cat](cat.png)", "a cat"),
        ("---\ntitle", "title"),
        ("???", "???"),
        ("🎉🎉", "🎉🎉"),
    ],
)
def test_marks_go_and_names_stay(said: str, title: str) -> None:
    assert automatic_title(said) == title


@pytest.mark.parametrize(
    "sign",
    [each for each in SIGNS if not each[0].isalpha()] + ["🦊", "✉️", "ℹ️", "3️⃣", "#⃣", "🧑🏽‍🚀", "❤️‍🔥"],
)
def test_one_emoji_is_one_emoji(sign: str) -> None:
    assert text.is_emoji(sign)
    for other in (sign * 2, f"{sign}x", f"{sign} ", f"x{sign}", f"{sign}\u0301"):
        assert not text.is_emoji(other), repr(other)


@pytest.mark.parametrize(
    "said",
    [
        "\ufe0f",
        "\u200b\ufe0f",
        "\u202e\ufe0f",
        "!\ufe0f",
        "‹\ufe0f",
        "a\u20e3",
        "ab\u20e3",
        "a\u200db",
        "🦊\u200da",
        "🦊\u200d",
        "🇩a",
        "\ufffd",
        "🦊\ufe0f\ufe0f",
        "",
        " ",
        "a",
        "1",
        "#",
        "é",
        "क्षि",
        "🇩",
        "\u200d",
        "a\ufe0f",
        "1\ufe0f",
        "🦊" + "\u200d🦊" * 9,
    ],
)
def test_what_is_no_emoji_is_none(said: str) -> None:
    assert not text.is_emoji(said)


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("```python\nimport os\nprint()\n```", "import os"),
        ('```\n\n{\n  "my_key": 1\n}\n```\nWhy?', '"my_key": 1'),
        ("~~~sh\n#!/bin/sh\nls -l *_a*\n~~~", "ls -l *_a*"),
        ("```python\n# -*- coding: utf-8 -*-\n__all__ = []\n```", "__all__ = []"),
        ("````md\n```\ninner\n```\n````", "inner"),
        ("Fix this:\n```\nx = 1\n```", "Fix this:"),
        ("```\n```\nafter", "after"),
        ("```", "New chat"),
        ("```\n", "New chat"),
        ("```one line``` of code", "one line of code"),
        ("``` \n }\n```", "}"),
    ],
)
def test_a_block_of_code_gives_its_first_meaningful_line(said: str, title: str) -> None:
    assert automatic_title(said) == title


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("before", range(AIM - 12, AIM + 1))
def test_signs_are_not_cut(sign: str, before: int) -> None:
    title = automatic_title("x" * before + sign + "y" * 40)
    assert title.endswith("…")
    rest = title[before:-1]
    assert rest == "" or rest.startswith(sign)


@pytest.mark.parametrize("sign", SIGNS)
def test_rows_of_signs_are_cut_between_them(sign: str) -> None:
    title = automatic_title(sign * 60).removesuffix("…")
    assert title
    assert title == sign * (len(title) // len(sign))


@given(st.text(max_size=200), st.integers(0, 100))
def test_a_boundary_is_near_and_never_beyond(said: str, at: int) -> None:
    place = text.boundary(said, at)
    assert max(0, at - text.JOINED_AT_MOST) <= place <= at


def test_endless_marks_are_cut_all_the_same() -> None:
    assert len(automatic_title("a" + "\u0301" * 5000)) == AIM + 1


INVISIBLE = [
    "", " ", "\n\t", "\u200b", "\u200d\u200c", "\ufeff", "\u00ad", "\u3164", "\u115f", "\uffa0", "\u2800",
    "\u202e\u202c", "\ufe0f", "\U000e0041", "\x00\x07", "\u00a0\u3000", "\u180e", " \u200b \u2061\n",
]  # fmt: skip
VISIBLE = ["a", ".", "🎉", "\u200ba", "é", "\u0301", "\U0001fae9", "\ue000", "👩‍👧", "\u0600"]


@pytest.mark.parametrize("nothing", INVISIBLE)
def test_nothing_that_can_be_seen_is_no_message_and_no_title(
    nothing: str, ada: User, app: Flask
) -> None:
    chat = chat_of(ada)
    for refused in (
        lambda: payloads.send_message(nothing),
        lambda: payloads.send_message({"text": nothing}),
        lambda: payloads.edit_message({"message_id": "a", "client_id": "b", "text": nothing}),
        lambda: conversations.rename(ada.id, chat, nothing),
    ):
        with pytest.raises(InvalidInput) as refusal:
            refused()
        assert refusal.value.field in ("text", "title")


@pytest.mark.parametrize("something", VISIBLE)
def test_whatever_can_be_seen_is_a_message_and_a_title(something: str, ada: User) -> None:
    assert text.message(something, "text") == something
    assert conversations.rename(ada.id, chat_of(ada), something).title == something


@pytest.mark.parametrize("nothing", INVISIBLE)
def test_fields_of_forms_hold_nothing_then(app: Flask, nothing: str) -> None:
    assert stripped(nothing) == ""
    with app.test_request_context(
        method="POST", data={"opinion": nothing * 20, "category": "idea"}
    ):
        form = FeedbackForm()
        assert not form.validate()
        assert "opinion" in form.errors


@given(st.text(max_size=50))
def test_what_is_blank_shows_no_letter(said: str) -> None:
    if text.is_blank(said):
        assert not any(
            unicodedata.category(char)[0] in "NPS" for char in said.replace("\u2800", "")
        )


def test_long_titles_are_refused_however_long(ada: User) -> None:
    chat = chat_of(ada)
    for longer in ("x" * (limits.TITLE_CHARS + 1), "x" * 1_000_000, " " * 1_000_000):
        with pytest.raises(InvalidInput):
            conversations.rename(ada.id, chat, longer)


def chat_of(user: User) -> str:
    row = Conversation(user_id=user.id, title="A chat")
    db.session.add(row)
    db.session.commit()
    return row.id
