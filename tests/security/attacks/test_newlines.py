"""A newline is one character, however a browser or a program has sent it, in every field of lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict
from wtforms import TextAreaField

from echo import limits, text
from echo.extensions import db
from echo.models import Feedback
from echo.services.chats import chat_settings
from tests.security.attacks.test_long_inputs import forms
from tests.security.conftest import Somebody
from tests.security.world import World

Becoming = Callable[[str], Somebody]


def of_lines(chars: int, newline: str) -> str:
    """So many characters with a newline every tenth; it ends and begins with a letter."""
    line = "x" * 9 + "\n"
    return (line * chars)[: chars - 1].replace("\n", newline) + "x"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_feedback_of_just_2_000_characters_is_taken(newline: str, somebody: Becoming) -> None:
    browser = somebody("owner").browser
    typed = {"opinion": of_lines(limits.FEEDBACK_MAX, newline), "category": "idea"}
    answer = browser.ajax("/feedback", typed)
    assert answer.status_code == 200, answer.text
    db.session.expire_all()
    (row,) = db.session.scalars(db.select(Feedback))
    assert len(row.opinion) == limits.FEEDBACK_MAX
    assert "\r" not in row.opinion
    too_long = {**typed, "opinion": of_lines(limits.FEEDBACK_MAX + 1, newline)}
    refused = browser.ajax("/feedback", too_long)
    assert (refused.status_code, refused.get_json()["field"]) == (400, "opinion")


def test_every_field_of_lines_of_every_form_counts_alike(app: Flask) -> None:
    seen = []
    for kind in set(forms()):
        with app.test_request_context(method="POST", data={}):
            form = kind()
            for field in (each for each in form if isinstance(each, TextAreaField)):
                most = field.flags.maxlength
                assert most, f"{kind.__name__}.{field.name} says no limit"
                for newline in ("\n", "\r\n"):
                    typed = of_lines(most, newline)
                    field.process(MultiDict({field.name: typed}))
                    assert field.validate(form), (kind.__name__, field.name, field.errors)
                    assert field.data == typed.replace("\r\n", "\n")
                    field.process(MultiDict({field.name: typed + "x"}))
                    assert not field.validate(form)
                seen.append(field.name)
    assert {"opinion", "answer", "system_prompt", "template"} <= set(seen)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_messages_prompts_and_comments_of_programs(
    newline: str, somebody: Becoming, things: World
) -> None:
    owner = somebody("owner")
    tab = owner.tabs[0]
    asked = tab.ask("send_message", {"text": of_lines(limits.MESSAGE_CHARS, newline)})
    assert asked["ok"], asked
    assert len(asked["message"]["text"]) == limits.MESSAGE_CHARS
    tab.wait_for("message_finished", asked["reply"]["id"])
    comment = of_lines(limits.RATING_COMMENT_CHARS, newline)
    rated: dict[str, Any] = {"message_id": asked["reply"]["id"], "rating": 1, "comment": comment}
    assert tab.ask("rate_message", rated)["ok"]
    prompt = of_lines(limits.SYSTEM_PROMPT_CHARS, newline)
    assert (
        len(chat_settings.checked({"system_prompt": prompt})["system_prompt"])
        == limits.SYSTEM_PROMPT_CHARS
    )


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_way_to_say_something_counts_alike(
    newline: str, somebody: Becoming, things: World
) -> None:
    owner = somebody("owner")
    tab = owner.tabs[0]
    most, longer = (of_lines(limits.MESSAGE_CHARS + more, newline) for more in (0, 1))
    bare = tab.ask("send_message", most)
    assert len(bare["message"]["text"]) == limits.MESSAGE_CHARS
    tab.wait_for("message_finished", bare["reply"]["id"])
    wanted = {"message_id": bare["message"]["id"], "client_id": "another wording"}
    edited = tab.ask("edit_message", {**wanted, "text": most})
    assert edited["message"]["text"] == most.replace(newline, "\n")
    tab.wait_for("message_finished", edited["reply"]["id"])
    assert owner.browser.post("/chat", json={"prompt": most}).status_code == 200
    assert tab.ask("send_message", longer)["error"]["code"] == "too_long"
    assert owner.browser.post("/chat", json={"prompt": longer}).status_code == 400


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_conversations_own_prompt_as_json(
    newline: str, somebody: Becoming, things: World
) -> None:
    browser = somebody("owner").browser
    address = f"/conversations/{things.ids['conversation_id']}/settings"
    prompt = of_lines(limits.SYSTEM_PROMPT_CHARS, newline)
    kept = browser.post(address, json={"system_prompt": prompt}).get_json()["conversation"]
    assert kept["settings"]["system_prompt"] == prompt.replace(newline, "\n")
    longer = of_lines(limits.SYSTEM_PROMPT_CHARS + 1, newline)
    assert browser.post(address, json={"system_prompt": longer}).status_code == 400


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a\r\nb", "a\nb"),
        ("a\rb", "a\nb"),
        ("a\n\r\n\rb", "a\n\n\nb"),
        ("a\nb", "a\nb"),
        (None, None),
        (7, 7),
    ],
)
def test_one_newline(sent: Any, kept: Any) -> None:
    assert text.one_newline(sent) == kept
