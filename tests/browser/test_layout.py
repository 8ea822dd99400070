"""How the page fits a phone, follows light and dark, and is used by keyboard alone."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, expect

from echo.extensions import db
from echo.languages import LANGUAGES
from echo.models import Role
from tests.browser.conftest import ContextMaker, open_chat
from tests.browser.talk import (
    CALM,
    CHAT_ADDRESS,
    answer,
    ask,
    ask_and_wait,
    call,
    choose,
    composer,
    prose,
    question,
    stop_button,
    visit,
    wait_for_end,
)
from tests.live.server import LiveServer, Person, wait_until

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
LIGHT, DARK = 200, 60
WHOLE_WIDTH = """select => {
  const copy = select.cloneNode(true);
  copy.replaceChildren(copy.options[select.selectedIndex]);
  copy.style = "position: absolute; width: auto; max-width: none";
  select.after(copy);
  const width = copy.offsetWidth;
  copy.remove();
  return width;
}"""


def brightness(page: Page) -> float:
    """The mean of the picture that a person sees, from black 0 to white 255."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("L")
    return sum(picture.resize((16, 16)).tobytes()) / 256


def expect_no_sideways_scrolling(page: Page) -> None:
    wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"the page is {wide} px wider than the screen"


def swipe(page: Page, context: BrowserContext, start: int, end: int) -> None:
    finger = context.new_cdp_session(page)
    step = (end - start) / 6
    points = [{"x": start + step * number, "y": 400} for number in range(7)]
    for number, point in enumerate(points):
        kind = "touchStart" if number == 0 else "touchMove"
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def expect_in_view(place: Locator) -> None:
    expect(place).to_be_in_viewport(ratio=1)


def test_a_long_title_gives_way_before_the_model_and_the_tags(chat: Page) -> None:
    ask_and_wait(chat, "Good day")
    named = {"title": "A very long title that goes on " * 3, "tags": ["homework", "history"]}
    chat_id = chat.url.rsplit("/", 1)[1]
    call(chat, "PATCH", f"/api/conversations/{chat_id}", **named)
    expect(chat.locator("#chat-title")).to_contain_text("A very long")
    chat.locator("#model-picker .name").evaluate("node => node.textContent = 'SmolLM2 360M'")
    for width in (1280, 1000, 600):
        chat.set_viewport_size({"width": width, "height": 800})
        expect_no_sideways_scrolling(chat)
        for part in ("#model-picker .name", "#chat-tags .tag > span"):
            for node in chat.locator(part).all():
                cut = node.evaluate("node => node.scrollWidth - node.clientWidth")
                assert cut <= 0, (width, node.inner_text())
        assert (chat.locator("#chat-title").bounding_box() or {})["width"] > 40


def test_phone_has_a_drawer_and_the_composer_in_reach(
    new_context: ContextMaker, echo: LiveServer, member: Person
) -> None:
    context = new_context(member, **PHONE)
    page = open_chat(context.new_page(), echo)
    sidebar = page.locator("#sidebar")
    expect(sidebar).to_be_hidden()
    expect_in_view(composer(page))
    expect_no_sideways_scrolling(page)
    composer(page).fill("something rich")
    page.get_by_role("button", name="Send", exact=True).tap()
    wait_for_end(page)
    expect(prose(page).locator("pre code")).to_contain_text("far too long for any telephone")
    expect_no_sideways_scrolling(page)
    expect_in_view(composer(page))
    page.get_by_role("button", name="Open sidebar").tap()
    expect(sidebar).to_be_visible()
    expect_no_sideways_scrolling(page)
    page.touchscreen.tap(375, 600)
    expect(sidebar).to_be_hidden()
    swipe(page, context, 5, 260)
    expect(sidebar).to_be_visible()
    swipe(page, context, 280, 20)
    expect(sidebar).to_be_hidden()
    page.get_by_role("button", name="Open sidebar").tap()
    sidebar.get_by_role("link", name="New chat").tap()
    expect(sidebar).to_be_hidden()
    expect(page.locator(".message")).to_have_count(0)
    page.get_by_role("button", name="Settings of this chat").tap()
    expect_in_view(page.get_by_role("dialog", name="Settings"))
    expect_no_sideways_scrolling(page)


def test_drawer_keeps_the_focus_and_escape_closes_it_alone(chat: Page) -> None:
    chat.set_viewport_size({"width": 390, "height": 800})
    ask(chat, "an endless answer")
    expect(prose(chat)).to_contain_text("word5 ")
    opener = chat.get_by_role("button", name="Open sidebar")
    opener.click()
    sidebar = chat.locator("#sidebar")
    for _ in range(12):
        chat.keyboard.press("Tab")
        assert chat.evaluate("!document.getElementById('chat').contains(document.activeElement)")
    sidebar.get_by_role("button", name="Account menu").click()
    chat.keyboard.press("Escape")
    expect(chat.get_by_role("menu")).to_have_count(0)
    expect(sidebar).to_be_visible()
    chat.keyboard.press("Escape")
    expect(sidebar).to_be_hidden()
    expect(opener).to_be_focused()
    expect(stop_button(chat)).to_be_visible()
    chat.keyboard.press("Escape")
    expect(stop_button(chat)).to_have_count(0)


def test_phone_shows_every_page_without_sideways_scrolling(
    new_context: ContextMaker, echo: LiveServer, member: Person
) -> None:
    page = new_context(**PHONE).new_page()
    for path in ("/", "/signup", "/login", "/no/such/page"):
        visit(page, echo.url + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect_no_sideways_scrolling(page)
    inside = new_context(member, **PHONE).new_page()
    visit(inside, f"{echo.url}/profile")
    expect_no_sideways_scrolling(inside)


def test_enter_on_a_phone_breaks_the_line(
    new_context: ContextMaker, echo: LiveServer, member: Person
) -> None:
    page = open_chat(new_context(member, **PHONE).new_page(), echo)
    composer(page).fill("one")
    composer(page).press("Enter")
    composer(page).press_sequentially("two")
    expect(composer(page)).to_have_value("one\ntwo")
    expect(page.locator(".message")).to_have_count(0)


def test_theme_follows_the_system_until_one_is_chosen(chat: Page) -> None:
    chat.emulate_media(color_scheme="light")
    wait_until(lambda: brightness(chat) > LIGHT, what="the page is light")
    chat.emulate_media(color_scheme="dark")
    wait_until(lambda: brightness(chat) < DARK, what="the page is dark")
    choose(chat, "#account-button", "Settings")
    dialog = chat.get_by_role("dialog", name="Settings")
    dialog.get_by_role("radio", name="Light").check()
    expect(chat.locator("html")).to_have_attribute("data-theme", "light")
    dialog.get_by_role("button", name="Close settings").click()
    chat.reload()
    expect(chat.locator("html")).to_have_attribute("data-theme", "light")
    expect(composer(chat)).to_be_focused()
    wait_until(lambda: brightness(chat) > LIGHT, what="the page is light as chosen")
    choose(chat, "#account-button", "Settings")
    dialog.get_by_role("radio", name="System").check()
    dialog.get_by_role("button", name="Close settings").click()
    expect(dialog).to_be_hidden()
    wait_until(lambda: brightness(chat) < DARK, what="the page is dark as the system")


def test_sidebar_stays_closed_after_a_reload(chat: Page) -> None:
    chat.get_by_role("button", name="Close sidebar").click()
    expect(chat.locator("#sidebar")).not_to_be_in_viewport()
    chat.reload()
    expect(chat.locator("#sidebar")).not_to_be_in_viewport()
    chat.keyboard.press("Control+Shift+S")
    expect(chat.locator("#sidebar")).to_be_in_viewport()


def test_page_never_scrolls_but_the_list_does(chat: Page) -> None:
    ask_and_wait(chat, "a steady answer")
    for text in ("something rich", "rich again", "and rich once more"):
        ask_and_wait(chat, text)
    assert chat.evaluate("() => document.documentElement.scrollHeight <= innerHeight")
    expect_in_view(composer(chat))
    expect(prose(chat)).to_be_in_viewport()
    chat.keyboard.press("Control+Shift+ArrowUp")
    expect(chat.locator(".message.user").first).to_be_in_viewport()
    to_bottom = chat.get_by_role("button", name="To the newest message")
    to_bottom.click()
    expect(prose(chat)).to_be_in_viewport()


def test_whole_talk_by_keyboard_alone(chat: Page) -> None:
    keys = chat.keyboard
    expect(composer(chat)).to_be_focused()
    keys.type("an endless answer")
    keys.press("Enter")
    expect(prose(chat)).to_contain_text("word5 ")
    keys.press("Escape")
    expect(answer(chat).get_by_role("button", name="Continue")).to_be_visible()
    keys.press("Control+Shift+E")
    expect(stop_button(chat)).to_be_visible()
    expect(prose(chat)).to_contain_text("word5 ")
    keys.press("Escape")
    expect(answer(chat)).to_contain_text("2/2")
    keys.press("ArrowUp")
    expect(chat.get_by_label("Edit your message")).to_be_focused()
    keys.press("Control+A")
    keys.type("Good day")
    keys.press("Control+Enter")
    expect(question(chat)).to_contain_text("Good day")
    wait_for_end(chat)
    expect(prose(chat)).to_have_text(CALM)
    keys.press("Control+Shift+O")
    expect(chat.locator(".message")).to_have_count(0)
    expect(composer(chat)).to_be_focused()
    keys.type("first line")
    keys.press("Shift+Enter")
    keys.type("second line")
    expect(composer(chat)).to_have_value("first line\nsecond line")
    keys.press("Enter")
    expect(chat).to_have_url(CHAT_ADDRESS)
    wait_for_end(chat)
    keys.press("Control+Shift+Backspace")
    expect(chat.locator(".message")).to_have_count(0)
    expect(chat.get_by_role("button", name="Undo")).to_be_visible()


def test_keys_are_chosen_anew_and_put_back(chat: Page) -> None:
    chat.keyboard.press("Control+/")
    settings = chat.get_by_role("dialog", name="Settings")
    search = settings.locator("[data-act=search] .key-button")
    search.click()
    chat.keyboard.press("Control+R")
    expect(settings.get_by_text("Ctrl+R belongs to the browser.")).to_be_visible()
    chat.keyboard.press("Escape")
    expect(search.locator("kbd")).to_have_text(["Ctrl", "K"])
    search.click()
    chat.keyboard.press("Alt+s")
    expect(search.locator("kbd")).to_have_text(["Alt", "S"])
    expect(search).to_be_focused()
    chat.keyboard.press("Escape")
    expect(settings).to_be_hidden()
    chat.reload()
    expect(chat.locator(".side-button .hint").last).to_have_text("Alt S")
    chat.keyboard.press("Control+K")
    found = chat.get_by_role("dialog", name="Search chats")
    expect(found).to_be_hidden()
    chat.keyboard.press("Alt+s")
    expect(found).to_be_visible()
    chat.keyboard.press("Escape")
    chat.keyboard.press("Control+/")
    settings.get_by_role("button", name="All keys back to the default").click()
    expect(search.locator("kbd")).to_have_text(["Ctrl", "K"])
    expect(chat.locator(".side-button .hint").last).to_have_text("Ctrl K")


def test_list_of_keys_and_search_open_by_keyboard_and_give_the_focus_back(chat: Page) -> None:
    keys = chat.keyboard
    ask_and_wait(chat, "Where do walruses sleep?")
    keys.press("Control+Shift+O")
    keys.press("Control+/")
    settings = chat.get_by_role("dialog", name="Settings")
    expect(settings.get_by_role("tab", name="Keyboard")).to_have_attribute("aria-selected", "true")
    expect(settings.locator("#keys")).to_contain_text("Search chats")
    expect(settings.locator("#keys")).to_contain_text("Ctrl K")
    keys.press("ArrowUp")
    expect(settings.get_by_role("tab", name="Data")).to_be_focused()
    keys.press("Escape")
    expect(settings).to_be_hidden()
    expect(composer(chat)).to_be_focused()
    keys.press("Control+K")
    search = chat.get_by_role("dialog", name="Search chats")
    expect(search.get_by_role("textbox", name="Search chats")).to_be_focused()
    keys.type("walruses")
    expect(search.locator("mark")).to_have_text("walruses")
    keys.press("ArrowDown")
    expect(search.locator(".search-result")).to_be_focused()
    keys.press("Enter")
    expect(question(chat)).to_contain_text("walruses")


def test_menu_is_walked_with_arrows_and_gives_the_focus_back(chat: Page) -> None:
    ask_and_wait(chat, "Good day")
    button = chat.locator("#chat-menu")
    button.focus()
    chat.keyboard.press("Enter")
    expect(chat.get_by_role("menuitem", name="Rename")).to_be_focused()
    chat.keyboard.press("ArrowDown")
    expect(chat.get_by_role("menuitem", name="Pin")).to_be_focused()
    chat.keyboard.press("Escape")
    expect(chat.get_by_role("menu")).to_have_count(0)
    expect(button).to_be_focused()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_choice_of_a_language_is_read_whole_on_a_phone(
    new_context: ContextMaker, echo: LiveServer, member: Person, language: str
) -> None:
    page = new_context(member, locale=language, **PHONE).new_page()
    visit(page, echo.url)
    page.locator("#composer-text").wait_for()
    page.keyboard.press("Control+,")
    visitors = new_context(locale=language, **PHONE).new_page()
    visit(visitors, f"{echo.url}/login")
    for chosen in (page.locator("#own-language"), visitors.locator(".page-foot select")):
        expect(chosen).to_be_visible()
        box = chosen.bounding_box()
        assert box is not None
        assert chosen.evaluate(WHOLE_WIDTH) <= box["width"]


def test_a_used_up_allowance_is_told_once(new_context: ContextMaker, echo: LiveServer) -> None:
    with echo.app.app_context():
        db.session.query(Role).filter_by(name="analyst").update({"daily_messages": 1})
        db.session.commit()
    page = open_chat(new_context(echo.member("frugal", role="analyst")).new_page(), echo)
    ask_and_wait(page, "What is calm?")
    spent = page.get_by_text("1 messages are used up", exact=False).locator("visible=true")
    expect(spent).to_have_count(1)
    composer(page).fill("And now?")
    composer(page).press("Enter")
    expect(page.locator("#composer-error")).to_contain_text("What you have written is kept")
    expect(spent).to_have_count(1)
