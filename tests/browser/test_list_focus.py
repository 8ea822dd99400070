"""By keyboard alone through the list of chats: whatever moves or goes, the next key is heard in the list."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from echo.limits import CONVERSATIONS_PER_PAGE
from tests.browser.talk import call
from tests.browser.test_lists_elsewhere import delete, kept
from tests.browser.test_order import folder, listed, prepared, shown
from tests.live.server import LiveServer, Person

ZOO = ("Lions", "Tigers", "Bears")


@pytest.fixture
def zoo(chat: Page, echo: LiveServer, member: Person) -> Page:
    """Three open folders with a chat in each."""
    prepared(echo, member, *ZOO)
    chat.reload()
    for name in ZOO:
        folder(chat, name).locator(".folder-open").press("Enter")
        expect(shown(chat, name)).to_have_count(1)
    return chat


def take(page: Page, button: str, *items: str) -> None:
    page.get_by_role("button", name=button).press("Enter")
    for item in items:
        page.get_by_role("menu").get_by_text(item, exact=True).press("Enter")


def expect_focus(page: Page, words: str) -> None:
    """Among folders and chats, and seen."""
    focused = page.locator("#conversation-list :focus")
    expect(focused).to_have_text(re.compile(f"^\\s*{words}"))
    expect(focused).to_be_visible()


def settle(page: Page) -> None:
    """Until what the acts have started is over: the list is asked for anew after some."""
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("act", ["Delete folder, keep chats", "Delete folder and chats"])
def test_after_a_folder_that_is_deleted_comes_the_next(zoo: Page, act: str) -> None:
    take(zoo, "More for the folder Tigers", act)
    expect(folder(zoo, "Tigers")).to_have_count(0)
    settle(zoo)
    expect_focus(zoo, "Bears")
    take(zoo, "More for the folder Bears", act)
    expect(folder(zoo, "Bears")).to_have_count(0)
    settle(zoo)
    expect_focus(zoo, "tigers title" if "keep" in act else "lions title")


def test_a_folder_that_moves_takes_the_keyboard_along(zoo: Page) -> None:
    take(zoo, "More for the folder Bears", "Move up")
    expect(zoo.locator("#folders .folder-name")).to_have_text(
        ["Lions", "Bears", "Tigers", "Archived"]
    )
    expect(zoo.get_by_role("button", name="More for the folder Bears")).to_be_focused()


def test_after_a_chat_that_goes_out_of_sight_comes_what_stood_below(zoo: Page) -> None:
    folder(zoo, "Bears").locator(".folder-open").press("Enter")  # closes it
    take(zoo, "More for lions title", "Move to a folder", "Bears")
    expect(shown(zoo, "Lions")).to_have_count(0)
    expect_focus(zoo, "Tigers")
    take(zoo, "More for tigers title", "Move to a folder", "No folder")
    expect(listed(zoo)).to_have_text("tigers title")
    expect(zoo.get_by_role("button", name="More for tigers title")).to_be_focused()
    take(zoo, "More for tigers title", "Archive")
    expect(listed(zoo)).to_have_count(0)
    expect_focus(zoo, "Archived")  # the last that is seen


def test_undoing_leads_back_into_the_list(zoo: Page) -> None:
    take(zoo, "More for lions title", "Delete")
    expect_focus(zoo, "Tigers")
    zoo.get_by_role("button", name="Undo").press("Enter")
    expect(shown(zoo, "Lions")).to_have_count(1)
    expect_focus(zoo, "Tigers")


def test_a_list_that_comes_anew_keeps_the_keyboard(
    zoo: Page, echo: LiveServer, member: Person
) -> None:
    ids = kept(echo, member)
    zoo.locator("#conversation-rows").dispatch_event("refresh")
    row = zoo.locator(f"#conversation-rows [data-id='{ids[1]}']")
    row.locator("a").focus()
    zoo.locator("#conversation-rows").dispatch_event("refresh")
    settle(zoo)
    expect(row.locator("a")).to_be_focused()
    delete(zoo, ids[1:2])
    expect(row).to_have_count(0)
    expect(zoo.locator(f"[data-id='{ids[2]}'] a")).to_be_focused()


def test_more_of_a_folder_is_shown_and_the_keyboard_stands_before_it(
    chat: Page, echo: LiveServer, member: Person
) -> None:
    made = call(chat, "POST", "/api/folders", name="Zoo")
    ids = kept(echo, member, folder_id=made["id"])
    chat.reload()
    folder(chat, "Zoo").locator(".folder-open").press("Enter")
    chat.get_by_role("button", name="Show more").press("Enter")
    expect(shown(chat, "Zoo")).to_have_count(len(ids))
    last = ids[CONVERSATIONS_PER_PAGE - 1]
    expect(chat.locator(f"[data-id='{last}'] a")).to_be_focused()


def test_a_tag_is_looked_for_and_left_by_keyboard(zoo: Page) -> None:
    chat_id = shown(zoo, "Lions").locator("xpath=ancestor::li").get_attribute("data-id")
    call(zoo, "PATCH", f"/api/conversations/{chat_id}", tags=["wild"])
    zoo.get_by_role("button", name="Chats with the tag wild").press("Enter")
    expect(listed(zoo)).to_have_text("lions title")
    settle(zoo)
    assert zoo.evaluate(
        "document.querySelector('#conversation-list').contains(document.activeElement)"
    )
    zoo.get_by_role("button", name="Show all chats").press("Enter")
    expect(shown(zoo, "Lions")).to_have_count(1)
    settle(zoo)
    assert zoo.evaluate(
        "document.querySelector('#conversation-list').contains(document.activeElement)"
    )
