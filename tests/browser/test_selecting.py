"""Several chats chosen in the list and dealt with at once: pointer, keyboard, touch, undo, two tabs."""

from __future__ import annotations

import zipfile

from playwright.sync_api import Locator, Page, expect

from echo.clock import utc_now
from echo.extensions import db
from echo.models import Conversation
from tests.browser.conftest import ContextMaker, open_chat
from tests.browser.talk import choose, touch
from tests.browser.test_accessibility import expect_no_violations_in_either_theme
from tests.browser.test_conversations import rows
from tests.browser.test_order import folder, listed, picture, shown
from tests.browser.test_tags import chips, prepared, row
from tests.live.server import LiveServer, Person


def bar(page: Page) -> Locator:
    return page.get_by_role("group", name="Selected chats")


def counted(page: Page, said: str) -> None:
    expect(bar(page).get_by_role("status")).to_have_text(said)


def act(page: Page, name: str) -> None:
    bar(page).get_by_role("button", name=name).click()


def link(page: Page, title: str) -> Locator:
    return row(page, title).locator(".conversation-link")


def test_chats_are_chosen_by_pointer_and_dealt_with_at_once(
    chat: Page, echo: LiveServer, member: Person
) -> None:
    prepared(echo, member, ants=[], bees=[], cats=["Pets"], dogs=["Pets"], eels=[])
    chat.reload()
    other = open_chat(chat.context.new_page(), echo)
    asked: list[str] = []
    chat.on("request", lambda sent: asked.append(sent.url) if "/bulk" in sent.url else None)
    link(chat, "dogs").click(modifiers=["ControlOrMeta"])
    counted(chat, "1 chat")
    link(chat, "bees").click(modifiers=["Shift"])
    counted(chat, "3 chats")
    link(chat, "cats").click()
    counted(chat, "2 chats")
    row(chat, "cats").get_by_role("checkbox", name="Select cats").click()
    counted(chat, "3 chats")
    assert chat.url.rstrip("/") == echo.url  # none of them was opened
    picture(chat, "selecting")
    expect_no_violations_in_either_theme(chat)
    act(chat, "Move to a folder")
    chat.get_by_role("menuitem", name="New folder").click()
    chat.get_by_label("Name").fill("Zoo")
    chat.keyboard.press("Enter")
    expect(bar(chat)).to_be_hidden()
    expect(listed(chat)).to_have_text(["eels", "ants"])
    folder(other, "Zoo").locator(".folder-open").click()
    expect(shown(other, "Zoo")).to_have_text(["dogs", "cats", "bees"])
    said = chat.locator(".toast", has_text="3 chats are in “Zoo”")
    said.get_by_role("button", name="Undo").click()
    expect(listed(other)).to_have_text(["eels", "dogs", "cats", "bees", "ants"])
    expect(shown(other, "Zoo")).to_have_count(0)
    assert len(asked) == 2


def test_the_chat_in_view_is_deleted_with_others_and_comes_back(
    chat: Page, echo: LiveServer, member: Person
) -> None:
    ids = prepared(echo, member, ants=[], bees=[], cats=[])
    chat.goto(f"{echo.url}/c/{ids['bees']}")
    expect(chat.locator(".message")).to_have_count(4)
    other = open_chat(chat.context.new_page(), echo)
    link(chat, "ants").click(modifiers=["Shift"])  # from the one in view
    counted(chat, "2 chats")
    act(chat, "Delete")
    expect(chat.locator(".message")).to_have_count(0)
    expect(listed(other)).to_have_text(["cats"])
    expect(chat.locator(".toast")).to_have_count(1)
    chat.locator(".toast", has_text="2 chats deleted").get_by_role("button", name="Undo").click()
    expect(chat.locator(".message")).to_have_count(4)
    expect(listed(other)).to_have_text(["cats", "bees", "ants"])


def test_what_another_tab_has_deleted_meanwhile_is_not_counted(
    chat: Page, echo: LiveServer, member: Person
) -> None:
    ids = prepared(echo, member, ants=[], bees=[], cats=[])
    chat.reload()
    chat.get_by_role("button", name="Select chats").click()
    for name in ("ants", "bees"):
        row(chat, name).get_by_role("checkbox").check()
    with echo.app.app_context():  # the server's own process is told nothing
        db.session.get_one(Conversation, ids["ants"]).deleted_at = utc_now()
        db.session.commit()
    act(chat, "Delete")
    expect(chat.locator(".toast")).to_contain_text("1 chat deleted")
    expect(listed(chat)).to_have_text(["cats"])


def test_by_keyboard(chat: Page, echo: LiveServer, member: Person) -> None:
    prepared(echo, member, ants=[], bees=["Small", "old"], cats=[])
    chat.reload()
    chat.get_by_role("button", name="Select chats").press("Enter")
    counted(chat, "Choose chats")
    expect(bar(chat).get_by_role("button", name="Delete")).to_be_disabled()
    row(chat, "bees").get_by_role("checkbox").press("Space")
    link(chat, "ants").press("Enter")
    counted(chat, "2 chats")
    bar(chat).get_by_role("button", name="Tags").press("Enter")
    dialog = chat.get_by_role("dialog", name="Tags of 2 chats")
    expect(dialog.locator("#tag-list .tag").first).to_contain_text("1 of 2")
    picture(chat, "selecting-tags")
    expect_no_violations_in_either_theme(chat)
    dialog.get_by_role("button", name="Add Small").press("Enter")
    expect(dialog.locator("#tag-list .tag").nth(1)).not_to_contain_text("of 2")
    dialog.get_by_role("button", name="Take off old").press("Enter")
    expect(dialog.locator("#tag-list .tag")).to_have_text(["Small"])
    chat.keyboard.press("Escape")
    counted(chat, "2 chats")  # the dialog took it
    expect(chips(rows(chat))).to_have_text(["Small", "Small"])
    bar(chat).get_by_role("button", name="Archive").press("Enter")
    expect(listed(chat)).to_have_text(["cats"])
    chat.locator(".toast", has_text="2 chats are in the archive").get_by_role(
        "button", name="Undo"
    ).press("Enter")
    expect(listed(chat)).to_have_text(["cats", "bees", "ants"])
    row(chat, "cats").hover()
    choose(chat, "[aria-label='More for cats']", "Select chats")
    counted(chat, "1 chat")
    with chat.expect_download() as download:
        bar(chat).get_by_role("button", name="Export").press("Enter")
    with zipfile.ZipFile(download.value.path()) as packed:
        assert sorted(name.rpartition(".")[2] for name in packed.namelist()) == ["json", "md"]
    assert download.value.suggested_filename.startswith("echo-chats-")
    chat.keyboard.press("Escape")
    expect(bar(chat)).to_be_hidden()
    expect(chat.get_by_role("button", name="Select chats")).to_be_focused()


def test_a_long_press_on_a_phone_chooses(
    echo: LiveServer, member: Person, new_context: ContextMaker
) -> None:
    prepared(echo, member, ants=[], bees=[], cats=[])
    context = new_context(member, viewport={"width": 390, "height": 844}, has_touch=True)
    page = open_chat(context.new_page(), echo)
    page.get_by_role("button", name="Open sidebar").tap()
    link(page, "bees").tap(trial=True)  # the drawer stands still
    touched = page.context.new_cdp_session(page)
    box = link(page, "bees").bounding_box()
    assert box is not None
    point = {"x": box["x"] + 40, "y": box["y"] + 15}
    touched.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    counted(page, "1 chat")
    touched.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    counted(page, "1 chat")
    assert page.url.rstrip("/") == echo.url
    link(page, "cats").tap()
    counted(page, "2 chats")
    picture(page, "selecting-phone")
    expect_no_violations_in_either_theme(page)
    bar(page).get_by_role("button", name="Delete").tap()
    expect(listed(page)).to_have_text(["ants"])
    page.locator(".toast", has_text="2 chats deleted").get_by_role("button", name="Undo").tap()
    expect(listed(page)).to_have_text(["cats", "bees", "ants"])


def test_choosing_from_above_the_chat_opens_the_list_where_it_is_away(
    echo: LiveServer, member: Person, new_context: ContextMaker
) -> None:
    prepared(echo, member, ants=[], bees=[])
    context = new_context(member, viewport={"width": 390, "height": 844}, has_touch=True)
    page = open_chat(context.new_page(), echo)
    page.get_by_role("button", name="Open sidebar").tap()
    link(page, "bees").tap()
    touch(page, "More for this chat", "Select chats")
    counted(page, "1 chat")
    expect(bar(page)).to_be_in_viewport()
    expect(link(page, "ants")).to_be_in_viewport()
