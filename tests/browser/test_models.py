"""The model picker: which models there are, what they are doing, and who wrote each answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ContextMaker, open_chat
from tests.browser.talk import ask, ask_and_wait, prose, stop_button, wait_for_end
from tests.live.server import LiveServer, Person

SCRIPT = {
    "models": ["small", "large", "broken"],
    "broken": ["broken"],
    "load_ms": 3000,
    "replies": [{"match": "steady", "text": "word " * 3000, "delay_ms": 40}],
    "default": {"text": "{model} says hello.", "delay_ms": 5},
}


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """An Echo with three models, of which one cannot be loaded."""
    folder = tmp_path_factory.mktemp("models")
    script = folder / "models.json"
    script.write_text(json.dumps(SCRIPT))
    running = LiveServer(folder, ECHO_SCRIPT=str(script)).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def person(many: LiveServer) -> Person:
    return many.member("chooser")


@pytest.fixture
def page(many: LiveServer, person: Person, new_context: ContextMaker) -> Page:
    return open_chat(new_context(person).new_page(), many)


def pick(page: Page, title: str) -> None:
    page.get_by_role("button", name="Model of this chat").click()
    page.get_by_role("menuitemradio", name=re.compile(f"^{title}")).click()


def test_a_chat_is_answered_by_the_model_that_is_picked(page: Page) -> None:
    picker = page.get_by_role("button", name="Model of this chat")
    expect(picker).to_contain_text("small")
    pick(page, "large")
    expect(picker).to_contain_text("large")
    ask(page, "Hello")
    # the model is loaded when it is first asked for, and the answer says how far that is
    expect(page.locator(".thinking .place")).to_contain_text("Reading the script large")
    wait_for_end(page)
    expect(prose(page)).to_have_text("large says hello.")
    expect(page.locator(".message-author").last).to_have_text("large")
    page.reload()
    expect(picker).to_contain_text("large")
    expect(page.locator(".message-author").last).to_have_text("large")


def test_another_model_answers_once(page: Page) -> None:
    page.locator(".side-button.new").click()
    ask_and_wait(page, "Hello")
    page.get_by_role("button", name="Regenerate").last.click()
    page.get_by_role("menuitem", name=re.compile("With large")).click()
    expect(prose(page)).to_have_text("large says hello.")
    expect(page.get_by_role("button", name="Model of this chat")).to_contain_text("small")
    page.get_by_role("button", name="Previous version").click()
    expect(prose(page)).to_have_text("small says hello.")


def test_two_tabs_are_answered_by_two_models_at_once(
    page: Page, many: LiveServer, person: Person, new_context: ContextMaker
) -> None:
    page.locator(".side-button.new").click()
    ask(page, "a steady one")
    expect(prose(page)).to_contain_text("word word")
    other = open_chat(new_context(person).new_page(), many)
    pick(other, "large")
    ask_and_wait(other, "Hello")
    expect(prose(other)).to_have_text("large says hello.")
    expect(page.locator(".message.live")).to_have_count(1)
    stop_button(page).click()
    wait_for_end(page)


def test_a_model_that_cannot_be_loaded_says_so_and_another_answers(page: Page) -> None:
    page.locator(".side-button.new").click()
    pick(page, "broken")
    ask(page, "Hello")
    ending = page.locator(".ending.failed")
    expect(ending).to_contain_text("broken")
    page.get_by_role("button", name="Regenerate").last.click()
    page.get_by_role("menuitem", name=re.compile("With small")).click()
    expect(prose(page)).to_have_text("small says hello.")


def test_the_picker_works_by_keyboard(page: Page) -> None:
    picker = page.get_by_role("button", name="Model of this chat")
    picker.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitemradio", name=re.compile("^small"))).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(picker).to_contain_text("large")
    expect(picker).to_be_focused()


def test_a_window_that_outlives_a_restart_shows_the_model_that_answers_now(
    tmp_path: Path, new_context: ContextMaker
) -> None:
    script = tmp_path / "models.json"
    script.write_text(json.dumps({**SCRIPT, "models": ["before"]}))
    server = LiveServer(tmp_path, ECHO_SCRIPT=str(script)).start()
    try:
        page = open_chat(new_context(server.member("waiter")).new_page(), server)
        picker = page.get_by_role("button", name="Model of this chat")
        expect(picker).to_contain_text("before")
        server.stop()
        script.write_text(json.dumps({**SCRIPT, "models": ["after"]}))
        server.start()
        expect(picker).to_contain_text("after")
        ask_and_wait(page, "Hello")
        expect(prose(page)).to_have_text("after says hello.")
    finally:
        server.stop()
