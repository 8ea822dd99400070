"""axe-core finds nothing to complain about: on any page, in any state of the chat, in both themes."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ContextMaker, open_chat
from tests.browser.talk import (
    answer,
    ask,
    ask_and_wait,
    choose,
    prose,
    stop_button,
    visit,
)
from tests.live.server import ROOT, LiveServer, Person

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
FADED = (
    "async () => { do {"
    "  await new Promise(requestAnimationFrame);"  # what inherits a colour fades after its parent
    "  await Promise.allSettled(document.getAnimations().map((one) => one.finished));"
    "} while (document.getAnimations().some((one) => one.playState === 'running')); }"
)
RUN = "async (only) => (await axe.run(document, {resultTypes: ['violations'], ...only})).violations"
ALL: dict[str, Any] = {}
OF_COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}  # what another theme can change


@cache
def axe_source(path: Path = AXE) -> str:
    return path.read_text()


def described(violation: dict[str, Any]) -> str:
    places = [f"{node['target']} {node['failureSummary']}" for node in violation["nodes"]]
    return f"{violation['id']} ({violation['impact']}): {violation['help']}\n" + "\n".join(places)


def expect_no_violations(page: Page, only: dict[str, Any] = ALL) -> None:
    page.wait_for_load_state()  # nothing is judged while another page is on its way
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe_source())
    found = page.evaluate(RUN, only)
    assert not found, "\n\n".join(described(violation) for violation in found)


def expect_no_violations_in_either_theme(page: Page) -> None:
    """Judge a page that follows the system's theme, in the other one its colours alone."""
    grounds = set()
    for theme, only in (("light", ALL), ("dark", OF_COLOURS)):
        page.emulate_media(color_scheme=theme)
        page.evaluate(FADED)
        expect_no_violations(page, only)
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == 2, grounds


@pytest.fixture
def visitor(new_context: ContextMaker) -> Page:
    return new_context(reduced_motion="reduce").new_page()


@pytest.fixture
def calm_chat(new_context: ContextMaker, echo: LiveServer, member: Person) -> Page:
    """A chat in which nothing moves: colours half faded in cannot be judged."""
    context = new_context(member, reduced_motion="reduce")
    return open_chat(context.new_page(), echo)


@pytest.mark.parametrize(
    "path", ["/", "/login", "/signup", "/help", "/help?q=password", "/api/docs", "/no/such/page"]
)
def test_pages_for_visitors_are_accessible(visitor: Page, echo: LiveServer, path: str) -> None:
    visit(visitor, echo.url + path)
    expect(visitor.get_by_role("heading", level=1)).to_be_visible()
    expect_no_violations_in_either_theme(visitor)


def test_form_with_an_error_is_accessible(visitor: Page, echo: LiveServer) -> None:
    visit(visitor, f"{echo.url}/login")
    visitor.get_by_label("Username or e-mail").fill("nobody")
    visitor.get_by_label("Password", exact=True).fill("wrong")
    visitor.get_by_role("button", name="Sign in", exact=True).click()
    complaint = re.compile("very fast|name or password is not right")
    expect(visitor.get_by_text(complaint).first).to_be_visible()
    expect_no_violations(visitor)


def test_chat_is_accessible_empty_streaming_stopped_finished_and_failed(calm_chat: Page) -> None:
    expect(calm_chat.locator("#suggestions button").first).to_be_visible()
    expect_no_violations_in_either_theme(calm_chat)
    ask(calm_chat, "an endless answer")
    expect(prose(calm_chat)).to_contain_text("word10 ")
    expect_no_violations_in_either_theme(calm_chat)
    stop_button(calm_chat).click()
    expect(answer(calm_chat).get_by_role("button", name="Continue")).to_be_visible()
    ask_and_wait(calm_chat, "something rich")
    expect(prose(calm_chat).locator("math")).to_have_count(1)
    expect(prose(calm_chat).locator(".hljs-keyword").first).to_be_visible()
    expect_no_violations_in_either_theme(calm_chat)
    ask(calm_chat, "break please")
    expect(answer(calm_chat).get_by_role("button", name="Retry")).to_be_visible()
    expect_no_violations_in_either_theme(calm_chat)


@pytest.mark.parametrize("tab", ["General", "This chat", "Data", "Keyboard"])
def test_settings_are_accessible(calm_chat: Page, tab: str) -> None:
    choose(calm_chat, "#account-button", "Settings")
    calm_chat.get_by_role("tab", name=tab).click()
    expect(calm_chat.get_by_role("tabpanel", name=tab)).to_be_visible()
    expect_no_violations(calm_chat)


def test_other_dialogs_and_menus_are_accessible(calm_chat: Page) -> None:
    ask_and_wait(calm_chat, "Where do walruses sleep?")
    calm_chat.keyboard.press("Control+K")
    search = calm_chat.get_by_role("dialog", name="Search chats")
    search.get_by_role("textbox", name="Search chats").fill("walruses")
    expect(search.locator("mark")).to_be_visible()
    expect_no_violations(calm_chat)
    calm_chat.keyboard.press("Escape")
    choose(calm_chat, "#account-button", "Give feedback")
    expect_no_violations(calm_chat)
    calm_chat.keyboard.press("Escape")
    calm_chat.locator("#chat-menu").click()
    expect(calm_chat.get_by_role("menu")).to_be_visible()
    expect_no_violations(calm_chat)
    calm_chat.keyboard.press("Escape")
    answer(calm_chat).get_by_role("button", name="Bad answer").click()
    expect(calm_chat.get_by_role("region", name="What was wrong?")).to_be_visible()
    expect_no_violations(calm_chat)
    choose(calm_chat, "#chat-menu", "Delete")
    expect(calm_chat.get_by_role("button", name="Undo")).to_be_visible()
    expect_no_violations(calm_chat)


def test_profile_is_accessible(calm_chat: Page, echo: LiveServer) -> None:
    visit(calm_chat, f"{echo.url}/profile")
    expect(calm_chat.get_by_role("heading", level=1)).to_be_visible()
    expect_no_violations_in_either_theme(calm_chat)


def test_admin_pages_are_accessible(
    new_context: ContextMaker, echo: LiveServer, super_admin: Person
) -> None:
    page = new_context(super_admin, reduced_motion="reduce").new_page()
    visit(page, f"{echo.url}/admin/")
    expect(page.get_by_role("heading", name="Sign-ups")).to_be_visible()
    expect_no_violations_in_either_theme(page)
    links = page.locator(".admin-menu a")
    for name in links.all_inner_texts()[1:]:
        page.locator(".admin-menu").get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name.strip())
        expect_no_violations_in_either_theme(page)


def test_phone_is_accessible_with_the_drawer_open(
    new_context: ContextMaker, echo: LiveServer, member: Person
) -> None:
    context = new_context(
        member, viewport={"width": 390, "height": 844}, has_touch=True, reduced_motion="reduce"
    )
    page = open_chat(context.new_page(), echo)
    expect_no_violations(page)
    page.get_by_role("button", name="Open sidebar").tap()
    expect(page.locator("#sidebar")).to_be_visible()
    expect_no_violations(page)
