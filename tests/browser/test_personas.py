"""Personas in a real browser: made in the settings, chosen in four ways, shown in the chat, brought back."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import ContextMaker, open_chat
from tests.browser.talk import SUBMIT_TWICE, answer, ask_and_wait, call, composer, wait_for_end
from tests.browser.test_accessibility import expect_no_violations_in_either_theme
from tests.browser.test_conversations import rows
from tests.live.server import LiveServer, Person

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


def made(page: Page, name: str, **said: Any) -> str:
    """Make a persona as a program would, and look at the page anew."""
    persona_id = str(call(page, "POST", "/api/personas", name=name, **said)["id"])
    page.reload()
    expect(card(page, name)).to_be_visible()
    return persona_id


def arrives(page: Page, route: Route) -> None:
    """Let an answer go that was held back, and the page deal with it."""
    with page.expect_response(route.request.url):
        route.continue_()
    page.wait_for_timeout(50)


def card(page: Page, name: str) -> Locator:
    return page.locator(".persona-card", has_text=name)


def greeting(page: Page) -> Locator:
    return page.locator("#greeting")


def test_one_is_made_chosen_asked_deleted_and_brought_back(chat: Page, echo: LiveServer) -> None:
    expect(chat.get_by_role("group", name="Personas")).to_be_hidden()
    chat.goto(f"{echo.url}/#settings-personas")
    chat.locator("summary", has_text="New persona").click()
    chat.locator("#name-new").fill("Fox")
    chat.locator("#emoji-new").fill("🦊🦊")
    chat.locator("#description-new").fill("Clever and short")
    chat.locator("#system_prompt-new").fill("You are a fox.")
    chat.get_by_role("radio", name="Colour 3").check(force=True)
    form = chat.locator("form", has=chat.locator("#name-new"))
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_have_text("Choose one emoji as the picture.")
    chat.locator("#emoji-new").fill("🦊")
    form.evaluate(SUBMIT_TWICE)
    expect(chat.locator("summary", has_text="Fox")).to_have_count(1)
    chat.locator("summary", has_text="Fox").click()
    chat.locator(".prompt[open] .persona-numbers summary").click()
    expect_no_violations_in_either_theme(chat)
    chat.keyboard.press("Escape")

    card(chat, "Fox").click()
    expect(card(chat, "Fox")).to_have_attribute("aria-pressed", "true")
    expect(greeting(chat)).to_contain_text("Fox")
    expect(chat.get_by_text("Clever and short")).to_be_visible()
    expect(composer(chat)).to_be_focused()
    expect_no_violations_in_either_theme(chat)
    card(chat, "Fox").click()
    expect(greeting(chat)).not_to_contain_text("Fox")
    card(chat, "Fox").click()
    expect(greeting(chat)).to_contain_text("Fox")
    ask_and_wait(chat, "Who is there?")
    expect_to_show(chat, "Fox")
    expect_no_violations_in_either_theme(chat)
    chat.locator("[data-action=chat-settings]").click()
    expect(chat.locator("#set-system_prompt")).to_have_value("You are a fox.")
    chat.keyboard.press("Escape")
    chat.reload()
    expect_to_show(chat, "Fox")

    address = chat.url
    chat.goto(f"{address}#settings-personas")
    chat.locator("summary", has_text="Fox").click()
    chat.get_by_role("button", name="Delete “Fox”").click()
    expect(chat.locator("summary", has_text="Fox")).to_have_count(0)
    expect_to_show_echo(chat)
    chat.get_by_role("button", name="Undo").click()
    expect(chat.locator("summary", has_text="Fox")).to_have_count(1)
    chat.keyboard.press("Escape")
    expect_to_show(chat, "Fox")


def expect_to_show(page: Page, name: str) -> None:
    expect(page.locator("#chat-persona")).to_contain_text(name)
    expect(answer(page)).to_have_attribute("aria-label", name)
    expect(answer(page).locator(".message-author")).to_contain_text(name)
    expect(rows(page).first.locator(".row-persona")).to_have_attribute("aria-label", name)


def expect_to_show_echo(page: Page) -> None:
    expect(page.locator("#chat-persona")).to_be_hidden()
    expect(answer(page)).to_have_attribute("aria-label", "Echo")
    expect(rows(page).first.locator(".row-persona")).to_be_hidden()


def test_one_is_chosen_by_a_sign_and_keys_alone(chat: Page) -> None:
    made(chat, "Fox", emoji="🦊", settings={"temperature": 0.5})
    made(chat, "Owl", emoji="🦉")
    field = composer(chat)
    field.focus()
    field.press_sequentially("@")
    options = chat.get_by_role("listbox", name="Personas").get_by_role("option")
    expect(options).to_have_count(3)  # and where they are made
    expect_no_violations_in_either_theme(chat)
    field.press_sequentially("ow")
    expect(options).to_have_count(1)
    expect(field).to_have_attribute("aria-activedescendant", "persona-option-0")
    field.press("Enter")
    expect(greeting(chat)).to_contain_text("Owl")
    expect(field).to_have_value("")
    field.press_sequentially("/")
    expect(chat.get_by_role("listbox", name="Prompts")).to_be_visible()
    expect(field).to_have_attribute("aria-activedescendant", "prompt-option-0")
    field.fill("")
    ask_and_wait(chat, "Hi")
    expect_to_show(chat, "Owl")
    field.press_sequentially("@fox")  # this chat has begun
    expect(options.first).to_be_hidden()


def test_the_menu_and_the_dialog_begin_a_new_chat(chat: Page) -> None:
    for number in range(8):
        call(chat, "POST", "/api/personas", name=f"Number {number}")
    made(chat, "Aardvark")
    expect(chat.locator(".persona-card")).to_have_count(6)
    ask_and_wait(chat, "Hi")
    chat.locator("#model-picker").click()
    menu = chat.get_by_role("menu")
    expect_no_violations_in_either_theme(chat)
    menu.get_by_role("menuitemradio", name="Aardvark").click()
    expect(greeting(chat)).to_contain_text("Aardvark")
    expect(chat.locator(".message")).to_have_count(0)
    chat.get_by_role("button", name="All personas…").click()
    dialog = chat.get_by_role("dialog", name="Personas")
    search = dialog.get_by_label("Search personas")
    expect(search).to_be_focused()
    expect_no_violations_in_either_theme(chat)
    search.fill("nobody")
    expect(dialog.get_by_role("status")).to_have_text("No persona is called so.")
    search.fill("number 7")
    expect(dialog.locator(".persona-row")).to_have_count(1)
    search.press("ArrowDown")
    chat.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(greeting(chat)).to_contain_text("Number 7")
    expect(card(chat, "Number 7")).to_have_attribute("aria-pressed", "true")
    chat.locator("#model-picker").click()
    menu.get_by_role("menuitem", name="Without a persona").click()
    expect(greeting(chat)).not_to_contain_text("Number")


def test_a_link_begins_with_one_and_a_model_that_is_gone_is_told(
    chat: Page, echo: LiveServer
) -> None:
    gone = made(chat, "Tutor", model="gone-7b", settings={"temperature": 0.25})
    chat.goto(f"{echo.url}/?persona={gone}")
    expect(greeting(chat)).to_contain_text("Tutor")
    expect(chat.locator("#persona-note")).to_have_text(
        "Tutor wishes the model gone-7b, which is not here: scripted answers."
    )
    expect_no_violations_in_either_theme(chat)
    chat.locator("[data-action=chat-settings]").click()
    expect(chat.get_by_label("Temperature, exact value")).to_have_value("0.25")
    expect(chat.get_by_text("Tutor begins with 0.25.")).to_be_visible()
    chat.keyboard.press("Escape")
    ask_and_wait(chat, "Hi")
    expect_to_show(chat, "Tutor")
    chat.goto(f"{echo.url}/?persona={'0' * 26}")
    expect(chat.get_by_text("There is no such persona, or it is not yours.")).to_be_visible()
    expect(greeting(chat)).not_to_contain_text("Tutor")


def test_one_that_comes_late_is_put_on_nothing_else(chat: Page) -> None:
    fox = made(chat, "Fox")
    made(chat, "Owl")
    held: list[Route] = []
    chat.route(f"**/api/personas/{fox}", lambda route: held.append(route))
    card(chat, "Fox").click()
    card(chat, "Owl").click()
    expect(greeting(chat)).to_contain_text("Owl")
    arrives(chat, held.pop())
    expect(greeting(chat)).to_contain_text("Owl")
    card(chat, "Fox").click()
    ask_and_wait(chat, "Hi")
    arrives(chat, held.pop())
    expect_to_show(chat, "Owl")
    expect(chat.locator(".message")).to_have_count(2)


def test_a_temporary_chat_takes_one_along(chat: Page) -> None:
    made(chat, "Fox")
    card(chat, "Fox").click()
    expect(greeting(chat)).to_contain_text("Fox")
    chat.locator("#temporary").click()
    expect(greeting(chat)).to_contain_text("Fox")
    ask_and_wait(chat, "Hi")
    expect(answer(chat)).to_have_attribute("aria-label", "Fox")
    expect(rows(chat)).to_have_count(0)


@pytest.mark.usefixtures("shared_personas")
def test_administrators_make_one_for_everybody(
    new_context: ContextMaker, echo: LiveServer, member: Person, super_admin: Person
) -> None:
    root = new_context(super_admin).new_page()
    root.goto(f"{echo.url}/admin/personas/new/")
    root.get_by_label("Name").fill("For all of us")
    root.get_by_label("System prompt").fill("You are everybody's.")
    expect_no_violations_in_either_theme(root)
    root.get_by_role("button", name="Save").click()
    expect(root.get_by_text("The persona is there.")).to_be_visible()
    expect(root.get_by_role("cell", name="For all of us", exact=True)).to_be_visible()
    expect_no_violations_in_either_theme(root)

    page = open_chat(new_context(member, **PHONE).new_page(), echo)
    card(page, "For all of us").click()
    expect(greeting(page)).to_contain_text("For all of us")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect_no_violations_in_either_theme(page)
    composer(page).fill("Hi")
    page.locator("#send").click()
    expect(page.locator("#chat-persona")).to_be_visible()
    wait_for_end(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto(f"{echo.url}/#settings-personas")
    page.locator("summary", has_text="For all of us").click()
    expect(page.get_by_text("You are everybody's.")).to_be_visible()
    page.get_by_role("button", name="Duplicate “For all of us”").click()
    page.locator("summary", has_text="For all of us, copy").click()
    expect_no_violations_in_either_theme(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    root.get_by_role("link", name="Delete… For all of us").click()
    root.get_by_role("button", name="Delete the persona").click()
    expect(root.get_by_text("The persona is deleted.")).to_be_visible()
