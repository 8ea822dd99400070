"""Guardrails in a browser: a rule is tried and made, people see what it did, object, read the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import delete

from echo.extensions import db
from echo.models import GuardRule
from tests.browser.conftest import DESKTOP, ContextMaker, open_chat
from tests.browser.talk import CHAT_ADDRESS, answer, ask_and_wait, prose, question, visit
from tests.browser.test_accessibility import expect_no_violations_in_either_theme
from tests.browser.test_layout import PHONE, expect_no_sideways_scrolling
from tests.live.server import LiveServer, Person

BOXES = """(note) => [".icon", "span", "button"].map(
  (part) => note.querySelector(part).getBoundingClientRect().toJSON()
)"""


@pytest.fixture
def rules(new_context: ContextMaker, echo: LiveServer, super_admin: Person) -> Iterator[Page]:
    """The administrator's page of rules, which hold for nobody afterwards."""
    page = new_context(super_admin.sign_in()).new_page()
    visit(page, f"{echo.url}/admin/guardrails/")
    yield page
    with echo.app.app_context():
        db.session.execute(delete(GuardRule))
        db.session.commit()


def make(page: Page, name: str, what: str, act: str, place: str = "question") -> None:
    """Make a rule by the page, after a try, and switch it on."""
    page.get_by_role("link", name="New rule").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Looks at").select_option(place)
    page.get_by_label("Words or pattern").fill(what)
    page.get_by_label("Does").select_option(act)
    page.get_by_label("Reason").fill(f"“{what}” is not for this server.")
    page.get_by_label("A text").fill(f"Is {what.upper()} here?")
    page.get_by_role("button", name="Try this text").click()
    expect(page.get_by_text("The rule is met.")).to_be_visible()
    page.get_by_label("Switched on").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The rule is stored.")).to_be_visible()


def expect_beside_each_other(page: Page) -> None:
    """What was masked, its sign and the button stand in one row, however narrow it is."""
    page.set_viewport_size(PHONE["viewport"])
    note = page.locator(".message.user .guard").first
    sign, words, button = note.evaluate(BOXES)
    page.set_viewport_size(DESKTOP)
    assert sign["right"] <= words["left"] < words["right"] <= button["left"]
    for part in (sign, button):
        assert words["top"] < (part["top"] + part["bottom"]) / 2 < words["bottom"]


def test_a_person_sees_what_was_decided_objects_and_reads_the_answer(
    rules: Page, chat: Page, echo: LiveServer
) -> None:
    make(rules, "Masks", "zyzzyva", "mask")
    make(rules, "Refuses", "quokka", "refuse")
    make(rules, "Hides", "calm and", "mask", "answer")
    expect_no_violations_in_either_theme(rules)
    ask_and_wait(chat, "My zyzzyva is asleep")
    expect(question(chat).locator(".message-body")).to_have_text("My ███████ is asleep")
    expect(question(chat).locator(".guard")).to_contain_text("“zyzzyva” is not for this server.")
    expect(prose(chat)).to_have_text("This is a ████████ short answer.")
    expect(answer(chat).locator(".guard")).to_contain_text("Some words were masked")
    ask_and_wait(chat, "Where is the quokka?")
    expect(prose(chat)).to_have_text("“quokka” is not for this server.")
    note = question(chat).locator(".guard")
    expect(note).to_contain_text("Not answered")
    expect_beside_each_other(chat)
    note.get_by_role("button", name="Object").press("Enter")
    expect(note.get_by_label("Why you object")).to_be_focused()
    expect_no_violations_in_either_theme(chat)
    chat.keyboard.press("Escape")
    expect(note.get_by_role("button", name="Object")).to_be_focused()
    chat.keyboard.press("Enter")
    note.get_by_label("Why you object").fill("It is an animal.")
    chat.set_viewport_size(PHONE["viewport"])
    expect_no_sideways_scrolling(chat)
    note.get_by_role("button", name="Send objection").click()
    expect(note).to_contain_text("You objected")
    chat.reload()
    expect(question(chat).locator(".guard")).to_contain_text("You objected")

    rules.get_by_role("link", name="What they decided").click()
    expect(rules.locator("tbody tr").first).to_contain_text("It is an animal.")
    rules.set_viewport_size({"width": 1440, "height": 900})
    did = rules.locator("tbody [data-column=act]").first.bounding_box()
    assert did is not None
    assert did["width"] < 200  # a word: the room is for the words of people
    expect_no_violations_in_either_theme(rules)
    rules.set_viewport_size(PHONE["viewport"])
    expect_no_sideways_scrolling(rules)
    rules.get_by_role("link", name=re.compile("^Write an answer")).first.click()
    rules.get_by_label("The decision").select_option("lifted")
    rules.get_by_label("Answer", exact=True).fill("Right: ask it again.")
    expect_no_violations_in_either_theme(rules)
    rules.get_by_role("button", name="Send the answer").click()
    expect(rules.get_by_text("The answer is stored")).to_be_visible()

    expect(question(chat).locator(".guard")).to_contain_text("Right: ask it again.")
    answer(chat).get_by_role("button", name="Regenerate").click()
    expect(prose(chat)).to_have_text("This is a ████████ short answer.")
    expect(chat).to_have_url(CHAT_ADDRESS)
    visit(chat, f"{echo.url}/profile/data#guardrails")
    expect(chat.locator("#guardrails")).to_contain_text("Right: ask it again.")
    expect_no_violations_in_either_theme(chat)
    expect_no_sideways_scrolling(chat)
    chat.get_by_role("button", name="Mark as read").click()
    expect(chat.get_by_text("Marked as read.")).to_be_visible()


def test_temporary_chats_show_it_too(
    rules: Page, new_context: ContextMaker, echo: LiveServer, member: Person
) -> None:
    make(rules, "Warns", "wombat", "warn")
    page = open_chat(new_context(member).new_page(), echo)
    page.locator("#temporary").click()
    ask_and_wait(page, "A wombat, please")
    expect(question(page).locator(".guard")).to_contain_text("“wombat” is not for this server.")
    expect_no_violations_in_either_theme(page)
