"""The page as it is read from right to left: mirrored, within the window, under the finger too."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from echo.languages import COOKIE
from tests.browser.conftest import ContextMaker
from tests.browser.talk import visit
from tests.browser.test_layout import PHONE, expect_in_view, expect_no_sideways_scrolling, swipe
from tests.live.server import LiveServer, Person

WIDE = {"viewport": {"width": 1280, "height": 800}}


@pytest.fixture
def arabic(new_context: ContextMaker, echo: LiveServer, member: Person) -> ContextMaker:
    """Make a browser whose reader reads Arabic."""

    def make(person: Person | None = None, **options: object) -> BrowserContext:
        context = new_context(person or member, **options)
        context.add_cookies([{"name": COOKIE, "value": "ar", "url": echo.url}])
        return context

    return make


def opened(context: BrowserContext, echo: LiveServer) -> Page:
    """The chat page, found by what is the same in every language."""
    page = context.new_page()
    visit(page, echo.url)
    page.locator("#composer-text").wait_for()
    return page


def box(place: Locator) -> dict[str, float]:
    found = place.bounding_box()
    assert found is not None
    return {**found, "end": found["x"] + found["width"]}


def test_the_chat_is_mirrored_and_code_is_not(arabic: ContextMaker, echo: LiveServer) -> None:
    page = opened(arabic(**WIDE), echo)
    page.locator("#composer-text").fill("rich")
    page.keyboard.press("Enter")
    expect(
        page.locator(".message.assistant:not(.live) .message-actions button").first
    ).to_be_attached()
    assert box(page.locator("#sidebar"))["end"] == 1280
    send, field = box(page.locator("#composer .send")), box(page.locator("#composer-text"))
    assert send["end"] <= field["x"]
    asked = box(page.locator(".message.user .message-body"))
    assert asked["x"] == pytest.approx(box(page.locator("#message-list"))["x"], abs=1)
    code = page.locator(".code-block")
    assert box(code.locator(".language"))["end"] < box(code.locator(".copy-code"))["x"]
    assert code.locator("pre").evaluate("pre => getComputedStyle(pre).direction") == "ltr"
    expect_no_sideways_scrolling(page)


def test_menus_begin_with_their_buttons_and_stay_in_the_window(
    arabic: ContextMaker, echo: LiveServer
) -> None:
    page = opened(arabic(**WIDE), echo)
    for name, edge in (("account-button", "end"), ("model-picker", "x")):  # the second has no room
        button = page.locator(f"#{name}")
        button.click()
        menu = page.get_by_role("menu")
        expect_in_view(menu)
        assert box(menu)[edge] == pytest.approx(box(button)[edge], abs=1)
        page.keyboard.press("Escape")


def test_the_drawer_comes_from_the_right(arabic: ContextMaker, echo: LiveServer) -> None:
    context = arabic(**PHONE)
    page = opened(context, echo)
    drawer = page.locator("#sidebar")
    expect(drawer).not_to_be_in_viewport()
    expect_no_sideways_scrolling(page)
    swipe(page, context, 385, 130)
    expect_in_view(drawer)
    assert box(drawer)["end"] == 390
    swipe(page, context, 110, 370)
    expect(drawer).not_to_be_in_viewport()
    swipe(page, context, 5, 260)  # the edge where it is in English
    expect(drawer).not_to_be_in_viewport()


def test_names_in_tables_are_cut_at_their_own_end(
    arabic: ContextMaker, echo: LiveServer, super_admin: Person
) -> None:
    echo.member("a_very_long_name_of_somebody")
    page = arabic(super_admin, **WIDE).new_page()
    visit(page, f"{echo.url}/admin/users/?search=a_very_long_name")
    for column in ("username", "email"):
        cell = page.locator(f"td[data-column={column}]")
        text = cell.locator(".one-line")
        assert text.evaluate("one => one.scrollWidth > one.clientWidth")
        assert text.evaluate("one => getComputedStyle(one).direction") == "ltr"
        assert box(text)["end"] > box(cell)["end"] - 16, "it begins where the column does"


@pytest.mark.parametrize("path", ["/help", "/profile", "/admin/", "/admin/users/"])
def test_no_page_is_wider_than_the_screen(
    arabic: ContextMaker, echo: LiveServer, super_admin: Person, path: str
) -> None:
    for size in (WIDE, PHONE):
        page: Page = arabic(super_admin, **size).new_page()
        visit(page, f"{echo.url}{path}")
        expect(page.locator("h1")).to_be_visible()
        expect_no_sideways_scrolling(page)
