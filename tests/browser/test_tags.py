"""Tags: given by keyboard and pointer, shown in the list and the head, filtering, in two tabs, on a phone."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from echo.extensions import db
from echo.services.accounts import accounts
from echo.services.chats import conversations
from tests.browser.conftest import ContextMaker, open_chat
from tests.browser.talk import choose, drag, touch
from tests.browser.test_accessibility import expect_no_violations_in_either_theme
from tests.browser.test_conversations import CHAT_MENU, rows
from tests.browser.test_order import folder, listed, picture, shown
from tests.live.server import LiveServer, Person
from tests.services.people import conversation_of


def prepared(echo: LiveServer, member: Person, **tags: list[str]) -> dict[str, str]:
    """Make chats, each called by its name, with these tags; return their ids."""
    with echo.app.app_context():
        user = accounts.find(member.name)
        assert user is not None
        made = {}
        for name, own in tags.items():
            row = conversation_of(user, word=name)
            row.title, made[name] = name, row.id
            conversations.change(user.id, row.id, tags=own)
        db.engine.dispose()
    return made


def row(page: Page, title: str) -> Locator:
    return rows(page).filter(has=page.locator(".conversation-title", has_text=title))


def chips(place: Locator) -> Locator:
    return place.locator(".tag")


def tags_of(page: Page, title: str) -> Locator:
    """Open the dialog of a chat by the menu of its row."""
    row(page, title).hover()
    choose(page, f"[aria-label='More for {title}']", "Tags…")
    return page.get_by_role("dialog", name=f"Tags of “{title}”")


def test_a_chat_is_tagged_by_keyboard_and_another_tab_sees_it(
    chat: Page, echo: LiveServer, member: Person
) -> None:
    ids = prepared(echo, member, lions=[], tigers=["Cats", "far away"])
    chat.goto(f"{echo.url}/c/{ids['lions']}")
    other = open_chat(chat.context.new_page(), echo)
    choose(chat, CHAT_MENU, "Tags…")
    dialog = chat.get_by_role("dialog", name="Tags of “lions”")
    field = dialog.get_by_label("New tag")
    expect(field).to_be_focused()
    expect(dialog.get_by_role("button", name="Add Cats")).to_be_visible()
    field.press_sequentially("  CATS ")
    field.press("Enter")
    expect(dialog.locator("#tag-list .tag")).to_have_text(["Cats"])
    expect(dialog.get_by_role("button", name="Add Cats")).to_have_count(0)
    for name in ("Wild & <b>free</b>", "Big"):
        field.fill(name)
        field.press("Enter")
        expect(field).to_have_value("")
    expect(dialog.locator("#tag-list .tag")).to_have_text(["Big", "Cats", "Wild & <b>free</b>"])
    field.fill("fa")
    expect(dialog.locator(".tag-suggestions .tag")).to_have_text(["far away"])
    picture(chat, "tags-dialog")
    expect_no_violations_in_either_theme(chat)
    field.fill("x\u200by")
    field.press("Enter")
    expect(dialog.get_by_role("alert")).to_have_text("A tag holds no characters that nobody sees.")
    expect(chips(row(other, "lions"))).to_have_text(["Big", "Cats"])
    expect(row(other, "lions").locator(".tag-more")).to_have_text("+1")
    field.fill("")
    field.press("Backspace")
    expect(dialog.locator("#tag-list .tag")).to_have_text(["Big", "Cats"])
    field.press("Escape")
    expect(dialog).to_be_hidden()
    expect(chips(chat.locator("#chat-tags"))).to_have_text(["Big", "Cats"])
    chat.reload()
    expect(chips(row(chat, "lions"))).to_have_text(["Big", "Cats"])
    expect(chips(chat.locator("#chat-tags"))).to_have_text(["Big", "Cats"])
    picture(chat, "tags")


def test_a_tag_filters_the_list_wherever_its_chats_stand(
    chat: Page, echo: LiveServer, member: Person
) -> None:
    ids = prepared(echo, member, lions=["Cats"], tigers=["Cats"], whales=["Sea"], cheetahs=["cats"])
    chat.reload()
    chat.get_by_role("button", name="New folder").click()
    chat.get_by_label("Name").fill("Spotted")
    chat.keyboard.press("Enter")
    drag(row(chat, "cheetahs"), folder(chat, "Spotted"))
    folder(chat, "Spotted").locator(".folder-open").click()
    row(chat, "tigers").hover()
    choose(chat, "[aria-label='More for tigers']", "Archive")
    chips(row(chat, "lions")).click()
    expect(chat.get_by_role("status").filter(has_text="Chats with the tag")).to_contain_text("Cats")
    expect(listed(chat)).to_have_text(["cheetahs", "tigers", "lions"])
    expect(chat.locator("#folders")).to_be_hidden()
    picture(chat, "tag-filter")
    expect_no_violations_in_either_theme(chat)
    dialog = tags_of(chat, "lions")
    dialog.get_by_role("textbox").fill("Big")
    dialog.get_by_role("textbox").press("Enter")
    expect(chips(dialog.locator("#tag-list"))).to_have_text(["Big", "Cats"])
    dialog.get_by_role("button", name="Take off Cats").click()
    expect(listed(chat)).to_have_text(["cheetahs", "tigers"])
    expect(chips(dialog.locator("#tag-list"))).to_have_text(["Big"])
    dialog.get_by_label("New tag").fill("x\u200by")
    dialog.get_by_role("button", name="Done").click()
    expect(dialog.get_by_role("alert")).to_contain_text("nobody sees")  # and it is still open
    dialog.get_by_label("New tag").fill("Last")
    dialog.get_by_role("button", name="Done").click()
    row(chat, "tigers").hover()
    chat.locator("[aria-label='More for tigers']").click()
    expect(chat.get_by_role("menuitem", name="Unarchive")).to_be_visible()
    chat.keyboard.press("Escape")
    chat.get_by_role("button", name="Show all chats").click()
    expect(listed(chat)).to_have_text(["whales", "lions"])
    expect(chips(row(chat, "lions"))).to_have_text(["Big", "Last"])
    expect(shown(chat, "Spotted")).to_have_text("cheetahs")
    chat.goto(f"{echo.url}/c/{ids['whales']}")
    chat.locator("#chat-tags .tag").press("Enter")
    expect(listed(chat)).to_have_text(["whales"])


def test_search_finds_by_tag(chat: Page, echo: LiveServer, member: Person) -> None:
    prepared(echo, member, lions=["Big cats"], tigers=["Big cats"], whales=[])
    chat.get_by_role("button", name="Search").click()
    chat.get_by_role("textbox", name="Search chats").fill('tag:"big cats"')
    expect(chat.locator(".search-result .title")).to_have_text(["tigers", "lions"])
    chat.get_by_role("textbox", name="Search chats").fill('tag:"big cats" lions')
    expect(chat.locator(".search-result .title")).to_have_text(["lions"])


def test_on_a_phone(echo: LiveServer, member: Person, new_context: ContextMaker) -> None:
    ids = prepared(echo, member, lions=["Cats", "far away", "third"], whales=["Sea"])
    context = new_context(member, viewport={"width": 390, "height": 844}, has_touch=True)
    page = open_chat(context.new_page(), echo)
    page.goto(f"{echo.url}/c/{ids['lions']}")
    picture(page, "tags-phone-head")
    page.locator("#chat-tags .tag").first.tap()
    expect(page.locator("#filter-bar")).to_be_visible()
    expect(page.locator("#filter-bar")).to_be_in_viewport()
    expect(listed(page)).to_have_text(["lions"])
    picture(page, "tags-phone")
    expect_no_violations_in_either_theme(page)
    touch(page, "More for lions", "Tags…")
    page.get_by_role("button", name="Take off far away").tap()
    expect(chips(page.locator("#tag-list"))).to_have_text(["Cats", "third"])
    picture(page, "tags-phone-dialog")
    expect_no_violations_in_either_theme(page)
