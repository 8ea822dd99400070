"""Personas for everybody by the administrators' pages; people's own are never among them."""

import pytest
from sqlalchemy import select

from echo.extensions import db
from echo.models import Persona
from echo.services.chats import personas, shared_personas

PAGE = "/admin/personas"
WANTED = {
    "name": "Fox", "description": "Clever", "system_prompt": "You are a fox.", "emoji": "🦊",
    "colour": "3", "model": "", "temperature": "0.5", "least_role": "user",
}  # fmt: skip


def rows():
    db.session.rollback()
    return list(db.session.scalars(select(Persona)))


def test_one_is_made_changed_and_deleted_after_a_question(as_role, people):
    admin = as_role("admin")
    assert "may read all of it" in admin.get(f"{PAGE}/new/").text
    assert admin.post(f"{PAGE}/new/", data=WANTED).status_code == 302
    (row,) = rows()
    assert (row.user_id, row.settings, row.colour) == (None, {"temperature": 0.5}, 3)
    page = admin.get(f"{PAGE}/edit/?id={row.id}").text
    assert "You are a fox." in page
    assert 'value="0.5"' in page
    seen = shared_personas.version(row)
    assert f'name="version" value="{seen}"' in page
    changed = {**WANTED, "name": "<b>", "least_role": "analyst", "version": seen}
    assert admin.post(f"{PAGE}/edit/?id={row.id}", data=changed).status_code == 302
    late = admin.post(f"{PAGE}/edit/?id={row.id}", data={**changed, "name": "later"})
    assert late.status_code == 409
    assert "Somebody changed this persona" in late.text
    for name, value in (("Picture", "🦊"), ("Colour", "3"), ("Temperature", "0.5"), ("Top-k", "–")):
        assert f"<dt>{name}</dt><dd>{value}</dd>" in late.text
    assert 'value="later"' in late.text
    assert "&lt;b&gt;" in admin.get(f"{PAGE}/").text
    assert "show Echo again" in admin.get(f"{PAGE}/delete/?id={row.id}").text
    assert len(rows()) == 1
    assert admin.post(f"{PAGE}/delete/?id={row.id}").status_code == 302
    assert rows() == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": ""}, "Give it a name."), ({"name": "x" * 61}, "1 to 60 characters"),
        ({"emoji": "fox"}, "one emoji"), ({"temperature": "hot"}, "temperature is a number"),
        ({"least_role": "king"}, "Not a valid choice"), ({"colour": "9"}, "The colours are 1 to 6"),
    ],
)  # fmt: skip
def test_what_is_none_is_refused_with_the_reason_and_keeps_what_was_typed(root, change, said):
    answer = root.post(f"{PAGE}/new/", data={**WANTED, **change})
    assert answer.status_code == 400
    assert said in answer.text
    assert "You are a fox." in answer.text
    assert rows() == []


def test_peoples_own_are_not_shown_searched_exported_or_changed(root, people):
    own = {"name": "Mine", "system_prompt": "a walrus"}
    row = personas.make(people["user"].id, own)
    for path in ("/", "/?search=walrus", "/export/csv/"):
        answer = root.get(f"{PAGE}{path}", buffered=True)
        assert answer.status_code == 200, path
        assert "Mine" not in answer.text
    for view in ("details", "edit", "delete"):
        assert root.get(f"{PAGE}/{view}/?id={row.id}").status_code == 404
    assert root.post(f"{PAGE}/delete/?id={row.id}").status_code == 404
    assert len(rows()) == 1
