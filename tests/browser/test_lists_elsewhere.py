"""What is done to very many chats at once elsewhere, and what becomes of the lists of other windows."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from echo.clock import utc_now
from echo.extensions import db
from echo.limits import CONVERSATIONS_PER_PAGE
from echo.models import Conversation
from echo.services.accounts import accounts
from tests.browser.conftest import ContextMaker, open_chat
from tests.browser.talk import ask_and_wait, call
from tests.browser.test_order import folder, listed, shown
from tests.live.server import LiveServer, Person

MANY = CONVERSATIONS_PER_PAGE + 5


def kept(echo: LiveServer, member: Person, **values: object) -> list[str]:
    """Make more chats than a page of the list holds; return their ids, the last used first."""
    with echo.app.app_context():
        user = accounts.find(member.name)
        assert user is not None
        made = [Conversation(user_id=user.id, title=f"c{at:02}", **values) for at in range(MANY)]
        db.session.add_all(made)
        db.session.commit()
        ids = [row.id for row in sorted(made, key=lambda row: (row.updated_at, row.id))]
        db.engine.dispose()
    return ids[::-1]


def delete(page: Page, ids: list[str]) -> None:
    call(page, "POST", "/conversations/bulk", act="delete", ids=ids)


def hearing(page: Page, echo: LiveServer) -> Page:
    """Open the chat and wait until news reach it."""
    said: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda it: said.append(str(it))))
    open_chat(page, echo)
    while not any(each.startswith("40") for each in said):
        page.wait_for_timeout(20)
    return page


def archive(page: Page) -> Locator:
    return folder(page, "Archived")


def test_an_archive_that_is_emptied_elsewhere_is_empty_here(
    chat: Page, echo: LiveServer, member: Person, new_context: ContextMaker
) -> None:
    ids = kept(echo, member, archived_at=utc_now())
    chat.reload()
    chat.get_by_role("button", name="Archived").click()
    expect(shown(chat, "Archived")).to_have_count(CONVERSATIONS_PER_PAGE)
    unopened = hearing(new_context(member).new_page(), echo)
    expect(archive(unopened)).to_be_visible()
    expect(shown(unopened, "Archived")).to_have_count(0)
    delete(chat, ids[:CONVERSATIONS_PER_PAGE])
    expect(shown(chat, "Archived")).to_have_count(MANY - CONVERSATIONS_PER_PAGE)  # it looked on
    delete(chat, ids[CONVERSATIONS_PER_PAGE:])
    for page in (chat, unopened):
        expect(archive(page)).to_be_hidden()
        assert page.evaluate("document.activeElement !== document.body")
    call(chat, "POST", "/conversations/bulk", act="restore", ids=ids[:3])
    expect(archive(unopened)).to_be_visible()


def test_a_list_goes_on_where_the_chats_it_ended_with_are_deleted_elsewhere(
    chat: Page, echo: LiveServer, member: Person
) -> None:
    ids = kept(echo, member)
    chat.reload()
    expect(listed(chat)).to_have_count(CONVERSATIONS_PER_PAGE)
    delete(chat, ids[:CONVERSATIONS_PER_PAGE])
    expect(listed(chat)).to_have_count(MANY - CONVERSATIONS_PER_PAGE)
    expect(chat.locator(".load-more")).to_have_count(0)


def test_a_folder_that_is_emptied_elsewhere_shows_the_rest_and_stays(
    chat: Page, echo: LiveServer, member: Person
) -> None:
    made = call(chat, "POST", "/api/folders", name="Zoo")
    ids = kept(echo, member, folder_id=made["id"])
    chat.reload()
    folder(chat, "Zoo").locator(".folder-open").click()
    expect(shown(chat, "Zoo")).to_have_count(CONVERSATIONS_PER_PAGE)
    call(chat, "POST", "/conversations/bulk", act="change", ids=ids[:-2], archived=True)
    expect(shown(chat, "Zoo")).to_have_count(2)
    call(chat, "POST", "/conversations/bulk", act="change", ids=ids[-2:], folder_id="")
    expect(folder(chat, "Zoo")).to_contain_text("Nothing here yet.")
    expect(listed(chat)).to_have_count(2)


def test_an_archive_that_is_imported_elsewhere_is_here_at_once(
    chat: Page, echo: LiveServer, member: Person
) -> None:
    ask_and_wait(chat, "About old letters")
    chat_id = chat.url.removeprefix(f"{echo.url}/c/")
    call(chat, "PATCH", f"/api/conversations/{chat_id}", archived=True)
    content = chat.request.get(f"{echo.url}/conversations/{chat_id}/export/json").body()
    delete(chat, [chat_id])
    expect(archive(chat)).to_be_hidden()
    other = chat.context.new_page()
    other.goto(f"{echo.url}/profile/data#import")
    other.get_by_label("A file of at most").set_input_files(
        {"name": "chat.json", "mimeType": "application/json", "buffer": content}
    )
    other.get_by_role("button", name="Import 1 chat").click()
    expect(archive(chat)).to_be_visible()
    expect(shown(chat, "Archived")).to_have_text("About old letters")
