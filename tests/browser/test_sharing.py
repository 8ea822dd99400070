"""A chat is shared from its menu, read by somebody without an account, continued by a member, and stopped."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import ContextMaker, open_chat
from tests.browser.talk import CHAT_ADDRESS, ask_and_wait, composer
from tests.browser.test_accessibility import expect_no_violations_in_either_theme
from tests.live.server import LiveServer, Person

PHONE = {"width": 390, "height": 844}
OWNED = "document.title.includes('owned') || 'owned' in window"


def dialog(page: Page) -> Page:
    page.get_by_role("button", name="More for this chat").click()
    page.get_by_role("menuitem", name="Share").click()
    expect(page.get_by_role("heading", name="Share this chat")).to_be_visible()
    return page


def test_a_chat_is_shared_read_continued_and_stopped(
    echo: LiveServer, chat: Page, newcomers, new_context: ContextMaker
) -> None:
    ask_and_wait(chat, "something rich")
    ask_and_wait(chat, "something wide")
    dialog(chat)
    chat.get_by_label("Everybody who has the link").check()
    chat.get_by_role("button", name="Create the link").press("Enter")
    link = chat.get_by_label("Link", exact=True)
    expect(link).to_be_focused()
    address = link.input_value()
    expect_no_violations_in_either_theme(chat)
    assert chat.get_by_role("link", name="See what others see").get_attribute("href") == address

    visitor = new_context(viewport=PHONE).new_page()
    visitor.goto(address)
    expect(visitor.locator(".shared .hljs-keyword").first).to_be_visible()
    expect(visitor.locator(".shared math").first).to_be_visible()
    expect(visitor.locator(".shared details.thought")).to_have_count(1)
    assert visitor.evaluate(OWNED) is False
    assert visitor.locator(".shared :is(script, iframe, img)").count() == 0
    assert visitor.locator('.shared a[href^="javascript:"]').count() == 0
    width = visitor.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"]
    expect_no_violations_in_either_theme(visitor)
    visitor.emulate_media(media="print")
    expect(visitor.get_by_role("link", name="Sign in to continue")).to_be_hidden()
    expect(visitor.locator(".code-head button").first).to_be_hidden()

    member: Person = newcomers()
    reader = open_chat(new_context(member).new_page(), echo)
    reader.goto(address)
    reader.get_by_role("button", name="Continue in my own chat").click()
    expect(reader).to_have_url(CHAT_ADDRESS)
    expect(reader.locator(".message")).to_have_count(4)
    ask_and_wait(reader, "and now?")
    expect(reader.locator(".message")).to_have_count(6)

    expect(chat.locator(".message")).to_have_count(4)
    chat.get_by_role("button", name="Close sharing").click()
    expect(composer(chat)).to_be_visible()
    ask_and_wait(chat, "more")
    dialog(chat)
    expect(chat.get_by_text("Others have opened it 2 times.")).to_be_visible()
    chat.get_by_role("button", name="Update the copy").click()
    expect(chat.get_by_role("button", name="Update the copy")).to_be_hidden()
    chat.get_by_role("button", name="Stop sharing").click()
    expect(chat.get_by_role("button", name="Create the link")).to_be_focused()
    visitor.emulate_media(media="screen")
    visitor.reload()
    expect(visitor.get_by_role("heading", name="Nothing to see here")).to_be_visible()
    expect_no_violations_in_either_theme(visitor)
