"""Folders and the archive in the list: by menu, by drag, by keyboard, in two tabs, on a phone."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import APIResponse, Locator, Page, Route, WebSocketRoute, expect

from echo.extensions import db
from echo.services.accounts import accounts
from echo.services.chats import folders
from tests.browser.conftest import ContextMaker, open_chat
from tests.browser.talk import (
    SUBMIT_TWICE,
    answer,
    ask,
    ask_and_wait,
    call,
    choose,
    composer,
    drag,
    touch,
    wait_for_end,
)
from tests.browser.test_accessibility import expect_no_violations_in_either_theme
from tests.browser.test_conversations import CHAT_MENU, new_chat, rows
from tests.live.server import LiveServer, Person
from tests.services.people import conversation_of
from tests.services.test_imports import gpt, gpt_node

SETTLES = """() => {
  window.settled = new Promise((done) => {
    document.addEventListener("htmx:afterSettle", () => done(), { once: true });
  });
}"""


def folder(page: Page, name: str) -> Locator:
    return page.locator(".folder").filter(has=page.locator(".folder-name", has_text=name))


def shown(page: Page, name: str) -> Locator:
    return folder(page, name).locator(".conversation-title")


def listed(page: Page) -> Locator:
    return page.locator("#conversation-rows .conversation-title")


def of_folder(page: Page, name: str, item: str) -> None:
    folder(page, name).locator(".folder-head").hover()
    page.get_by_role("button", name=f"More for the folder {name}").click()
    page.get_by_role("menuitem", name=item).click()


def picture(page: Page, name: str) -> None:
    if place := os.environ.get("ECHO_PICTURES"):
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            page.screenshot(path=Path(place) / f"{name}-{theme}.png")


def test_a_chat_is_put_into_a_folder_and_nothing_is_lost_with_it(
    chat: Page, echo: LiveServer
) -> None:
    ask_and_wait(chat, "About lions")
    choose(chat, CHAT_MENU, "Move to a folder")
    chat.get_by_role("menuitem", name="New folder").click()
    dialog = chat.get_by_role("dialog", name="New folder")
    expect(dialog.get_by_label("Name")).to_be_focused()
    dialog.get_by_label("Name").fill("Animals & <b>more</b>")
    dialog.get_by_label("System prompt").fill("Answer like a zoologist.")
    picture(chat, "folder-dialog")
    chat.keyboard.press("Escape")
    choose(chat, CHAT_MENU, "Move to a folder")
    chat.get_by_role("menuitem", name="New folder").click()
    expect(dialog.get_by_label("Name")).to_have_value("Animals & <b>more</b>")
    dialog.locator("form").evaluate(SUBMIT_TWICE)
    expect(dialog).to_be_hidden()
    expect(chat.locator("#folders .folder")).to_have_count(2)  # this one and the archive
    expect(shown(chat, "Animals & <b>more</b>")).to_have_text("About lions")
    expect(shown(chat, "Animals")).to_be_hidden()
    folder(chat, "Animals").locator(".folder-open").click()
    expect(shown(chat, "Animals")).to_be_visible()
    expect(listed(chat)).to_have_count(0)
    chat.get_by_role("button", name="Settings of this chat").click()
    expect(chat.get_by_label("System prompt", exact=True)).to_have_attribute(
        "placeholder", "Answer like a zoologist."
    )
    chat.keyboard.press("Escape")
    chat.reload()
    expect(shown(chat, "Animals")).to_be_visible()  # it was left open
    of_folder(chat, "Animals", "New chat here")
    expect(chat.get_by_role("heading", level=1)).to_have_text("New chat in Animals & <b>more</b>")
    ask_and_wait(chat, "About tigers")
    expect(shown(chat, "Animals")).to_have_text(["About tigers", "About lions"])
    picture(chat, "folders")
    of_folder(chat, "Animals", "Delete folder, keep chats")
    expect(listed(chat)).to_have_text(["About tigers", "About lions"])
    expect(folder(chat, "Animals")).to_have_count(0)
    chat.get_by_role("button", name="Undo").click()
    folder(chat, "Animals").locator(".folder-open").click()
    expect(shown(chat, "Animals")).to_have_text(["About tigers", "About lions"])
    expect(rows(chat)).to_have_count(2)
    expect_no_violations_in_either_theme(chat)


def test_a_new_folder_takes_a_chat_before_the_news_of_it_arrives(
    chat: Page, echo: LiveServer
) -> None:
    late: list[str | bytes] = []

    def held(page: WebSocketRoute) -> None:
        server = page.connect_to_server()
        page.on_message(server.send)
        server.on_message(
            lambda said: (late.append if "folders_ch" in str(said) else page.send)(said)
        )

    tab = chat.context.new_page()
    tab.route_web_socket("**/socket.io/**", held)
    open_chat(tab, echo)
    ask_and_wait(tab, "About lions")
    choose(tab, CHAT_MENU, "Move to a folder")
    tab.get_by_role("menuitem", name="New folder").click()
    tab.get_by_role("dialog", name="New folder").get_by_label("Name").fill("Big cats")
    tab.keyboard.press("Enter")
    expect(shown(tab, "Big cats")).to_have_text("About lions")
    expect(tab.get_by_text("“About lions” is in “Big cats”")).to_be_visible()
    assert late, "the news was held back"


@pytest.mark.parametrize("put_in", [True, False])
def test_a_list_that_is_older_than_the_news_undoes_nothing(
    chat: Page, echo: LiveServer, put_in: bool
) -> None:
    """A folder's, and the one by time: both were asked for before a chat was moved, and come after it."""
    ask_and_wait(chat, "About lions")
    made = call(chat, "POST", "/api/folders", name="Big cats")
    inside, outside = {"folder_id": made["id"]}, {"folder_id": None}
    address = f"/api{chat.url.removeprefix(echo.url).replace('/c/', '/conversations/')}"
    call(chat, "PATCH", address, **(outside if put_in else inside))
    held: list[tuple[Route, APIResponse]] = []
    for place in ("**/api/conversations?folder_id=*", f"{echo.url}/conversations"):
        chat.route(place, lambda route: held.append((route, route.fetch())))
    folder(chat, "Big cats").locator(".folder-open").click()
    chat.locator("#conversation-rows").dispatch_event("refresh")
    while len(held) < 2:
        chat.wait_for_timeout(20)
    call(chat, "PATCH", address, **(inside if put_in else outside))
    there, gone = shown(chat, "Big cats"), listed(chat)
    there, gone = (there, gone) if put_in else (gone, there)
    expect(there).to_have_text("About lions")
    chat.evaluate(SETTLES)
    for route, answered in held:
        route.fulfill(response=answered)
    expect(folder(chat, "Big cats")).not_to_have_class(re.compile("is-loading"))
    chat.evaluate("() => window.settled")
    expect(there).to_have_text("About lions")
    expect(gone).to_have_count(0)


def test_a_chat_is_dragged_and_archived_and_another_tab_sees_it(
    chat: Page, echo: LiveServer, member: Person
) -> None:
    for text in ("About lions", "About tigers"):
        new_chat(chat)
        ask_and_wait(chat, text)
    other = open_chat(chat.context.new_page(), echo)
    chat.get_by_role("button", name="New folder").click()
    chat.get_by_label("Name").fill("Big cats")
    chat.keyboard.press("Enter")
    lions = rows(chat).filter(has_text="lions")
    drag(lions, folder(chat, "Big cats"))
    expect(shown(chat, "Big cats")).to_have_text("About lions")
    folder(other, "Big cats").locator(".folder-open").click()
    expect(shown(other, "Big cats")).to_have_text("About lions")
    folder(chat, "Big cats").locator(".folder-open").click()
    drag(shown(chat, "Big cats"), chat.locator("#conversation-rows"))
    expect(shown(other, "Big cats")).to_have_count(0)
    expect(listed(other)).to_have_text(["About tigers", "About lions"])
    rows(chat).filter(has_text="lions").hover()
    chat.get_by_role("button", name="More for About lions").press("Enter")
    chat.get_by_role("menuitem", name="Archive").press("Enter")
    expect(folder(chat, "Archived")).to_be_visible()
    expect(listed(chat)).to_have_text("About tigers")
    other.get_by_role("button", name="Archived").press("Enter")
    expect(shown(other, "Archived")).to_have_text("About lions")
    shown(other, "Archived").click()
    expect(answer(other)).to_be_visible()
    picture(other, "archive")
    ask(other, "And back again")
    expect(listed(chat)).to_have_text(["About lions", "About tigers"])
    chat.get_by_role("button", name="Search").click()
    chat.get_by_role("textbox", name="Search chats").fill("lions")
    expect(chat.locator(".search-result")).to_have_count(1)


def prepared(echo: LiveServer, member: Person, *names: str) -> list[str]:
    """Make folders, each with a chat that bears its name in small letters; return the folders' ids."""
    with echo.app.app_context():
        user = accounts.find(member.name)
        assert user is not None
        made = [folders.create(user.id, name).id for name in names]
        for name, folder_id in zip(names, made, strict=True):
            conversation_of(user, word=name.lower(), folder_id=folder_id)
        db.engine.dispose()
    return made


def test_what_is_undone_goes_back_where_it_was(
    chat: Page, echo: LiveServer, member: Person
) -> None:
    prepared(echo, member, "Lions")
    changes: list[str] = []
    chat.on("request", lambda sent: changes.append(sent.url) if sent.method == "PATCH" else None)
    chat.reload()
    folder(chat, "Lions").locator(".folder-open").click()
    choose(chat, "[aria-label='More for lions title']", "Archive")
    new_chat(chat)
    folder(chat, "Archived").locator(".folder-open").click()
    drag(shown(chat, "Archived"), folder(chat, "Archived").locator(".folder-head"))
    choose(chat, "[aria-label='More for lions title']", "Move to a folder")
    chat.get_by_role("menuitemradio", name="No folder").click()
    said = chat.locator(".toast", has_text="is in no folder")
    said.get_by_role("button", name="Undo").click()
    expect(shown(chat, "Archived")).to_have_text("lions title")
    choose(chat, "[aria-label='More for lions title']", "Unarchive")
    expect(chat.locator(".toast", has_text="is in “Lions” again")).to_be_visible()
    expect(shown(chat, "Lions")).to_have_text("lions title")
    assert len(changes) == 4  # archived once: what is in the archive already was dropped on it


def test_a_folder_that_is_deleted_here_was_not_deleted_elsewhere(
    chat: Page, echo: LiveServer, member: Person
) -> None:
    prepared(echo, member, "Lions")
    chat.reload()
    folder(chat, "Lions").locator(".folder-open").click()
    shown(chat, "Lions").click()
    expect(chat.locator(".message")).to_have_count(4)
    other = open_chat(chat.context.new_page(), echo)
    other.goto(chat.url)
    expect(other.locator(".message")).to_have_count(4)
    of_folder(chat, "Lions", "Delete folder and chats")
    expect(chat.locator(".message")).to_have_count(0)
    expect(other.locator(".toast")).to_contain_text("“lions title” was deleted elsewhere.")
    expect(chat.locator(".toast")).to_contain_text("Folder “Lions” and its chats deleted")
    chat.get_by_role("button", name="Undo").click()
    expect(chat.locator(".message")).to_have_count(4)
    folder(other, "Lions").locator(".folder-open").click()
    expect(shown(other, "Lions")).to_have_text("lions title")


def test_chats_are_brought_along(chat: Page, echo: LiveServer, tmp_path: Path) -> None:
    circle = {**gpt(a=gpt_node("b", "user", "A"), b=gpt_node("a", "user", "B")), "title": "Round"}
    talk = gpt(
        q=gpt_node(None, "user", "How large?"), a=gpt_node("q", "assistant", "About **3 m**.")
    )
    file = tmp_path / "conversations.json"
    file.write_text(json.dumps([{**talk, "title": "Sea <b>cows</b>"}, circle]))
    page = chat.context.new_page()
    page.goto(f"{echo.url}/profile/data#import")
    page.get_by_label("A file of at most").set_input_files(file)
    expect(page.locator("#import-note")).to_have_text("1 chat with 2 messages can be imported.")
    expect(page.locator("#import-report")).to_contain_text("go round in a circle")
    picture(page, "import")
    expect(listed(chat)).to_have_count(0)
    page.get_by_role("button", name="Import 1 chat").click()
    expect(page.locator("#import-note")).to_have_text("1 chat is in your list now.")
    expect_no_violations_in_either_theme(page)
    expect(listed(chat)).to_have_text("Sea <b>cows</b>")
    listed(chat).click()
    expect(answer(chat)).to_contain_text("About 3 m.")
    page.get_by_label("A file of at most").set_input_files(file)
    expect(page.locator("#import-note")).to_have_text("There is nothing to import in it.")


def test_on_a_phone_the_menu_moves(
    echo: LiveServer, member: Person, new_context: ContextMaker
) -> None:
    context = new_context(member, viewport={"width": 390, "height": 844}, has_touch=True)
    page = open_chat(context.new_page(), echo)
    composer(page).fill("About lions")
    page.get_by_role("button", name="Send", exact=True).tap()
    wait_for_end(page)
    page.get_by_role("button", name="Open sidebar").tap()
    page.get_by_role("button", name="New folder").tap()
    page.get_by_label("Name").fill("Animals")
    page.get_by_role("button", name="Save").tap()
    touch(page, "More for About lions", "Move to a folder")
    page.get_by_role("menuitemradio", name="Animals").tap()
    folder(page, "Animals").locator(".folder-open").tap()
    expect(shown(page, "Animals")).to_have_text("About lions")
    picture(page, "phone")
    expect_no_violations_in_either_theme(page)
