"""Personas' own pictures by the forms of the settings and of administrators, and how browsers get them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import url_for
from PIL import Image

from echo import limits
from echo.extensions import db
from echo.models import Persona, RoleName, User
from echo.services.chats import conversations, persona_pictures, personas, shared_personas
from tests.services.test_pictures import made
from tests.web.browser import Browser
from tests.web.test_profile import REFUSED, send

FOX: dict[str, Any] = {"name": "Fox", "emoji": "🦊", "colour": "3"}
ADMIN = "/admin/personas"


def with_file(content: bytes, **more: Any) -> dict[str, Any]:
    return {**FOX, "picture": (io.BytesIO(content), "fox.png"), **more}


def address(row: Persona) -> str | None:
    db.session.expire_all()
    return persona_pictures.address(row)


def test_it_is_made_changed_and_taken_away_by_forms(ada: User, ada_browser: Browser) -> None:
    assert send(ada_browser, "/personas", with_file(made())).get_json()["status"] == "ok"
    (row,) = personas.own(ada.id)
    at, first = f"/personas/{row.id}/change", address(row)
    assert first is not None
    assert f'src="{first}" alt="🦊"' in ada_browser.get("/personas/panel").text
    empty = {**FOX, "picture": (io.BytesIO(b""), "")}
    assert send(ada_browser, at, empty).status_code == 200
    assert address(row) == first
    assert send(ada_browser, at, with_file(made("GIF"))).status_code == 200
    assert address(row) not in (None, first)
    both = with_file(made(), without_picture="y")  # what was chosen last
    assert send(ada_browser, at, both).status_code == 200
    assert address(row) is not None
    assert ada_browser.ajax(at, {**FOX, "without_picture": "y"}).status_code == 200
    assert address(row) is None
    assert "persona-face" not in ada_browser.get("/personas/panel").text


@pytest.mark.parametrize(("content", "words"), REFUSED)
def test_what_is_none_is_refused_in_words(
    content: bytes, words: str, ada: User, ada_browser: Browser, make_user: Any, signed_in: Any
) -> None:
    answer = send(ada_browser, "/personas", with_file(content))
    assert (answer.status_code, answer.get_json()["field"]) == (400, "picture")
    assert words in answer.get_json()["message"]
    assert personas.own(ada.id) == []
    root = signed_in(make_user("root", role=RoleName.ADMIN))
    page = send(root, f"{ADMIN}/new/", with_file(content, least_role="user"), ajax=False)
    assert page.status_code == 400
    assert words in page.text
    assert personas.shared(RoleName.ADMIN) == []


def test_larger_bodies_are_taken_where_a_picture_comes(ada: User, ada_browser: Browser) -> None:
    target = io.BytesIO()
    Image.effect_noise((1800, 1800), 90).save(target, "PNG")
    assert limits.REQUEST_BYTES < len(target.getvalue()) < limits.PICTURE_BYTES
    assert send(ada_browser, "/personas", with_file(target.getvalue())).status_code == 200
    (row,) = personas.own(ada.id)
    huge = with_file(bytes(limits.PICTURE_REQUEST_BYTES))
    assert send(ada_browser, f"/personas/{row.id}/change", huge).status_code == 413
    huge = with_file(bytes(limits.REQUEST_BYTES))
    assert send(ada_browser, "/prompts", huge).status_code == 413


def test_it_is_seen_by_its_people_as_a_picture_and_nothing_else(
    ada: User, ada_browser: Browser, client: Browser, make_user: Any, signed_in: Any
) -> None:
    row = personas.make(ada.id, {"name": "Fox"}, made())
    at = str(address(row))
    answer = ada_browser.get(at)
    assert Image.open(io.BytesIO(answer.data)).size == (256, 256)
    headers = answer.headers
    assert headers["Content-Type"] == "image/webp"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Disposition"].startswith("inline")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "private, max-age=31536000, immutable"
    again = ada_browser.get(at, headers={"If-None-Match": headers["ETag"]})
    assert again.status_code == 304
    assert client.get(at).status_code == 302
    bob = signed_in(make_user("bob"))
    for wrong in (at, "/personas/pictures/01NOTHERE"):
        absent = bob.get(wrong)
        assert (absent.status_code, absent.headers["Cache-Control"]) == (404, "no-store")
    assert bob.get(at, headers={"If-None-Match": headers["ETag"]}).status_code == 404
    with ada_browser.application.test_request_context():
        assert row.picture
        assert at == url_for("personas.picture", persona_picture_id=row.picture.id)


def test_the_row_of_a_chat_shows_it(ada: User, ada_browser: Browser) -> None:
    row = personas.make(ada.id, {"name": "Fox", "emoji": "🦊"}, made())
    conversations.create(ada.id, "A chat", {}, persona_id=row.id)
    page = ada_browser.get("/").text
    assert f'<img class="persona-face" src="{address(row)}" alt="🦊">' in page
    assert f'"picture": "{address(row)}"' in page


def test_administrators_give_one_to_everybodys(
    ada_browser: Browser, make_user: Callable[..., User], signed_in: Any
) -> None:
    root = signed_in(make_user("root", role=RoleName.ADMIN))
    wanted = with_file(made(), least_role="user")
    assert send(root, f"{ADMIN}/new/", wanted, ajax=False).status_code == 302
    (row,) = personas.shared(RoleName.USER)
    first = address(row)
    edit = f"{ADMIN}/edit/?id={row.id}"
    for page in (f"{ADMIN}/", edit, f"{ADMIN}/details/?id={row.id}"):
        assert f'src="{first}"' in root.get(page).text
    assert ada_browser.get(str(first)).status_code == 200
    seen = shared_personas.version(row)
    changed = {**FOX, "least_role": "user", "version": seen, "without_picture": "y"}
    assert send(root, edit, changed, ajax=False).status_code == 302
    assert address(row) is None
    late = send(root, edit, with_file(made(), least_role="user", version=seen), ajax=False)
    assert late.status_code == 409
    assert "<dt>Picture of its own</dt><dd>no</dd>" in late.text
