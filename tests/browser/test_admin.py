"""The admin side as its owner sees it: a chart that follows the chosen days, and tables that open."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import ContextMaker
from tests.browser.talk import choose, composer, visit
from tests.live.server import LiveServer, Person


@pytest.fixture
def admin(new_context: ContextMaker, echo: LiveServer, super_admin: Person) -> Page:
    """The dashboard, seen by a super admin."""
    page = new_context(super_admin, color_scheme="light").new_page()
    visit(page, f"{echo.url}/admin/")
    return page


def chart(page: Page) -> Locator:
    return page.locator(".only-light img")


def picture(page: Page) -> bytes:
    """What the chart's address gives; it is drawn before this returns."""
    chart(page).scroll_into_view_if_needed()
    expect(chart(page)).to_have_js_property("complete", True)
    assert chart(page).evaluate("image => image.naturalWidth") > 100
    address = chart(page).evaluate("image => image.currentSrc")
    return page.context.request.get(address).body()


def test_admin_comes_to_the_dashboard_from_the_chat_and_back(admin: Page, echo: LiveServer) -> None:
    visit(admin, echo.url)
    choose(admin, "#account-button", "Admin")
    expect(admin.get_by_role("heading", level=1)).to_have_text("Dashboard")
    expect(admin.locator(".stat", has_text="People").locator(".stat-value")).to_have_text(
        re.compile(r"[1-9]")
    )
    admin.get_by_role("link", name="Back to the chat").click()
    expect(composer(admin)).to_be_visible()


def test_chart_changes_with_the_range_of_days(admin: Page) -> None:
    usual = picture(admin)
    today = datetime.now(UTC).date()
    admin.get_by_label("From").fill((today - timedelta(days=3)).isoformat())
    admin.get_by_label("To").fill(today.isoformat())
    admin.get_by_role("button", name="Show").click()
    expect(admin.locator(".chart-table tbody tr")).to_have_count(4)
    four_days = picture(admin)
    assert four_days != usual
    admin.get_by_role("link", name="7 days").click()
    expect(admin.locator(".chart-table tbody tr")).to_have_count(7)
    assert picture(admin) not in (usual, four_days)
    with admin.expect_download() as download:
        admin.get_by_role("link", name="CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert len(lines) == 1 + 7


def test_reversed_range_is_refused_in_words(admin: Page) -> None:
    today = datetime.now(UTC).date()
    admin.get_by_label("From").fill(today.isoformat())
    admin.get_by_label("To").fill((today - timedelta(days=3)).isoformat())
    admin.get_by_role("button", name="Show").click()
    expect(admin.get_by_role("alert")).to_be_visible()
    expect(chart(admin)).to_be_visible()


def test_chart_follows_the_theme(admin: Page) -> None:
    expect(admin.locator(".only-light img")).to_be_visible()
    expect(admin.locator(".only-dark img")).to_be_hidden()
    admin.emulate_media(color_scheme="dark")
    expect(admin.locator(".only-dark img")).to_be_visible()
    expect(admin.locator(".only-light img")).to_be_hidden()


def test_tables_are_searched_and_rows_opened(admin: Page, member: Person) -> None:
    admin.locator(".admin-menu").get_by_role("link", name="People").click()
    admin.get_by_role("searchbox").fill(member.name)
    admin.get_by_role("button", name="Show").click()
    expect(admin.locator("table.rows tbody")).to_contain_text(f"{member.name}@example.org")
    admin.get_by_role("link", name=re.compile("^Open")).first.click()
    expect(admin.get_by_role("heading", level=1)).to_contain_text("member")


def test_member_does_not_see_the_admin_side(chat: Page, echo: LiveServer) -> None:
    chat.locator("#account-button").click()
    expect(chat.get_by_role("menuitem", name="Settings")).to_be_visible()
    expect(chat.get_by_role("menuitem", name="Admin")).to_have_count(0)
    assert visit(chat, f"{echo.url}/admin/") in (403, 404)
    expect(chat.get_by_role("heading", name="Sign-ups")).to_have_count(0)
