"""Collections of documents in a real browser: made, filled, asked, used by folders, shared and taken back."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import ContextMaker, open_chat
from tests.browser.talk import ask_and_wait, composer, visit
from tests.browser.test_accessibility import expect_no_violations_in_either_theme
from tests.browser.test_layout import PHONE, expect_no_sideways_scrolling
from tests.live.server import LiveServer, Person

BIRDS = b"# Puffins\n\nPuffins breed in burrows on cliffs. " + b"They dive. " * 40
SHIPS = b"# Keels\n\nA keel is the spine of a ship. " + b"Wood holds. " * 40


def picture(page: Page, name: str) -> None:
    if place := os.environ.get("ECHO_PICTURES"):
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            page.screenshot(path=Path(place) / f"{name}-{theme}.png", full_page=True)


def attach(page: Page, **files: bytes) -> None:
    named = [
        {"name": f"{name}.md", "mimeType": "text/markdown", "buffer": raw}
        for name, raw in files.items()
    ]
    page.locator("#attach-files").set_input_files(named)  # type: ignore[arg-type]
    expect(page.locator(".attachment.ready")).to_have_count(len(files))


def make(page: Page, name: str, *documents: str) -> None:
    """Tick documents on their page and make a collection of them."""
    for document in documents:
        page.get_by_role("checkbox", name=f"Choose {document}").check()
    page.get_by_label("Name of a new collection").fill(name)
    page.get_by_role("button", name="Make").click()
    expect(row(page, name)).to_contain_text(f"{len(documents)} document")


def row(page: Page, name: str) -> Locator:
    return page.locator("#collections .row", has_text=name)


def chips(page: Page) -> Locator:
    return page.locator(".attachment.collection")


def test_a_collection_is_made_filled_changed_deleted_and_brought_back(
    chat: Page, echo: LiveServer, new_context: ContextMaker, member: Person
) -> None:
    attach(chat, birds=BIRDS, ships=SHIPS)
    visit(chat, f"{echo.url}/documents")
    make(chat, "The <b>sea</b>", "birds.md")
    expect(chat.locator("#documents .badge", has_text="The <b>sea</b>")).to_have_count(1)
    chat.get_by_role("checkbox", name="Choose ships.md").check()
    expect(chat.locator("#pick-bar")).to_contain_text("1 document chosen")
    picture(chat, "documents-picking")
    chat.get_by_role("button", name="Put into a collection").click()
    expect_no_violations_in_either_theme(chat)
    chat.get_by_role("menuitem", name="The <b>sea</b>").click()
    expect(row(chat, "The")).to_contain_text("2 documents")
    expect(row(chat, "The")).to_be_focused()
    expect(chat.locator("#pick-bar")).to_be_hidden()

    row(chat, "The").locator("summary").click()
    chat.get_by_role("button", name="Take birds.md out").click()
    expect(row(chat, "The")).to_contain_text("1 document")
    chat.get_by_role("button", name="Undo").click()
    expect(row(chat, "The")).to_contain_text("2 documents")
    row(chat, "The").get_by_label("Name", exact=True).fill("Coast")
    chat.keyboard.press("Enter")
    expect(row(chat, "Coast").locator("details")).to_have_attribute("open", "")
    expect(row(chat, "Coast").get_by_label("Who may use it")).to_have_count(0)
    expect_no_violations_in_either_theme(chat)
    picture(chat, "documents-collection")
    phone = new_context(member, **PHONE).new_page()
    visit(phone, f"{echo.url}/documents")
    phone.locator("#collections summary").click()
    expect_no_sideways_scrolling(phone)
    picture(phone, "documents-phone")

    chat.get_by_role("button", name="Delete the collection Coast").click()
    expect(row(chat, "Coast")).to_have_count(0)
    expect(chat.get_by_role("heading", level=1)).to_be_focused()
    chat.get_by_role("button", name="Undo").last.click()
    expect(row(chat, "Coast")).to_have_count(1)


def test_a_chat_begins_with_a_collection_and_takes_more_and_fewer(
    chat: Page, echo: LiveServer, new_context: ContextMaker, member: Person
) -> None:
    attach(chat, birds=BIRDS, ships=SHIPS)
    visit(chat, f"{echo.url}/documents")
    make(chat, "Birds", "birds.md")
    make(chat, "Ships", "ships.md")
    row(chat, "Birds").get_by_role("link", name="Ask").click()
    expect(chips(chat)).to_contain_text("Birds")
    expect(chat).to_have_url(f"{echo.url}/")
    ask_and_wait(chat, "Where do puffins breed?")
    expect(chat.locator(".source")).to_contain_text("birds.md")
    chat.locator(".source").click()
    expect(chat.get_by_role("dialog").locator("mark")).to_contain_text("burrows")
    chat.keyboard.press("Escape")

    chat.get_by_role("button", name="Attach documents").click()
    expect_no_violations_in_either_theme(chat)
    chat.get_by_role("menuitem", name="Add a collection").click()
    dialog = chat.get_by_role("dialog", name="Collections of this chat")
    expect(dialog.get_by_label("Birds")).to_be_checked()
    dialog.get_by_label("Ships").check()
    expect_no_violations_in_either_theme(chat)
    picture(chat, "collections-dialog")
    dialog.get_by_role("button", name="Save").click()
    expect(chips(chat)).to_have_count(2)
    ask_and_wait(chat, "What is a keel?")
    expect(chat.locator(".source").last).to_contain_text("ships.md")

    chat.get_by_role("button", name="Take Birds out of this chat").click()
    expect(chips(chat)).to_have_count(1)
    chat.get_by_role("button", name="Undo").click()
    expect(chips(chat)).to_have_count(2)
    chat.reload()
    expect(chips(chat)).to_have_count(2)
    picture(chat, "collections-chat")
    phone = open_chat(new_context(member, **PHONE).new_page(), echo)
    visit(phone, chat.url)
    expect(chips(phone)).to_have_count(2)
    expect_no_sideways_scrolling(phone)
    picture(phone, "collections-phone")


def test_without_a_collection_the_clip_opens_the_files_at_once(chat: Page) -> None:
    with chat.expect_file_chooser():
        chat.get_by_role("button", name="Attach documents").click()


def test_chats_in_a_folder_use_its_collections(chat: Page, echo: LiveServer) -> None:
    attach(chat, birds=BIRDS)
    visit(chat, f"{echo.url}/documents")
    make(chat, "Birds", "birds.md")
    open_chat(chat, echo)
    chat.get_by_role("button", name="New folder").click()
    dialog = chat.get_by_role("dialog", name="New folder")
    dialog.get_by_label("Name").fill("Coast")
    dialog.get_by_label("Birds").check()
    expect_no_violations_in_either_theme(chat)
    picture(chat, "folder-collections")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    chat.locator(".folder-head", has_text="Coast").hover()
    chat.get_by_role("button", name="More for the folder Coast").click()
    chat.get_by_role("menuitem", name="New chat here").click()
    ask_and_wait(chat, "Where do puffins breed?")
    expect(chat.locator(".source")).to_contain_text("birds.md")
    expect(chips(chat)).to_contain_text("of the folder")
    expect(chips(chat).get_by_role("button")).to_have_count(0)

    chat.get_by_role("button", name="More for the folder Coast").click()
    chat.get_by_role("menuitem", name="Edit folder").click()
    dialog = chat.get_by_role("dialog", name="Edit folder")
    expect(dialog.get_by_label("Birds")).to_be_checked()
    dialog.get_by_label("Birds").uncheck()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    chat.reload()
    expect(composer(chat)).to_be_visible()
    expect(chat.locator(".source")).to_be_visible()
    expect(chips(chat)).to_have_count(0)


def test_what_an_administrator_shares_is_used_until_it_is_taken_back(
    chat: Page, echo: LiveServer, new_context: ContextMaker, super_admin: Person
) -> None:
    root = open_chat(new_context(super_admin).new_page(), echo)
    attach(root, handbook=SHIPS)
    visit(root, f"{echo.url}/documents")
    make(root, "Handbook", "handbook.md")
    row(root, "Handbook").locator("summary").click()
    stale = {"status": "error", "code": "step_up_needed", "message": "Please confirm."}
    root.route("**/sharing", lambda route: route.fulfill(status=401, json=stale))
    row(root, "Handbook").get_by_role("button", name="Save").click()
    root.wait_for_url("**/confirm?next=/documents")
    root.unroute("**/sharing")
    visit(root, f"{echo.url}/documents")
    row(root, "Handbook").locator("summary").click()
    row(root, "Handbook").get_by_label("Who may use it").select_option("Everybody")
    row(root, "Handbook").get_by_role("button", name="Save").click()
    expect(row(root, "Handbook")).to_contain_text("Shared: Everybody")
    expect(row(root, "Handbook").get_by_label("Who may use it")).to_be_focused()
    expect_no_violations_in_either_theme(root)
    picture(root, "documents-sharing")

    visit(chat, f"{echo.url}/documents")
    expect(row(chat, "Handbook")).to_contain_text("Shared with you")
    expect(row(chat, "Handbook").get_by_role("button")).to_have_count(0)
    row(chat, "Handbook").locator("summary").click()
    expect(row(chat, "Handbook")).to_contain_text("handbook.md")
    expect_no_violations_in_either_theme(chat)
    row(chat, "Handbook").get_by_role("link", name="Ask").click()
    expect(chips(chat)).to_contain_text("Handbook")
    ask_and_wait(chat, "What is a keel?")
    source = chat.locator(".source")
    source.click()
    dialog = chat.get_by_role("dialog")
    expect(dialog.locator("mark")).to_contain_text("spine of a ship")
    with chat.context.expect_page() as opened:
        dialog.get_by_role("link", name="Open on a page").click()
    expect(opened.value.locator("main")).to_contain_text("shared with you")
    opened.value.close()
    chat.keyboard.press("Escape")

    row(root, "Handbook").get_by_label("Who may use it").select_option("Only me")
    row(root, "Handbook").get_by_role("button", name="Save").click()
    expect(row(root, "Handbook")).not_to_contain_text("Shared")
    source.click()
    expect(dialog).to_contain_text("This document is no longer available.")
    chat.keyboard.press("Escape")
    ask_and_wait(chat, "What is a keel, once more?")
    expect(chat.locator(".source")).to_have_count(1)  # of the first answer


def test_a_plain_question_searches_ones_documents_as_a_step(chat: Page, echo: LiveServer) -> None:
    attach(chat, birds=BIRDS)
    visit(chat, echo.url)
    composer(chat).wait_for()
    ask_and_wait(chat, "Search my documents for puffins")
    step = chat.locator(".step")
    expect(step).to_contain_text("Searched your documents: 1 passage")
    step.locator("summary").click()
    expect(step.locator("dd").first).to_have_text("puffins")
    expect(chat.locator(".source")).to_contain_text("birds.md")
    expect_no_violations_in_either_theme(chat)
    picture(chat, "documents-step")
