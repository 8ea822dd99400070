"""The settings' part about what is told in all chats: shown and kept for oneself, as text."""

from __future__ import annotations

import pytest

from echo.extensions import db
from echo.limits import INSTRUCTIONS_TOKENS
from echo.models import User
from echo.services import site_settings
from echo.services.prompts import memories, personal
from tests.web.browser import Browser

PANEL = "/settings/personal"


def test_instructions_are_kept_and_shown_as_text(ada: User, ada_browser: Browser) -> None:
    answer = ada_browser.ajax(f"{PANEL}/instructions", {"text": " <b>Rhyme.\r\n", "on": "0"})
    assert answer.get_json()["message"].endswith(f"of {INSTRUCTIONS_TOKENS} tokens.")
    assert personal.of(ada.id) == personal.Personal("<b>Rhyme.", False)
    page = ada_browser.get(PANEL).text
    assert "&lt;b&gt;Rhyme." in page
    assert '<input type="radio" name="on" value="0" checked>' in page
    assert "<html" not in page


@pytest.mark.parametrize(
    ("sent", "field", "status"),
    [
        ({"text": "x" * 2001, "on": "1"}, "text", 400),
        ({"text": "word " * 390, "on": "1"}, "text", 400),
        ({"text": "Rhyme.", "on": "maybe"}, "on", 400),
        ({"text": "Rhyme."}, "on", 400),
    ],
)
def test_what_cannot_be_kept_names_its_field_and_changes_nothing(
    ada: User, ada_browser: Browser, sent: dict[str, str], field: str, status: int
) -> None:
    personal.keep(ada.id, instructions="Before.")
    answer = ada_browser.ajax(f"{PANEL}/instructions", sent)
    assert (answer.status_code, answer.get_json()["field"]) == (status, field)
    assert personal.of(ada.id).instructions == "Before."


def test_titles_are_switched_for_oneself_where_the_site_has_them(
    ada: User, ada_browser: Browser
) -> None:
    assert "Titles by the model" not in ada_browser.get(PANEL).text
    site_settings.change(None, titles="on")
    assert "Titles by the model" in ada_browser.get(PANEL).text
    for sent in ("0", "1"):
        assert ada_browser.ajax(f"{PANEL}/titles", {"on": sent}).status_code == 200
        db.session.expire_all()
        assert personal.of(ada.id) == personal.Personal(titles_on=sent == "1")
    assert ada_browser.ajax(f"{PANEL}/titles", {"on": "maybe"}).status_code == 400


def test_nobody_sees_anothers(ada: User, ada_browser: Browser, make_user: object) -> None:
    bob = make_user("bob")  # type: ignore[operator]
    personal.keep(bob.id, instructions="badger")
    assert "badger" not in ada_browser.get(PANEL).text


def test_memories_are_added_changed_switched_and_deleted(ada: User, ada_browser: Browser) -> None:
    assert ada_browser.ajax(f"{PANEL}/memories", {"text": " I <b>\n swim. "}).status_code == 200
    (row,) = memories.of(ada.id)
    assert (row.text, row.is_on) == ("I <b> swim.", True)
    assert "I &lt;b&gt; swim." in ada_browser.get(PANEL).text
    path = f"{PANEL}/memories/{row.id}"
    assert ada_browser.ajax(f"{path}/change", {"text": "I dive.", "on": "0"}).status_code == 200
    db.session.expire_all()
    assert [(each.text, each.is_on) for each in memories.of(ada.id)] == [("I dive.", False)]
    for sent in (
        {"text": " "},
        {"text": "x" * 201},
        {"text": "x", "on": "maybe"},
        {"text": "x", "on": ""},
    ):
        assert ada_browser.ajax(f"{path}/change", sent).status_code == 400
        assert ada_browser.ajax(f"{PANEL}/memories", sent).status_code == 400
    assert ada_browser.ajax(f"{PANEL}/memory", {"on": "0"}).status_code == 200
    assert '"memory": false' in ada_browser.get("/").text
    assert ada_browser.ajax(f"{path}/delete").status_code == 200
    assert ada_browser.ajax(f"{path}/delete").status_code == 404
    assert memories.of(ada.id) == []


def test_tools_are_switched_for_oneself_and_not_offered_where_the_site_has_none(
    ada: User, ada_browser: Browser
) -> None:
    assert ada_browser.ajax(f"{PANEL}/tools", {"on": "0"}).status_code == 200
    assert not personal.of(ada.id).tools_on
    assert ada_browser.ajax(f"{PANEL}/tools", {"on": "maybe"}).status_code == 400
    assert f"{PANEL}/tools" in ada_browser.get(PANEL).text
    site_settings.change(None, tools="off")
    assert f"{PANEL}/tools" not in ada_browser.get(PANEL).text


def test_invitations_are_switched_for_oneself_where_the_site_lets_people_share(
    ada: User, ada_browser: Browser
) -> None:
    assert ada_browser.ajax(f"{PANEL}/invitations", {"on": "0"}).status_code == 200
    assert not personal.of(ada.id).invitations_on
    assert f"{PANEL}/invitations" in ada_browser.get(PANEL).text
    site_settings.change(None, sharing="off")
    assert f"{PANEL}/invitations" not in ada_browser.get(PANEL).text
