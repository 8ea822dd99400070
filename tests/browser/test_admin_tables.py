"""The admin's tables in a real browser: axe finds nothing, acts work without JavaScript, times are local."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from sqlalchemy import update

from echo.extensions import db
from echo.models import Device
from echo.services.accounts import accounts
from tests.browser.conftest import ContextMaker
from tests.browser.talk import visit
from tests.browser.test_accessibility import (
    expect_no_violations,
    expect_no_violations_in_either_theme,
)
from tests.live.server import PASSWORD, LiveServer, Person

OPINION = "The letters could be larger in my opinion."
ANSWER = "They are now: Settings, Text size."


@pytest.fixture
def opinion(member: Person) -> str:
    """What the member has left with the form."""
    text = f"{OPINION} {member.name}"
    data = {"opinion": text, "category": "design", "rating": "4", "csrf_token": member.csrf}
    headers = {"X-Requested-With": "XMLHttpRequest", "Referer": member.server.url}
    answer = member.http.post(f"{member.server.url}/feedback", data=data, headers=headers)
    assert answer.ok, answer.text
    return text


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "teal.png"
    Image.new("RGB", (300, 200), "teal").save(path)
    return path


@pytest.mark.parametrize("width", [390, 1280])
def test_every_table_and_form_is_accessible(
    new_context: ContextMaker, echo: LiveServer, super_admin: Person, opinion: str, width: int,
) -> None:  # fmt: skip
    context = new_context(
        super_admin, reduced_motion="reduce", viewport={"width": width, "height": 900}
    )
    page = context.new_page()
    for path in (
        "devices", "pictures", "pictures/new", "use", "health", "ratings", "feedback?state=new",
        "users?sort=1",
    ):  # fmt: skip
        visit(page, f"{echo.url}/admin/{path.replace('?', '/?')}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect_no_violations_in_either_theme(page)
        fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        assert page.evaluate(fits), path
    visit(page, f"{echo.url}/admin/users/")
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Switch off")
    page.set_viewport_size({"width": width, "height": 60})  # the list of who it is about scrolls
    expect_no_violations_in_either_theme(page)


def test_no_form_scrolls_sideways_at_any_width(
    new_context: ContextMaker, echo: LiveServer, super_admin: Person
) -> None:
    page = new_context(super_admin).new_page()
    for path in (
        "users/new", "roles/edit", "invites/new", "prompts/new", "personas/new", "guardrails/new",
        "pictures/new", "settings",
    ):  # fmt: skip
        visit(page, f"{echo.url}/admin/{path}/{'?id=1' if 'edit' in path else ''}")
        expect(page.locator("main form:visible").first, path).to_be_visible()
        for width in (390, 1024, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") == width, path


def test_feedback_is_opened_answered_and_read(
    new_context: ContextMaker, echo: LiveServer, super_admin: Person, member: Person, opinion: str
) -> None:
    page = new_context(super_admin, color_scheme="dark", reduced_motion="reduce").new_page()
    visit(page, f"{echo.url}/admin/feedback/?state=new")
    row = page.locator("tr", has_text=member.name)
    expect(row.locator("time")).not_to_contain_text("UTC")
    row.get_by_role("button", name="Open").click()
    expect(page.locator('[data-column="state"]')).to_have_text("seen")
    expect_no_violations(page)
    page.get_by_role("link", name="Write an answer").click()
    expect_no_violations(page)
    page.get_by_label("Answer", exact=True).fill(ANSWER)
    page.get_by_role("button", name="Send the answer").click()
    expect(page.locator('[data-column="answer"]')).to_have_text(ANSWER)

    reader = new_context(member, color_scheme="light", reduced_motion="reduce").new_page()
    visit(reader, echo.url)
    reader.get_by_role("link", name="Your feedback was answered").click()
    expect(reader.get_by_text(ANSWER)).to_be_visible()
    expect_no_violations(reader)
    reader.get_by_role("button", name="Mark as read").click()
    expect(reader.get_by_role("button", name="Mark as read")).to_have_count(0)
    visit(reader, echo.url)
    expect(reader.get_by_role("link", name="Your feedback was answered")).to_have_count(0)


LONG_NAME = "maximiliana.of-the-longest_name"[:30]


@pytest.fixture(scope="module")
def talkative(echo: LiveServer) -> Person:
    """Somebody with the longest name there can be, and a conversation of long words."""
    person = echo.member(LONG_NAME)
    tab = person.tab()
    tab.send(f"{'Donaudampfschifffahrt' * 4} and {'why ' * 40}")
    tab.wait_for("message_finished")
    tab.close()
    return person


def test_tables_fit_a_desk_and_a_small_one_without_scrolling_sideways(
    new_context: ContextMaker, echo: LiveServer, super_admin: Person, talkative: Person
) -> None:
    page = new_context(super_admin, viewport={"width": 1440, "height": 900}).new_page()
    for name in ("users", "conversations", "messages"):
        visit(page, f"{echo.url}/admin/{name}/")
        row = page.locator("tbody tr", has_text=LONG_NAME[:8]).first
        for width in (1440, 1280, 1180, 1024, 900, 700, 390):
            page.set_viewport_size({"width": width, "height": 900})
            expect(row).to_be_visible()
            frame = page.locator(".table-frame")
            assert frame.evaluate("box => box.scrollWidth <= box.clientWidth"), (name, width)
        expect(row.get_by_title(re.compile(f"^{re.escape(LONG_NAME)}")).first).to_be_visible()


def test_administrators_read_a_conversation_and_ticks_survive_the_proof(
    new_context: ContextMaker, echo: LiveServer, talkative: Person
) -> None:
    admin = echo.member("reader", role="admin")
    page = new_context(admin, color_scheme="dark", reduced_motion="reduce").new_page()
    visit(page, f"{echo.url}/admin/conversations/")
    page.locator("tbody tr", has_text=LONG_NAME).get_by_role("link", name="Open").click()
    messages = page.locator(".said-one")
    expect(messages).to_have_count(2)
    expect(messages.nth(0).locator("strong")).to_have_text(LONG_NAME)
    expect(messages.nth(1).locator("strong")).to_have_text("Echo")
    expect_no_violations(page)

    visit(page, f"{echo.url}/admin/users/?search={LONG_NAME}")
    page.get_by_role("checkbox", name=f"Tick {LONG_NAME}").check()
    make_stale(echo, admin)
    page.get_by_role("button", name="Sign out everywhere").click()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign out everywhere")
    expect(page.locator(".chosen li")).to_have_text(LONG_NAME)
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("checkbox", name=f"Tick {LONG_NAME}")).to_be_checked()
    page.get_by_role("button", name="Sign out everywhere").click()
    page.get_by_role("button", name="Sign out everywhere: 1").click()
    expect(page.get_by_text("People signed out: 1.")).to_be_visible()
    assert page.url.endswith(f"/admin/users/?search={LONG_NAME}")


def test_all_rows_are_ticked_at_once_and_nothing_is_done_with_none(
    new_context: ContextMaker, echo: LiveServer, super_admin: Person, member: Person
) -> None:
    page = new_context(super_admin).new_page()
    visit(page, f"{echo.url}/admin/users/")
    every, act = page.get_by_label("All rows here"), page.get_by_role("button", name="Switch off")
    rows = page.locator("tbody input[type=checkbox]")
    expect(act).to_be_disabled()
    expect(act).to_have_css("opacity", "0.45")  # and looks like it
    every.press("Space")
    for row in rows.all():
        expect(row).to_be_checked()
    expect(act).to_be_enabled()
    rows.first.uncheck()
    expect(every).to_have_js_property("indeterminate", True)
    every.click()
    every.uncheck()
    expect(rows.first).not_to_be_checked()
    expect(act).to_be_disabled()
    page.get_by_role("checkbox", name=f"Tick {member.name}", exact=True).check()
    expect(act).to_be_enabled()


def make_stale(echo: LiveServer, person: Person) -> None:
    """Let the last proof of who somebody is be long ago."""
    with echo.app.app_context():
        user = accounts.find(person.name)
        db.session.execute(
            update(Device).where(Device.user_id == user.id).values(confirmed_at=None)
        )
        db.session.commit()


@pytest.fixture
def plain(new_context: ContextMaker, super_admin: Person) -> Page:
    """A page of a browser without JavaScript."""
    return new_context(super_admin, java_script_enabled=False).new_page()


def test_cards_are_sorted_by_a_choice_without_javascript(
    plain: Page, echo: LiveServer, newcomers: Callable[[], Person]
) -> None:
    names = sorted(newcomers().name for _ in range(2))
    order = plain.get_by_label("Sort by")
    for choice, expected in (("Name, ascending", names), ("Name, descending", names[::-1])):
        plain.set_viewport_size({"width": 1280, "height": 800})
        visit(plain, f"{echo.url}/admin/users/?search=member&id=")
        expect(order).to_be_hidden()  # headings do it
        plain.set_viewport_size({"width": 390, "height": 844})
        order.focus()
        order.select_option(choice)
        for key in ("Tab", "Tab", "Enter"):  # past the filters
            plain.keyboard.press(key)
        expect(order.locator("option:checked")).to_have_text(choice)
        shown = plain.locator('td[data-column="username"]').all_inner_texts()
        found = [name for name in shown if name in names]
        assert found == expected


def test_headings_that_nobody_sees_take_no_focus(
    new_context: ContextMaker, echo: LiveServer, super_admin: Person
) -> None:
    page = new_context(super_admin).new_page()
    visit(page, f"{echo.url}/admin/users/")
    for width in range(640, 1000, 6):
        page.set_viewport_size({"width": width, "height": 800})
        heading = page.get_by_role("link", name="Name", exact=True)
        assert heading.is_visible() != page.get_by_label("Sort by").is_visible(), width


def test_people_are_switched_off_and_on_without_javascript(
    plain: Page, echo: LiveServer, member: Person
) -> None:
    for button, word in (("Switch off", "No"), ("Switch on", "Yes")):
        visit(plain, f"{echo.url}/admin/users/?search={member.name}")
        expect(plain.locator("time").first).to_contain_text("UTC")
        plain.get_by_role("checkbox", name=f"Tick {member.name}", exact=True).check()
        plain.get_by_role("button", name=button).click()
        plain.get_by_role("button", name=re.compile(f"{button}: 1")).click()
        visit(plain, f"{echo.url}/admin/users/?search={member.name}")
        expect(plain.locator('[data-column="active"]').first).to_have_text(word)


def test_picture_is_given_seen_and_deleted_without_javascript(
    plain: Page, echo: LiveServer, member: Person, picture: Path
) -> None:
    visit(plain, f"{echo.url}/admin/users/?search={member.name}")
    number = plain.locator('[data-column="id"]').first.inner_text()
    visit(plain, f"{echo.url}/admin/pictures/new/")
    plain.get_by_label("Person's number").fill(number)
    plain.get_by_label("Picture", exact=True).set_input_files(picture)
    plain.get_by_role("button", name="Give it").click()
    visit(plain, f"{echo.url}/admin/pictures/?user_id={number}")
    shown = plain.locator("img.preview")
    expect(shown).to_have_count(1)
    sent = plain.request.get(echo.url + str(shown.get_attribute("src")))
    assert sent.headers["content-type"] == "image/webp"
    plain.get_by_role("button", name="Delete").click()
    visit(plain, f"{echo.url}/admin/pictures/?user_id={number}")
    expect(plain.locator("img.preview")).to_have_count(0)


def test_table_comes_as_a_file(
    new_context: ContextMaker, echo: LiveServer, super_admin: Person, member: Person
) -> None:
    page = new_context(super_admin).new_page()
    visit(page, f"{echo.url}/admin/users/?search={member.name}")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert lines[0].startswith('"id","username","email","role"')
    assert f',"{member.name}","{member.name}@example.org","user",' in lines[1]
