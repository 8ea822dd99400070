"""The admin side as its owner sees it: charts that come and follow the days, live numbers, tables."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import ContextMaker, open_chat
from tests.browser.talk import ask, choose, composer, stop_button, visit
from tests.browser.test_accessibility import (
    expect_no_violations,
    expect_no_violations_in_either_theme,
)
from tests.live.server import LiveServer, Person


@pytest.fixture
def admin(new_context: ContextMaker, echo: LiveServer, super_admin: Person) -> Page:
    """The dashboard, seen by a super admin."""
    page = new_context(super_admin, color_scheme="light").new_page()
    visit(page, f"{echo.url}/admin/")
    return page


def panel(page: Page, name: str = "signups") -> Locator:
    return page.locator(f"#chart-{name}")


def picture(page: Page, name: str = "signups") -> bytes:
    """What the picture's address gives; the browser has drawn it before this returns."""
    shown = panel(page, name).locator("img:visible")
    shown.scroll_into_view_if_needed()
    drawn(shown)
    address = shown.evaluate("image => image.currentSrc")
    return page.context.request.get(address).body()


def drawn(image: Locator) -> None:
    expect(image).to_have_js_property("complete", True)
    assert image.evaluate("image => image.naturalWidth") > 100


def test_admin_comes_to_the_dashboard_from_the_chat_and_back(admin: Page, echo: LiveServer) -> None:
    visit(admin, echo.url)
    choose(admin, "#account-button", "Admin")
    expect(admin.get_by_role("heading", level=1)).to_have_text("Dashboard")
    expect(admin.locator(".stat", has_text="People").locator(".stat-value")).to_have_text(
        re.compile(r"\d")
    )
    admin.get_by_role("link", name="Back to the chat").click()
    expect(composer(admin)).to_be_visible()


def test_chart_changes_with_the_range_of_days(admin: Page) -> None:
    usual = picture(admin)
    today = datetime.now(UTC).date()
    admin.get_by_label("From", exact=True).fill((today - timedelta(days=3)).isoformat())
    admin.get_by_label("To", exact=True).fill(today.isoformat())
    admin.get_by_role("button", name="Show").click()
    expect(panel(admin).locator("tbody tr")).to_have_count(4)
    four_days = picture(admin)
    assert four_days != usual
    admin.get_by_role("link", name="7 days").click()
    expect(panel(admin).locator("tbody tr")).to_have_count(7)
    assert picture(admin) not in (usual, four_days)
    with admin.expect_download() as download:
        admin.get_by_role("link", name="Sign-ups as CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert len(lines) == 1 + 7


def test_reversed_range_is_refused_in_words(admin: Page) -> None:
    today = datetime.now(UTC).date()
    admin.get_by_label("From", exact=True).fill(today.isoformat())
    admin.get_by_label("To", exact=True).fill((today - timedelta(days=3)).isoformat())
    admin.get_by_role("button", name="Show").click()
    expect(admin.get_by_role("alert")).to_contain_text("ends before it begins")
    assert picture(admin)


def test_charts_are_fetched_when_they_come_near(admin: Page) -> None:
    last = panel(admin, "feedback-rating")
    expect(panel(admin).locator("img:visible")).to_be_visible()
    expect(last).to_have_attribute("aria-busy", "true")
    expect(last).to_contain_text("Drawing")
    last.scroll_into_view_if_needed()
    drawn(last.locator("img:visible"))
    expect(last).not_to_have_attribute("aria-busy", "true")
    expect(last.locator("table")).to_be_visible()


def test_page_does_not_jump_when_a_chart_comes(admin: Page) -> None:
    """The place that is kept for a chart is about as high as the chart."""
    waiting = panel(admin, "feedback-rating").bounding_box()
    assert waiting
    panel(admin, "feedback-rating").scroll_into_view_if_needed()
    drawn(panel(admin, "feedback-rating").locator("img:visible"))
    loaded = panel(admin, "feedback-rating").bounding_box()
    assert loaded
    assert abs(loaded["height"] - waiting["height"]) < 60


def test_chart_that_cannot_be_drawn_is_offered_again(
    new_context: ContextMaker, echo: LiveServer, super_admin: Person
) -> None:
    page = new_context(super_admin).new_page()
    page.route("**/admin/charts/signups?*", lambda route: route.fulfill(status=404, body=""))
    visit(page, f"{echo.url}/admin/")
    again = panel(page).get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    page.unroute("**/admin/charts/signups?*")
    again.click()
    expect(panel(page).locator("img:visible")).to_be_visible()


def test_chart_follows_the_theme(admin: Page) -> None:
    light = picture(admin)
    expect(panel(admin).locator(".only-dark img")).to_be_hidden()
    admin.emulate_media(color_scheme="dark")
    expect(panel(admin).locator(".only-light img")).to_be_hidden()
    dark = picture(admin)
    assert light != dark
    admin.emulate_media(color_scheme="light")
    admin.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert picture(admin) == dark


def test_days_are_those_of_the_browser(
    new_context: ContextMaker, echo: LiveServer, super_admin: Person
) -> None:
    page = new_context(super_admin, timezone_id="Pacific/Auckland").new_page()
    visit(page, f"{echo.url}/profile")  # any page tells the zone
    visit(page, f"{echo.url}/admin/")
    expect(page.get_by_text("Days are those of Pacific/Auckland.")).to_be_visible()


def test_live_numbers_follow_a_reply(
    admin: Page, new_context: ContextMaker, echo: LiveServer, member: Person
) -> None:
    def stat(name: str) -> Locator:
        return admin.locator(f'[data-stat="{name}"]')

    expect(admin.locator("#live-strip")).to_be_visible()
    expect(stat("engine")).to_have_text("ready")
    writer = open_chat(new_context(member).new_page(), echo)
    ask(writer, "endless")
    expect(stat("generating")).to_have_text(re.compile("[1-9]"))
    expect(stat("tokens_per_second")).to_have_text(re.compile("[1-9]"))
    stop_button(writer).click()
    expect(stat("generating")).to_have_text("0")


def test_values_are_read_by_pointer_and_by_keyboard(admin: Page) -> None:
    picture(admin)
    layer, tip = panel(admin).locator(".chart-layer"), panel(admin).locator(".chart-tip")
    box = layer.bounding_box()
    assert box
    layer.hover(position={"x": box["width"] * 0.97, "y": box["height"] / 2})
    today = datetime.now(UTC).date()
    expect(tip).to_contain_text(f"{today:%B} {today.day}, {today.year}Sign-ups: ")
    row = panel(admin).locator("tr.read")
    expect(row.locator("time")).to_have_attribute("title", today.isoformat())
    admin.mouse.move(0, 0)
    expect(tip).to_be_hidden()
    layer.focus()
    admin.keyboard.press("Home")
    admin.keyboard.press("ArrowRight")
    second = today - timedelta(days=28)
    words = re.compile(f"^{second:%B} {second.day}, {second.year}; Sign-ups: ")
    expect(layer).to_have_attribute("aria-valuetext", words)
    expect(layer).to_have_attribute("aria-valuenow", "2")
    expect(tip).to_be_visible()
    expect_no_violations(admin)
    admin.keyboard.press("Escape")
    expect(tip).to_be_hidden()


def test_everything_can_be_reached_by_keyboard(admin: Page) -> None:
    expect(panel(admin).locator("img:visible")).to_be_visible()
    report = admin.locator(".report-menu")
    report.locator("summary").focus()
    admin.keyboard.press("Enter")
    expect(report.get_by_role("link").first).to_be_visible()
    admin.keyboard.press("Escape")
    expect(report.get_by_role("link").first).to_be_hidden()
    panel(admin).get_by_role("link", name="Sign-ups as PNG").focus()
    for reached in ("Sign-ups as CSV", "How this is counted", "Sign-ups, table"):
        admin.keyboard.press("Tab")
        name = "document.activeElement.ariaLabel ?? document.activeElement.textContent"
        assert admin.evaluate(name) == reached


def test_dashboard_works_without_javascript(
    new_context: ContextMaker, echo: LiveServer, super_admin: Person
) -> None:
    page = new_context(super_admin, java_script_enabled=False, color_scheme="light").new_page()
    visit(page, f"{echo.url}/admin/?days=7")
    expect(page.locator("#live-strip")).to_be_hidden()
    panel(page).get_by_role("link", name="Show this chart").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign-ups")
    expect(page.locator("img:visible")).to_have_count(1)
    expect(page.locator(".chart-table tbody tr")).to_have_count(7)
    page.get_by_role("link", name="Dashboard").first.click()
    expect(page.get_by_label("From", exact=True)).not_to_have_value("")


@pytest.mark.parametrize("width", [390, 1280])
def test_dashboard_is_accessible(
    new_context: ContextMaker, echo: LiveServer, super_admin: Person, width: int
) -> None:
    size = {"width": width, "height": 800}
    page = new_context(super_admin, viewport=size, reduced_motion="reduce").new_page()
    visit(page, f"{echo.url}/admin/")
    for each in page.locator(".chart-panel").all():
        each.scroll_into_view_if_needed()
        expect(each.locator("table")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    expect_no_violations_in_either_theme(page)


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


def test_the_menu_stays_in_view_beside_a_long_page(admin: Page, echo: LiveServer) -> None:
    menu = admin.get_by_role("navigation", name="Administration")
    for place in ("Dashboard", "Downloads"):
        expect(menu.get_by_role("link", name=place)).to_be_in_viewport(ratio=1)
    admin.evaluate("scrollTo(0, document.body.scrollHeight)")
    for place in ("Dashboard", "Downloads"):
        expect(menu.get_by_role("link", name=place)).to_be_in_viewport(ratio=1)
    admin.set_viewport_size({"width": 1280, "height": 400})
    visit(admin, f"{echo.url}/admin/audit/")
    expect(menu.get_by_role("link", name="Audit trail")).to_be_in_viewport(ratio=1)


def test_on_a_phone_the_menu_is_folded(
    new_context: ContextMaker, echo: LiveServer, super_admin: Person
) -> None:
    phone = {"width": 390, "height": 844}
    page = new_context(super_admin, viewport=phone, has_touch=True).new_page()
    visit(page, f"{echo.url}/admin/users/")
    menu = page.locator(".admin-menu")
    expect(menu.get_by_role("link", name="Roles")).to_be_hidden()
    expect(menu.locator("summary")).to_have_text("MenuPeople")
    menu.locator("summary").click()
    menu.get_by_role("link", name="Roles").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Roles")
    expect(menu.get_by_role("link", name="People")).to_be_hidden()
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(menu.get_by_role("link", name="People")).to_be_visible()
    expect(menu.locator("summary")).to_be_hidden()


def test_another_notice_reaches_open_chats_and_goes_again(
    admin: Page, echo: LiveServer, chat: Page
) -> None:
    notice = chat.get_by_role("region", name="Notice")
    expect(notice).to_be_hidden()
    for text in ("Closed at noon.", "Closed at one.", ""):
        visit(admin, f"{echo.url}/admin/settings/")
        admin.get_by_label("Notice above the chat and the home page").fill(text)
        admin.get_by_role("button", name="Save").click()
        if not text:
            break
        expect(notice).to_have_text(text)
        expect(chat.locator("#announcer")).to_contain_text(text)
        assert chat.evaluate("document.documentElement.scrollHeight <= innerHeight")
        notice.get_by_role("button", name="Dismiss the notice").click()
        expect(notice).to_be_hidden()
        chat.reload()
        expect(chat.locator("#composer-text")).to_be_visible()
        expect(notice).to_be_hidden()
        chat.context.clear_cookies(name="echo_banner")
        chat.reload()
        expect(notice).to_have_text(text)
    expect(notice).to_be_hidden()


@pytest.mark.parametrize("width", [390, 1280])
def test_what_was_done_is_told_below_the_head(admin: Page, echo: LiveServer, width: int) -> None:
    admin.set_viewport_size({"width": width, "height": 800})
    visit(admin, f"{echo.url}/admin/settings/")
    admin.get_by_role("button", name="Save").click()
    told = admin.locator(".toast").bounding_box()
    assert told is not None
    buttons = admin.locator(".admin-head a, .admin-menu summary:visible").all()
    assert buttons
    for button in buttons:
        box = button.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= told["y"]


def test_what_is_refused_of_a_long_form_is_in_view(admin: Page, echo: LiveServer) -> None:
    visit(admin, f"{echo.url}/admin/settings/")
    admin.get_by_label("Temperature").fill("30")
    admin.get_by_role("button", name="Save").click()
    expect(admin.get_by_label("Temperature")).to_be_focused()
    expect(admin.get_by_label("Temperature")).to_be_in_viewport(ratio=1)
