"""Personas by the settings' pages: made, changed, copied, deleted and brought back; everybody's as text."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from echo.extensions import db
from echo.models import RoleName, User
from echo.services.chats import personas, shared_personas
from tests.web.browser import Browser

EVIL = "<b>fox</b>"
FOX = {"name": "Fox", "system_prompt": "You are a fox.", "emoji": "🦊", "colour": "3"}


def test_the_panel_has_ones_own_and_those_of_the_role(
    ada: User, ada_browser: Browser, make_user: Callable[..., User]
) -> None:
    root = make_user("root", role=RoleName.ADMIN)
    personas.make(root.id, {"name": "Theirs"})
    shared_personas.share(root, {"name": "All", "system_prompt": EVIL}, RoleName.USER)
    shared_personas.share(root, {"name": "Few"}, RoleName.ADMIN)
    personas.make(ada.id, {"name": "Mine", "system_prompt": EVIL, "model": "gone-7b"})
    panel = ada_browser.get("/personas/panel").text
    assert panel.count("&lt;b&gt;fox&lt;/b&gt;") == 2
    assert EVIL not in panel
    assert "gone-7b (not here" in panel
    assert ("Theirs" in panel, "Few" in panel, "All" in panel) == (False, False, True)


def test_made_changed_copied_deleted_and_restored_by_forms(ada: User, ada_browser: Browser) -> None:
    made = ada_browser.ajax("/personas", {**FOX, "temperature": "0.5", "top_k": ""}).get_json()
    assert made == {"status": "ok", "message": "“Fox” is saved."}
    (row,) = personas.own(ada.id)
    assert (row.colour, row.emoji, row.model, row.settings) == (3, "🦊", None, {"temperature": 0.5})
    at = f"/personas/{row.id}"
    assert ada_browser.ajax(f"{at}/change", {**FOX, "name": "Wolf", "emoji": ""}).status_code == 200
    assert ada_browser.ajax(f"{at}/copy").get_json()["message"] == "“Wolf, copy” is saved."
    assert ada_browser.ajax(f"{at}/delete").get_json()["message"] == "“Wolf” is deleted."
    assert ada_browser.ajax(f"{at}/delete").status_code == 404
    assert ada_browser.ajax(f"{at}/restore").get_json()["message"] == "“Wolf” is here again."
    db.session.expire_all()
    found = [(each.name, each.emoji, each.settings) for each in personas.own(ada.id)]
    assert found == [("Wolf", "🦊", {}), ("Wolf, copy", "🦊", {})]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"), ({"name": "x" * 61}, "name"), ({"emoji": "fox"}, "emoji"),
        ({"colour": "9"}, "colour"), ({"colour": "red"}, "colour"), ({"colour": "nan"}, "colour"),
        ({"temperature": "hot"}, "temperature"), ({"temperature": "inf"}, "temperature"),
        ({"top_k": "1.5"}, "top_k"), ({"system_prompt": "x" * 2001}, "system_prompt"),
        ({"description": "x" * 201}, "description"), ({"model": "x" * 65}, "model"),
    ],
)  # fmt: skip
def test_what_is_none_is_refused_with_its_field(
    ada: User, ada_browser: Browser, change: dict[str, str], field: str
) -> None:
    answer = ada_browser.ajax("/personas", {**FOX, **change})
    assert (answer.status_code, answer.get_json()["field"]) == (400, field)
    assert personas.own(ada.id) == []


def test_a_link_that_begins_a_chat_leads_visitors_to_it_by_the_sign_in(client: Browser) -> None:
    assert client.get("/").status_code == 200
    answer = client.get("/?persona=01ABC")
    assert answer.headers["Location"] == "/login?next=/?persona%3D01ABC"


def test_the_page_lists_them_in_few_words(ada: User, ada_browser: Browser) -> None:
    personas.make(ada.id, {"name": "Fox", "system_prompt": "a long prompt"})
    page = ada_browser.get("/").text
    assert '"name": "Fox"' in page
    assert "a long prompt" not in page
