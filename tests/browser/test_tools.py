"""What was computed in a real browser: above the answer, opened by keyboard, there after a reload."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.talk import ask_and_wait
from tests.browser.test_accessibility import expect_no_violations_in_either_theme
from tests.browser.test_layout import PHONE, expect_no_sideways_scrolling


def test_a_step_opens_to_what_went_in_and_what_came_out(chat: Page) -> None:
    ask_and_wait(chat, "What is 23 × 17?")
    line = chat.locator(".step summary")
    expect(line).to_have_text("Calculated 23 × 17")
    expect(chat.locator(".step dl")).to_be_hidden()
    line.focus()
    chat.keyboard.press("Enter")
    expect(chat.locator(".step dd")).to_have_text(["23 × 17", "391"])
    expect_no_violations_in_either_theme(chat)
    chat.set_viewport_size(PHONE["viewport"])
    ask_and_wait(chat, f"2^130 + {'9' * 40}")
    expect(line).to_have_count(2)
    line.last.click()
    expect_no_sideways_scrolling(chat)
    chat.reload()
    expect(line.first).to_have_text("Calculated 23 × 17")
    ask_and_wait(chat, "Hello")
    expect(line).to_have_count(2)
