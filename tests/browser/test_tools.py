"""What was computed in a real browser: above the answer, opened by keyboard, there after a reload."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ContextMaker
from tests.browser.talk import answer, ask, ask_and_wait, prose, visit
from tests.browser.test_accessibility import expect_no_violations_in_either_theme
from tests.browser.test_layout import PHONE, expect_no_sideways_scrolling
from tests.live.server import LiveServer, Person


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


@pytest.fixture
def may_call(new_context: ContextMaker, echo: LiveServer, super_admin: Person) -> Iterator[None]:
    """The model may call tools, as its owner has ticked."""
    page = new_context(super_admin).new_page()

    def tick(on: bool) -> None:
        visit(page, f"{echo.url}/admin/models/edit/?name=scripted")
        box = page.get_by_label("It may call tools")
        expect(box).to_be_checked(checked=not on)
        box.set_checked(on)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("are saved and hold from the next answer on")).to_be_visible()

    tick(True)
    yield
    tick(False)


@pytest.mark.usefixtures("may_call")
def test_a_call_of_the_models_is_a_step_while_the_answer_is_written(chat: Page) -> None:
    chat.evaluate(SEEN)
    ask(chat, "I buy 17 books at 23 euros. What do I pay?")
    line = answer(chat).locator(".step summary")
    expect(line).to_have_text("Calculated 23 × 17")
    line.focus()
    chat.keyboard.press("Enter")
    expect(answer(chat).locator(".step dd")).to_have_text(["23 × 17", "391"])
    expect(answer(chat)).to_have_class(re.compile(r"\blive\b"))
    expect(prose(chat)).to_contain_text("One moment.")
    expect(prose(chat)).to_contain_text("You pay 391 euros.")
    expect(answer(chat)).not_to_have_class(re.compile(r"\blive\b"))
    expect(answer(chat).locator(".step[open]")).to_have_count(1)
    seen = chat.evaluate("seen")
    assert "One moment." in seen
    assert not any(word in seen for word in ("tool_call", "expression", "Never shown"))
    chat.reload()
    expect(line).to_have_text("Calculated 23 × 17")


SEEN = """() => {
  globalThis.seen = "";
  const answers = document.getElementsByClassName("message assistant");
  new MutationObserver(() => { for (const one of answers) seen += one.textContent; })
    .observe(document.body, { subtree: true, childList: true, characterData: true });
}"""
"""Gathers all that an answer has shown at any moment."""
