"""A long import: its progress, stopped and gone on with, looked at from other pages, cut by an end."""

from __future__ import annotations

import json
import re
from pathlib import Path

from playwright.sync_api import Page, Route, expect
from sqlalchemy import func, select

from echo.extensions import db
from echo.models import ChatImport, Conversation
from echo.services.accounts import accounts
from tests.browser.conftest import ContextMaker
from tests.browser.test_accessibility import expect_no_violations_in_either_theme
from tests.browser.test_order import listed, picture
from tests.live.server import LiveServer, Person
from tests.services.test_imports import gpt, gpt_node

PHONE = {"width": 390, "height": 844}


def export_of(count: int, messages: int, place: Path) -> Path:
    """ChatGPT's export of that many chats with that many messages each."""
    names = [f"m{at}" for at in range(messages)]
    nodes = {
        name: gpt_node(names[at - 1] if at else None, ("user", "assistant")[at % 2], f"{name} " * 9)
        for at, name in enumerate(names)
    }
    chats = [
        {**gpt(**nodes), "conversation_id": f"c-{at}", "title": f"Chat {at}"} for at in range(count)
    ]
    file = place / "conversations.json"
    file.write_text(json.dumps(chats))
    return file


def number(member: Person) -> int:
    user = accounts.find(member.name)
    assert user is not None
    return user.id


def kept(echo: LiveServer, member: Person) -> int:
    with echo.app.app_context():
        mine = (Conversation.user_id == number(member)) & Conversation.deleted_at.is_(None)
        count = db.session.scalar(select(func.count(Conversation.id)).where(mine))
        db.engine.dispose()
    return count or 0


def data_page(page: Page, echo: LiveServer) -> Page:
    page.goto(f"{echo.url}/profile/data#import")
    return page


def chosen(page: Page, file: Path, label: str) -> None:
    page.get_by_label("A file of at most").set_input_files(file)
    expect(page.get_by_role("button", name=label)).to_be_visible()


def told_by(page: Page, pattern: str) -> None:
    expect(page.locator("#import-note")).to_have_text(re.compile(pattern))


def test_a_long_import_is_followed_stopped_and_gone_on_with(
    chat: Page, echo: LiveServer, member: Person, tmp_path: Path
) -> None:
    file = export_of(500, 100, tmp_path)
    page = data_page(chat.context.new_page(), echo)
    chosen(page, file, "Import 500 chats")
    page.get_by_role("button", name="Import 500 chats").press("Enter")
    stop = page.get_by_role("button", name="Stop")
    expect(stop).to_be_focused()
    expect(page.locator("#import-progress")).to_contain_text(re.compile(r"[1-9]\d* of 500 chats"))
    expect(page.get_by_role("progressbar")).to_have_attribute("value", re.compile(r"^0\.\d+"))
    picture(page, "importing")
    expect_no_violations_in_either_theme(page)
    other = data_page(chat.context.new_page(), echo)  # another tab shows the same
    expect(other.locator("#import-progress")).to_contain_text("of 500 chats")
    expect(other.get_by_label("A file of at most")).to_be_disabled()
    page.goto(echo.url)  # it goes on while another page is looked at
    expect(listed(page).first).to_be_visible()
    data_page(page, echo)
    page.get_by_role("button", name="Stop").click()
    told_by(page, r"^The import was stopped\. [1-9]\d* of 500 chats are in your list\.")
    picture(page, "import-stopped")
    told_by(other, "^The import was stopped")
    chosen(page, file, "Import ")
    page.get_by_role("button", name="Import ").click()
    told_by(page, r"^[1-9]\d* chats? (is|are) in your list now\.$")
    expect(page.locator("#import-report")).to_contain_text("It is here already.")
    expect_no_violations_in_either_theme(page)
    data_page(page, echo)  # who comes back sees how it ended
    told_by(page, r"in your list now\.$")
    page.get_by_role("button", name="Put away").press("Enter")
    expect(page.get_by_label("A file of at most")).to_be_focused()
    data_page(page, echo)
    expect(page.locator("#import-note")).to_be_empty()
    assert kept(echo, member) == 500  # none twice


def test_who_is_faster_than_the_page_loses_nothing(
    chat: Page, echo: LiveServer, tmp_path: Path
) -> None:
    held: list[Route] = []
    for place in ("**/profile/import", "**/conversations/import?preview=true"):
        chat.route(place, lambda route: held.append(route) if len(held) < 2 else route.continue_())
    page = data_page(chat, echo)
    page.get_by_label("A file of at most").set_input_files(export_of(1, 2, tmp_path))
    while len(held) < 2:
        page.wait_for_timeout(20)
    with page.expect_response("**/profile/import"):
        held[0].continue_()
    held[1].continue_()
    page.get_by_role("button", name="Import 1 chat").click()
    told_by(page, "1 chat is in your list now")


def test_sending_the_file_can_be_stopped(chat: Page, echo: LiveServer, tmp_path: Path) -> None:
    page = data_page(chat, echo)
    page.route("**/conversations/import?preview=true", lambda _: None)  # an answer that never comes
    page.get_by_label("A file of at most").set_input_files(export_of(1, 2, tmp_path))
    told_by(page, "Sending the file…|Reading the file…")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_label("A file of at most")).to_be_focused()
    expect(page.locator("#import-progress")).to_be_hidden()
    expect(page.locator("#import-note")).to_be_empty()
    page.unroute_all()
    chosen(page, tmp_path / "conversations.json", "Import 1 chat")


def test_a_second_one_is_refused_in_words_and_the_first_is_shown(
    chat: Page, echo: LiveServer, tmp_path: Path
) -> None:
    first, second = chat, chat.context.new_page()
    file = export_of(300, 60, tmp_path)
    for page in (first, second):
        chosen(data_page(page, echo), file, "Import 300 chats")
    first.get_by_role("button", name="Import 300 chats").click()
    expect(first.locator("#import-progress")).to_contain_text("of 300 chats")
    second.get_by_role("button", name="Import 300 chats").click()
    expect(second.locator(".toast")).to_contain_text("An import of yours is going on already.")
    expect(second.locator("#import-progress")).to_contain_text("of 300 chats")
    second.get_by_role("button", name="Stop").click()
    told_by(first, "^The import was stopped")


def test_one_that_was_cut_is_said_on_a_phone(
    echo: LiveServer, member: Person, new_context: ContextMaker, tmp_path: Path
) -> None:
    with echo.app.app_context():
        row = ChatImport(user_id=number(member), state="keeping", kept=412, total=1320, node="gone")
        db.session.add(row)
        db.session.commit()
        db.engine.dispose()
    page = data_page(new_context(member, viewport=PHONE, has_touch=True).new_page(), echo)
    told_by(
        page, r"^The import was cut off: .* 412 of 1,320 chats are in your list\. Choose the same"
    )
    picture(page, "import-cut-phone")
    expect_no_violations_in_either_theme(page)
    chosen(page, export_of(300, 60, tmp_path), "Import 300 chats")
    page.get_by_role("button", name="Import 300 chats").tap()
    expect(page.locator("#import-progress")).to_contain_text("of 300 chats")
    picture(page, "importing-phone")
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"]
    page.get_by_role("button", name="Stop").tap()
    told_by(page, "^The import was stopped")
