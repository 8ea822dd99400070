"""Shared prompts by the administrators' pages; people's own are never among them."""

import pytest
from sqlalchemy import select

from echo.extensions import db
from echo.models import SharedPrompt
from echo.services.prompts import saved, sharing
from echo.services.prompts.saved import Wording

PAGE = "/admin/prompts"


def rows():
    db.session.rollback()
    return list(db.session.scalars(select(SharedPrompt)))


def test_a_prompt_is_made_changed_and_deleted_after_a_question(as_role, people):
    admin = as_role("admin")
    wanted = {"name": "A", "text": "Explain {{topic}}.", "least_role": "user"}
    assert admin.post(f"{PAGE}/new/", data=wanted).status_code == 302
    (row,) = rows()
    page = admin.get(f"{PAGE}/edit/?id={row.id}").text
    assert "Explain {{topic}}." in page
    seen = sharing.version(row)
    assert f'name="version" value="{seen}"' in page
    changed = {**wanted, "text": "<b>", "least_role": "analyst", "version": seen}
    assert admin.post(f"{PAGE}/edit/?id={row.id}", data=changed).status_code == 302
    late = admin.post(f"{PAGE}/edit/?id={row.id}", data={**changed, "text": "later"})
    assert late.status_code == 409
    assert "Somebody changed this prompt" in late.text
    assert "&lt;b&gt;" in admin.get(f"{PAGE}/").text
    assert "goes for everybody" in admin.get(f"{PAGE}/delete/?id={row.id}").text
    assert len(rows()) == 1
    assert admin.post(f"{PAGE}/delete/?id={row.id}").status_code == 302
    assert rows() == []


@pytest.mark.parametrize(
    "change", [{"name": ""}, {"name": "x" * 61}, {"text": " "}, {"least_role": "king"}]
)
def test_what_is_none_is_refused_and_keeps_what_was_typed(root, change):
    answer = root.post(
        f"{PAGE}/new/", data={"name": "A", "text": "typed", "least_role": "user", **change}
    )
    assert answer.status_code == 400
    assert rows() == []


def test_peoples_own_are_not_shown(root, people):
    row = saved.make(people["user"].id, Wording("Mine", "a walrus"))
    assert "walrus" not in root.get(f"{PAGE}/").text
    assert root.get(f"{PAGE}/edit/?id={row.id}").status_code == 404


def test_each_page_of_the_menu_has_an_icon_of_its_own(root):
    page = root.get(f"{PAGE}/").text
    menu = page[page.index('class="admin-menu"') : page.index('class="admin-main"')]
    assert ">Prompts</a>" in menu
    assert "#i-data" not in menu  # which stands for a page that names none
