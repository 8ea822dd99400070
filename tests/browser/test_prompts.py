"""Prompts and memories in a real browser: kept in the settings, chosen after a slash, offered, undone."""

from __future__ import annotations

import json

from playwright.sync_api import Page, expect

from tests.browser.talk import SUBMIT_TWICE, ask_and_wait, composer
from tests.browser.test_accessibility import expect_no_violations_in_either_theme
from tests.live.server import LiveServer


def keep(page: Page, name: str, text: str) -> None:
    page.locator("summary", has_text="New prompt").click()
    page.locator("#prompt-name-new").fill(name)
    page.locator("#prompt-text-new").fill(text)
    page.locator("form", has=page.locator("#prompt-name-new")).evaluate(SUBMIT_TWICE)
    expect(page.locator("summary", has_text=name)).to_be_visible()  # once: more would be refused


def test_prompts_are_kept_chosen_by_keys_filled_in_and_brought_back(
    chat: Page, echo: LiveServer
) -> None:
    chat.goto(f"{echo.url}/#settings-prompts")
    keep(chat, "Explain", "Explain {{topic}} to a {{who}}.")
    keep(chat, "Thanks", "Thank you!")
    file = json.dumps([{"title": "Shorten", "content": "Shorten {{text}}"}]).encode()
    chat.locator("[data-import]").set_input_files(
        {"name": "p.json", "mimeType": "application/json", "buffer": file}
    )
    expect(chat.locator("summary", has_text="Shorten")).to_be_visible()
    chat.locator("summary", has_text="Shorten").click()
    expect_no_violations_in_either_theme(chat)
    chat.get_by_role("button", name="Delete “Shorten”").click()
    expect(chat.locator("summary", has_text="Shorten")).to_have_count(0)
    chat.get_by_role("button", name="Undo").click()
    expect(chat.locator("summary", has_text="Shorten")).to_be_visible()
    chat.keyboard.press("Escape")

    field = composer(chat)
    field.focus()
    field.press_sequentially("/")
    options = chat.get_by_role("listbox", name="Prompts").get_by_role("option")
    expect(options).to_have_count(5)  # these three, the help, and where they are kept
    field.press("ArrowUp")
    expect(options.last).to_contain_text("Your prompts")
    expect(options.last).to_have_attribute("aria-selected", "true")
    field.press("ArrowDown")
    field.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", "prompt-option-1")
    expect_no_violations_in_either_theme(chat)
    field.press("Escape")
    expect(options.first).to_be_hidden()
    expect(field).to_have_value("/")

    field.fill("")
    field.press_sequentially("/ex")
    expect(options).to_have_count(1)
    field.press("Enter")
    chat.keyboard.type("gravity")
    expect_no_violations_in_either_theme(chat)
    chat.keyboard.press("Tab")
    chat.keyboard.type("child")
    chat.keyboard.press("Enter")
    expect(field).to_have_value("Explain gravity to a child.")
    expect(field).to_be_focused()
    expect(chat.locator(".message")).to_have_count(0)  # it is sent by whoever wants to

    asked: list[str] = []
    chat.on("request", lambda request: asked.append(request.url.removeprefix(echo.url)))
    field.fill("")
    chat.route("**/prompts", lambda route: route.abort("internetdisconnected"))
    for letter in "/e":
        with chat.expect_event("requestfailed"):
            field.press_sequentially(letter)
    expect(options).to_have_count(1)  # of those that were there before
    chat.unroute("**/prompts")
    with chat.expect_response("**/prompts"):
        field.press_sequentially("t")
    field.press_sequentially("c/nginx/nginx.conf")
    expect(options.first).to_be_hidden()
    assert asked.count("/prompts") == 3  # as long as it fails, then no more

    field.fill("")
    field.press_sequentially("/help")
    expect(options).to_have_count(1)
    field.press("Enter")
    chat.wait_for_url("**/help")


def test_a_memory_is_offered_saved_by_a_click_and_taken_back(chat: Page, echo: LiveServer) -> None:
    ask_and_wait(chat, "Remember that I am vegetarian.")
    offer = chat.get_by_role("group", name="Remember this?")
    expect(offer).to_contain_text("“I am vegetarian.”")
    expect_no_violations_in_either_theme(chat)
    offer.get_by_role("button", name="Save").click()
    expect(offer).to_have_count(0)
    expect(composer(chat)).to_be_focused()
    ask_and_wait(chat, "My name is Ada.")
    offer.get_by_role("button", name="Not now").click()
    expect(offer).to_have_count(0)
    chat.goto(f"{echo.url}/#settings-personal")
    expect(chat.get_by_label("Memory 1", exact=True)).to_have_value("I am vegetarian.")
    expect(chat.get_by_label("Memory 2", exact=True)).to_have_count(0)
    expect_no_violations_in_either_theme(chat)
    chat.get_by_role("button", name="Delete memory 1").click()
    expect(chat.get_by_label("Memory 1", exact=True)).to_have_count(0)
    chat.get_by_role("button", name="Undo").click()
    expect(chat.get_by_label("Memory 1", exact=True)).to_have_value("I am vegetarian.")
    chat.get_by_role("radiogroup", name="Memory", exact=True).get_by_label("Off").check()
    expect(chat.locator("form[action$='/memory'] .tick.shown")).to_be_visible()
    chat.keyboard.press("Escape")
    ask_and_wait(chat, "Remember that I swim.")
    expect(offer).to_have_count(0)


def open_tab(page: Page, name: str) -> None:
    with page.expect_response(f"**/{name}/panel"):
        page.get_by_role("tab", name=name.capitalize()).click()


def test_what_is_half_written_in_the_settings_stays_until_it_is_saved_or_cancelled(
    chat: Page, echo: LiveServer
) -> None:
    chat.goto(f"{echo.url}/#settings-prompts")
    keep(chat, "Thanks", "Thank you!")
    chat.locator("summary", has_text="Thanks").click()
    changed = chat.locator("[id^=prompt-text-]:visible")
    changed.fill("Thank you very")
    chat.locator("summary", has_text="New prompt").click()
    chat.locator("#prompt-text-new").fill("Explain")
    open_tab(chat, "personas")
    chat.locator("summary", has_text="New persona").click()
    chat.locator("#name-new").fill("Captain")
    chat.locator("label.colour.tint-4").first.click()
    chat.keyboard.press("Escape")
    expect(chat.locator("#settings")).to_be_hidden()

    chat.keyboard.press("Control+,")
    chat.context.set_offline(True)
    chat.get_by_role("tab", name="Prompts").click()
    chat.context.set_offline(False)
    chat.get_by_role("tab", name="General").click()
    open_tab(chat, "prompts")
    expect(chat.locator("#prompt-text-new")).to_have_value("Explain")
    chat.locator("#prompt-name-new").fill("Explanation")
    chat.locator("form", has=chat.locator("#prompt-name-new")).get_by_text("Save").click()
    expect(chat.locator("summary", has_text="Explanation")).to_be_visible()
    expect(chat.locator("#prompt-text-new")).to_be_hidden()
    expect(chat.locator("#prompt-text-new")).to_have_value("")  # it is saved
    expect(changed).to_have_value("Thank you very")  # another one's saving has not taken it
    chat.get_by_text("Cancel").locator("visible=true").click()
    expect(changed).to_have_count(0)

    open_tab(chat, "personas")
    expect(chat.locator("#name-new")).to_have_value("Captain")
    expect(chat.locator("input[name=colour][value='4']").first).to_be_checked()
    chat.get_by_text("Cancel").locator("visible=true").click()
    expect(chat.locator("#name-new")).to_have_value("")
    open_tab(chat, "prompts")
    expect(chat.locator("summary", has_text="Thanks")).to_be_visible()
    expect(chat.locator("[id^=prompt-text-]:visible")).to_have_count(0)
