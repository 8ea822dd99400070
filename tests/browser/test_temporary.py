"""A temporary chat in a browser: said above it, asked before it is left, and nowhere afterwards."""

from __future__ import annotations

import re

from playwright.sync_api import Dialog, Page, Route, expect

from tests.browser.talk import answer, ask, ask_and_wait, composer, prose, stop_button, wait_for_end
from tests.browser.test_accessibility import expect_no_violations_in_either_theme
from tests.browser.test_conversations import rows

SECRET = "My walrus is called Wanda"


def test_a_temporary_chat_lives_in_its_tab_alone(chat: Page) -> None:
    bar, switch = chat.locator("#temporary-bar"), chat.locator("#temporary")
    composer(chat).fill("Typed before")
    switch.click()
    expect(bar).to_contain_text("stored nowhere")
    expect(switch).to_have_attribute("aria-pressed", "true")
    expect(composer(chat)).to_have_value("Typed before")
    expect_no_violations_in_either_theme(chat)
    ask_and_wait(chat, SECRET)
    expect(chat.get_by_role("heading", level=1)).to_have_text("Temporary chat")
    expect_no_violations_in_either_theme(chat)
    for kept in ("Edit", "Good answer", "Bad answer"):
        expect(chat.get_by_role("button", name=kept)).to_have_count(0)
    answer(chat).get_by_role("button", name="Regenerate").click()
    expect(chat.locator(".message")).to_have_count(2)
    ask(chat, "endless please")
    expect(prose(chat)).to_contain_text("word3")
    stop_button(chat).click()
    expect(answer(chat)).to_contain_text("You stopped this answer.")
    expect(answer(chat).get_by_role("button", name="Continue")).to_have_count(0)
    expect(rows(chat)).to_have_count(0)

    leave = chat.get_by_role("dialog", name="Leave this temporary chat?")
    chat.locator(".side-button.new").click()
    expect_no_violations_in_either_theme(chat)
    leave.get_by_role("button", name="Stay").click()
    expect(chat.locator(".message")).to_have_count(4)
    chat.locator(".side-button.new").click()
    leave.get_by_role("button", name="Leave").click()
    expect(chat.locator(".message")).to_have_count(0)
    expect(bar).to_be_hidden()

    chat.keyboard.press("Control+Shift+L")
    expect(bar).to_be_visible()
    ask_and_wait(chat, "What is 23 * 17?")
    expect(answer(chat).locator(".step summary")).to_have_text("Calculated 23 × 17")
    composer(chat).fill("Wanda again")
    asked: list[str] = []

    def let_go(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    chat.on("dialog", let_go)
    chat.reload()
    expect(composer(chat)).to_have_value("")
    expect(chat.locator(".message")).to_have_count(0)
    expect(bar).to_be_hidden()
    assert asked == ["beforeunload"]
    assert "Wanda" not in chat.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")


def test_what_is_asked_while_it_comes_is_stored_nowhere(chat: Page) -> None:
    held: list[Route] = []
    chat.route(re.compile(r"/temporary\.[^/]*js"), lambda route: held.append(route))
    chat.locator("#temporary").click()
    ask(chat, SECRET)
    expect(composer(chat)).to_have_value("")
    expect(chat.locator(".message")).to_have_count(0)
    held[0].continue_()
    expect(chat.locator("#temporary-bar")).to_be_visible()
    wait_for_end(chat)
    expect(chat.locator(".message")).to_have_count(2)
    expect(rows(chat)).to_have_count(0)


def test_what_is_asked_when_it_cannot_come_stays_in_the_field(chat: Page) -> None:
    held: list[Route] = []
    chat.route(re.compile(r"/temporary\.[^/]*js"), lambda route: held.append(route))
    chat.locator("#temporary").click()
    ask(chat, SECRET)
    expect(composer(chat)).to_have_value("")
    held[0].abort("internetdisconnected")
    expect(composer(chat)).to_have_value(SECRET)
    expect(chat.locator(".toast")).to_contain_text("No connection.")
    expect(chat.locator(".message")).to_have_count(0)
    expect(rows(chat)).to_have_count(0)
