"""A persona's own picture in a real browser: chosen, seen wherever the emoji stood, taken away, missing."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.browser.conftest import ContextMaker, open_chat
from tests.browser.talk import answer, ask_and_wait, composer, wait_for_end
from tests.browser.test_accessibility import expect_no_violations_in_either_theme
from tests.browser.test_conversations import rows
from tests.live.server import LiveServer, Person
from tests.services.test_pictures import made

SHOWN = re.compile(r"^/personas/pictures/\w+$")
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


def picture(size: tuple[int, int] = (300, 200)) -> FilePayload:
    return {"name": "fox.png", "mimeType": "image/png", "buffer": made("PNG", size)}


def look(page: Page, name: str) -> None:
    """Keep pictures of the page, where somebody wants to look at them."""
    if place := os.environ.get("ECHO_PICTURES"):
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            page.wait_for_timeout(500)
            page.screenshot(path=Path(place) / f"{name}-{theme}.png")


def entry_of(page: Page, url: str, name: str) -> Locator:
    """Open a persona in the settings; return its entry."""
    page.goto("about:blank")
    page.goto(f"{url}#settings-personas")
    entry = page.locator("details.prompt", has=page.locator("summary", has_text=name))
    entry.locator("summary").first.click()
    return entry


def save(page: Page, entry: Locator) -> None:
    with page.expect_response("**/personas/panel"):
        entry.get_by_role("button", name="Save").click()


def places(page: Page) -> list[Locator]:
    """Return the three main ones: a chat's row, its head, beside an answer."""
    row = rows(page).first.locator(".row-persona")
    return [row, page.locator("#chat-persona"), answer(page).locator(".message-author")]


def expect_pictures(page: Page) -> None:
    for place in places(page):
        expect(place.locator("img")).to_have_attribute("src", SHOWN)
        expect(place.locator("img")).to_have_js_property("naturalWidth", 256)


def expect_emoji(page: Page, emoji: str) -> None:
    for place in places(page):
        expect(place.locator("img")).to_have_count(0)
        expect(place).to_contain_text(emoji)


def test_one_is_chosen_seen_everywhere_and_taken_away(chat: Page, echo: LiveServer) -> None:
    entry = entry_of(chat, echo.url, "New persona")
    entry.get_by_label("Name").fill("Fox")
    entry.get_by_label("Picture: one emoji").fill("🦊")
    shown = entry.locator(".picture-field .persona-picture")
    expect(shown).to_have_text("🦊")
    field = entry.get_by_label("Choose a picture")
    field.set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"words"})
    expect(entry.get_by_text("Use a PNG, JPEG, WebP or GIF.")).to_be_visible()
    field.set_input_files(picture())
    expect(shown.locator("img")).to_have_attribute("src", re.compile("^blob:"))
    entry.get_by_role("button", name="Do not change").click()
    expect(shown).to_have_text("🦊")
    field.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": b"\x89PNG nonsense"})
    entry.get_by_role("button", name="Save").click()
    expect(chat.get_by_text("not a picture that can be read").first).to_be_visible()
    entry = entry_of(chat, echo.url, "New persona")
    entry.get_by_label("Name").fill("Fox")
    entry.get_by_label("Picture: one emoji").fill("🦊")
    entry.get_by_label("Choose a picture").set_input_files(picture())
    look(chat, "chosen")
    expect_no_violations_in_either_theme(chat)
    save(chat, entry)
    expect(chat.locator("summary", has_text="Fox").locator("img")).to_have_attribute("src", SHOWN)
    chat.keyboard.press("Escape")

    expect(chat.locator(".persona-card img")).to_have_attribute("src", SHOWN)
    chat.locator("#model-picker").click()
    expect(chat.get_by_role("menuitemradio", name="Fox").locator("img")).to_be_visible()
    look(chat, "menu")
    expect_no_violations_in_either_theme(chat)
    chat.keyboard.press("Escape")
    chat.locator(".persona-card").click()
    expect(chat.locator("#greeting img")).to_have_attribute("src", SHOWN)
    look(chat, "greeting")
    ask_and_wait(chat, "Who is there?")
    expect_pictures(chat)
    look(chat, "answered")
    expect_no_violations_in_either_theme(chat)
    address = chat.url
    chat.reload()
    expect_pictures(chat)

    entry = entry_of(chat, address, "Fox")
    shown = entry.locator(".picture-field .persona-picture")
    expect(shown.locator("img")).to_have_attribute("src", SHOWN)
    entry.get_by_role("button", name="Remove").press("Enter")
    expect(entry.get_by_role("button", name="Do not change")).to_be_focused()
    expect(shown).to_have_text("🦊")
    chat.keyboard.press("Enter")
    expect(shown.locator("img")).to_have_attribute("src", SHOWN)
    entry.get_by_role("button", name="Remove").click()
    save(chat, entry)
    expect(chat.locator("summary", has_text="Fox").locator(".persona-picture")).to_have_text("🦊")
    chat.keyboard.press("Escape")
    expect_emoji(chat, "🦊")
    chat.reload()
    expect_emoji(chat, "🦊")


def test_what_cannot_be_fetched_shows_the_emoji(
    new_context: ContextMaker, echo: LiveServer, member: Person
) -> None:
    page = open_chat(new_context(member, service_workers="block").new_page(), echo)
    entry = entry_of(page, echo.url, "New persona")
    entry.get_by_label("Name").fill("Owl")
    entry.get_by_label("Picture: one emoji").fill("🦉")
    entry.get_by_label("Choose a picture").set_input_files(picture())
    save(page, entry)
    page.keyboard.press("Escape")
    page.locator(".persona-card").click()
    expect(page.locator("#greeting")).to_contain_text("Owl")
    ask_and_wait(page, "Who is there?")
    expect_pictures(page)
    again = new_context(member, service_workers="block")
    again.route("**/personas/pictures/*", lambda route: route.fulfill(status=404))
    late = again.new_page()
    late.goto(page.url)
    expect_emoji(late, "🦉")
    late.goto(f"{echo.url}#settings-personas")
    expect(late.locator("summary", has_text="Owl").locator(".persona-picture")).to_have_text("🦉")


@pytest.mark.usefixtures("shared_personas")
def test_administrators_give_one_to_everybodys(
    new_context: ContextMaker, echo: LiveServer, member: Person, super_admin: Person
) -> None:
    root = new_context(super_admin).new_page()
    root.goto(f"{echo.url}/admin/personas/new/")
    root.get_by_label("Name").fill("Everybody's owl")
    root.get_by_label("Choose a picture").set_input_files(picture())
    expect(root.locator(".picture-field img")).to_have_attribute("src", re.compile("^blob:"))
    look(root, "admin-form")
    expect_no_violations_in_either_theme(root)
    root.get_by_role("button", name="Save").click()
    row = root.get_by_role("row", name="Everybody's owl")
    expect(row.locator("img")).to_have_attribute("src", SHOWN)
    look(root, "admin-list")
    expect_no_violations_in_either_theme(root)

    page = open_chat(new_context(member, **PHONE).new_page(), echo)
    page.locator(".persona-card", has_text="Everybody's owl").click()
    expect(page.locator("#greeting img")).to_have_js_property("naturalWidth", 256)
    look(page, "phone-greeting")
    composer(page).fill("Who is there?")
    page.locator("#send").click()
    wait_for_end(page)
    expect(answer(page).locator(".message-author img")).to_be_visible()
    look(page, "phone-answered")
    entry = entry_of(page, echo.url, "New persona")
    entry.get_by_label("Choose a picture").set_input_files(picture())
    entry.locator(".picture-field").scroll_into_view_if_needed()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    look(page, "phone-form")
    expect_no_violations_in_either_theme(page)

    row.get_by_role("link", name=re.compile("^Edit")).click()
    root.get_by_role("button", name="Remove").click()
    expect(root.locator(".picture-field img")).to_have_count(0)
    root.get_by_role("button", name="Save").click()
    expect(root.get_by_text("The persona is saved.")).to_be_visible()
    expect(row.locator("img")).to_have_count(0)
