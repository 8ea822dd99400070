"""The help in a real browser: found from the chat, filtered while one types, with links that open dialogs."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ContextMaker, open_chat
from tests.browser.talk import ask_and_wait, choose, question, visit
from tests.browser.test_layout import PHONE, expect_no_sideways_scrolling
from tests.live.server import LiveServer, Person


def test_help_is_a_click_away_and_filters_while_one_types(chat: Page) -> None:
    choose(chat, "#account-button", "Help")
    expect(chat.get_by_role("heading", name="Help", level=1)).to_be_visible()
    expect(chat.locator("#delete-account")).to_be_attached()
    chat.get_by_label("Search the help").press_sequentially("dark")
    expect(chat.locator(".help-entry")).to_have_count(1)
    expect(chat.locator(".help-entry")).to_contain_text("Theme")
    expect(chat).to_have_url(re.compile(r"/help\?q=dark$"))
    expect(chat.get_by_role("status").filter(has_text="1 entry")).to_be_visible()
    chat.get_by_label("Search the help").fill("xylophone")
    expect(chat.get_by_text("Nothing for")).to_be_visible()
    chat.get_by_role("link", name="Show everything").click()
    expect(chat.locator("#delete-account")).to_be_attached()


@pytest.mark.parametrize(
    ("fragment", "dialog", "shown"),
    [
        ("settings-general", "Settings", "Theme"),
        ("settings-chat", "Settings", "Temperature"),
        ("settings-account", "Settings", "Your numbers"),
        ("settings-security", "Settings", "This device"),
        ("settings-data", "Settings", "Clear this chat"),
        ("settings-keyboard", "Settings", "Show these keys"),
        ("feedback", "Tell us what you think", "Your words"),
        ("search", "Search chats", "Type a few words"),
    ],
)
def test_links_into_the_chat_open_the_dialog(
    chat: Page, echo: LiveServer, fragment: str, dialog: str, shown: str
) -> None:
    visit(chat, f"{echo.url}/help")
    chat.locator(f'.help-place[href="/#{fragment}"]').first.click()
    opened = chat.get_by_role("dialog", name=dialog)
    expect(opened).to_be_visible()
    expect(opened).to_contain_text(shown)
    expect(chat).to_have_url(f"{echo.url}/")
    chat.keyboard.press("Escape")
    expect(opened).to_be_hidden()


def test_an_address_with_an_unknown_fragment_opens_nothing(chat: Page, echo: LiveServer) -> None:
    for fragment in ("settings-nothing", "constructor", "__proto__", "%"):
        visit(chat, f"{echo.url}/help")
        visit(chat, f"{echo.url}/#{fragment}")
        expect(chat.get_by_label("Message to Echo")).to_be_visible()
        expect(chat.locator("dialog[open]")).to_have_count(0)


def test_the_list_of_keys_leads_to_the_help(chat: Page) -> None:
    chat.keyboard.press("Control+/")
    chat.get_by_role("link", name="Help: everything else").click()
    expect(chat.get_by_role("heading", name="Help", level=1)).to_be_visible()


def test_a_link_to_one_entry_marks_it(page: Page, echo: LiveServer) -> None:
    visit(page, f"{echo.url}/help#forgot-password")
    expect(page.locator("#forgot-password")).to_be_in_viewport()


def test_visitors_find_it_below_the_sign_in_form(page: Page, echo: LiveServer) -> None:
    visit(page, f"{echo.url}/login")
    page.get_by_role("link", name="Help", exact=True).click()
    expect(page.locator("#sign-up")).to_be_attached()
    expect(page.locator("#dashboard")).to_have_count(0)


def test_it_works_without_a_script(new_context: ContextMaker, echo: LiveServer) -> None:
    page = new_context(java_script_enabled=False).new_page()
    visit(page, f"{echo.url}/help")
    page.get_by_label("Search the help").fill("forgot password")
    page.get_by_role("button", name="Search").click()
    expect(page).to_have_url(re.compile(r"/help\?q=forgot\+password$"))
    expect(page.locator("#forgot-password")).to_be_visible()


def test_phone_shows_it_without_sideways_scrolling(
    new_context: ContextMaker, echo: LiveServer, member: Person
) -> None:
    page = open_chat(new_context(member, **PHONE).new_page(), echo)
    visit(page, f"{echo.url}/help")
    expect(page.locator(".help-entry").first).to_be_visible()
    expect_no_sideways_scrolling(page)


def test_a_question_about_echo_is_shown_as_it_was_typed(chat: Page) -> None:
    """The help that the model gets beside it is nobody's to see."""
    ask_and_wait(chat, "How do I change my password?")
    expect(question(chat)).to_have_text(
        re.compile(r"^How do I change my password\?(just now)?\s*$")
    )
    chat.reload()
    expect(question(chat)).to_have_text(
        re.compile(r"^How do I change my password\?(just now)?\s*$")
    )
