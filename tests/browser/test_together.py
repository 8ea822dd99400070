"""Two people in one chat: invited by name, both see words arrive, and who is taken out loses it."""

from __future__ import annotations

import os
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import ContextMaker, open_chat
from tests.browser.talk import ask, ask_and_wait, choose, composer, stop_button
from tests.browser.test_accessibility import expect_no_violations_in_either_theme
from tests.browser.test_conversations import CHAT_MENU
from tests.browser.test_sharing import PHONE, dialog
from tests.live.server import LiveServer, Person

PASTE = """(field, text) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
  if (!field.dispatchEvent(event)) throw new Error("the paste was taken away from the field");
}"""


def invite(page: Page, name: str) -> None:
    dialog(page)
    page.get_by_label("Invite by name").fill(name)
    page.get_by_role("button", name="Invite", exact=True).click()


def picture(page: Page, name: str) -> None:
    if place := os.environ.get("ECHO_PICTURES"):
        for theme in ("dark", "light"):
            page.emulate_media(color_scheme=theme)
            page.screenshot(path=f"{place}/together-{name}-{theme}.png")


def test_two_people_talk_in_one_chat(
    echo: LiveServer,
    chat: Page,
    member: Person,
    newcomers: Callable[[], Person],
    new_context: ContextMaker,
) -> None:
    guest = newcomers()
    ask_and_wait(chat, "Hello")
    other = open_chat(new_context(guest, viewport=PHONE).new_page(), echo)

    invite(chat, "nobody.at.all")
    expect(chat.locator(".people-in-chat .form-error")).to_contain_text("Nobody can be invited")
    chat.get_by_label("Invite by name").fill(guest.name.upper())
    chat.keyboard.press("Enter")
    expect(chat.locator(".people-list li")).to_have_count(2)
    expect_no_violations_in_either_theme(chat)
    picture(chat, "invite")
    chat.keyboard.press("Escape")

    news = other.locator(".toast", has_text=f"{member.name} has invited you into “Hello”.")
    expect(news).to_have_count(1)
    other.get_by_role("button", name="Open sidebar").click()
    row = other.locator(".conversation-row[data-others]")
    expect(row.locator(".row-people")).to_have_attribute("title", f"{member.name}’s chat")
    row.get_by_role(
        "button", name="More for Hello"
    ).click()  # of a row that the page has drawn itself
    expect(other.get_by_role("menuitem", name="Leave this chat")).to_be_visible()
    expect(other.get_by_role("menuitem", name="Rename")).to_have_count(0)
    other.keyboard.press("Escape")
    row.locator(".conversation-link").click()
    expect(other.locator(".message")).to_have_count(2)
    composer(other).evaluate(PASTE, "long " * 2000)
    expect(other.locator(".toast", has_text="attached")).to_have_count(0)
    expect(other.locator(".message.user .message-author")).to_have_text(member.name)
    for page in (chat, other):
        here = page.locator("#chat-people .faces")
        expect(here).to_have_attribute("aria-label", f"Here now: {member.name}, {guest.name}")

    ask(other, "Something steady")
    live = chat.locator(".message.assistant.live")
    expect(live).to_contain_text("word5")
    expect(other.locator(".message.assistant.live")).to_contain_text("word5")
    expect(chat.locator(".message.user .message-author").last).to_have_text(guest.name)
    assert other.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    expect_no_violations_in_either_theme(other)
    picture(other, "phone")
    picture(chat, "owner")
    composer(chat).focus()
    chat.get_by_role("button", name="Stop").click()  # the owner may
    expect(other.locator(".message.assistant.live")).to_have_count(0)

    last, first = chat.locator(".message.assistant").last, chat.locator(".message.assistant").first
    expect(last.get_by_role("button", name="Good answer")).to_have_count(0)
    expect(first.get_by_role("button", name="Good answer")).to_have_count(1)
    mine = other.locator(".message.assistant").last
    expect(mine.get_by_role("button", name="Good answer")).to_have_count(1)
    expect(mine.get_by_role("button", name="Edit")).to_have_count(0)
    expect(other.get_by_role("button", name="Model of this chat")).to_be_disabled()

    ask(chat, "Mine steady")
    expect(other.locator(".message.assistant.live")).to_contain_text("word3")
    expect(stop_button(other)).to_have_count(0)
    stop_button(chat).click()
    expect(other.locator(".message.assistant.live")).to_have_count(0)

    ask(other, "Again steady")
    expect(other.locator(".message.assistant.live")).to_contain_text("word3")
    composer(other).fill("Half a question")
    dialog(chat)
    chat.get_by_role("button", name=f"Take {guest.name} out of this chat").click()
    expect(other.locator(".toast").last).to_contain_text(
        "You are not in “Hello” any more. What you"
    )
    expect(composer(other)).to_have_value("Half a question")
    other.reload()
    expect(composer(other)).to_have_value("Half a question")
    expect(other.locator(".message")).to_have_count(0)
    expect(other.locator(".conversation-row[data-others]")).to_have_count(0)
    expect(chat.locator("#chat-people")).to_be_hidden()


def test_a_member_leaves(
    echo: LiveServer,
    chat: Page,
    member: Person,
    newcomers: Callable[[], Person],
    new_context: ContextMaker,
) -> None:
    guest = newcomers()
    ask_and_wait(chat, "Hello")
    paper = {"name": "lions.txt", "mimeType": "text/plain", "buffer": b"Lions sleep."}
    chat.locator("#attach-files").set_input_files(paper)
    expect(chat.locator(".attachment a")).to_have_text("lions.txt")
    invite(chat, guest.name)
    expect(chat.locator(".people-list li")).to_have_count(2)
    other = open_chat(new_context(guest).new_page(), echo)
    expect(other.locator(".toast")).to_have_count(0)  # of what happened before it was opened
    other.locator(".conversation-row[data-others] .conversation-link").click()
    expect(other.locator(".message")).to_have_count(2)
    expect(other.locator(".attachment")).to_have_text("lions.txt")  # neither opened nor taken out
    expect(other.locator(".attachment").locator("a, button")).to_have_count(0)
    other.get_by_role("button", name="More for this chat").click()
    expect(other.get_by_role("menuitem", name="Rename")).to_have_count(0)
    other.get_by_role("menuitem", name="People in this chat").click()
    expect(other.locator("dialog .people-list li")).to_have_text(
        [f"{member.name}owner", f"{guest.name}you"]
    )
    expect_no_violations_in_either_theme(other)
    picture(other, "people")
    other.get_by_role("button", name="Leave this chat").click()
    expect(other.locator(".conversation-row[data-others]")).to_have_count(0)
    expect(chat.locator(".people-list li")).to_have_count(2)  # told when it is opened anew
    chat.keyboard.press("Escape")
    expect(chat.locator("#chat-people")).to_be_hidden()


def test_what_was_typed_in_a_chat_that_goes_is_kept(
    echo: LiveServer, chat: Page, newcomers: Callable[[], Person], new_context: ContextMaker
) -> None:
    """Whether it is in view or not, and whoever has taken it away."""
    guest = newcomers()
    other = open_chat(new_context(guest).new_page(), echo)
    for word in ("lions", "tigers"):
        chat.get_by_role("link", name="New chat").first.click()
        ask_and_wait(chat, word)
        invite(chat, guest.name)
        other.locator(".toast", has_text=f"into “{word}”").get_by_role(
            "button", name="Open"
        ).click()
        expect(other.locator(".message")).to_have_count(2)
        expect(chat.locator(".people-list li")).to_have_count(2)
        chat.keyboard.press("Escape")
        composer(other).fill(f"About {word}")
    for word in ("lions", "tigers"):  # the second one is in view
        chat.locator(".conversation-link", has_text=word).click()
        expect(chat.locator(".message.user .message-body")).to_have_text(word)
        choose(chat, CHAT_MENU, "Delete")
        said = f"“{word}” was deleted for good. What you had typed"
        expect(other.locator(".toast", has_text=said)).to_have_count(1)
    expect(composer(other)).to_have_value("About lions\nAbout tigers")
