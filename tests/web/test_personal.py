"""The settings' part about what is told in all chats: shown and kept for oneself, as text."""

from __future__ import annotations

import pytest

from echo.limits import INSTRUCTIONS_TOKENS
from echo.models import User
from echo.services.prompts import personal
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


def test_nobody_sees_anothers(ada: User, ada_browser: Browser, make_user: object) -> None:
    bob = make_user("bob")  # type: ignore[operator]
    personal.keep(bob.id, instructions="badger")
    assert "badger" not in ada_browser.get(PANEL).text
