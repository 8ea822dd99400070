"""Echo as an app: told of an answer, read and asked without a connection, nothing left at the end."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import ContextMaker, open_chat
from tests.browser.talk import (
    CALM,
    CHAT_ADDRESS,
    ask,
    ask_and_wait,
    composer,
    question,
    stop_button,
)
from tests.browser.test_accessibility import expect_no_violations_in_either_theme
from tests.browser.test_conversations import new_chat
from tests.browser.test_order import picture
from tests.live.server import LiveServer, Person

NOTICES = """
  let permission = "default";
  window.told = [];
  window.Notification = class {
    static get permission() { return permission; }
    static async requestPermission() { permission = "granted"; return permission; }
    constructor(title, options) { Object.assign(this, { title, ...options }); told.push(this); }
    close() {}
  };
  const later = window.setTimeout;
  window.setTimeout = (act, after, ...more) => later(act, after === 10000 ? 50 : after, ...more);
  let seen = true;
  Object.defineProperty(document, "visibilityState", { get: () => (seen ? "visible" : "hidden") });
  window.look = (at) => { seen = at; document.dispatchEvent(new Event("visibilitychange")); };
"""
"""A browser that asks nobody for the permission; a long answer is one of a twentieth of a second."""
STORED = """async (chats) => {
  const name = (await caches.keys()).find((each) => each.startsWith("echo-private-"));
  const cache = await caches.open(name ?? "none");
  const paths = (await cache.keys()).map(({ url }) => new URL(url).pathname);
  return paths.includes("/.stored/page") && chats.every((id) => paths.includes(`/.stored/chats/${id}`));
}"""
NOTHING = "async () => !(await caches.keys()).some((name) => name.startsWith('echo-private-'))"
ALL_TOLD = "navigator.locks.request('echo.told', () => null)"  # behind the tabs' own
TOLD = "told.map(({ title, body }) => [title, body])"
BAR = re.compile(r"You are offline: you read what was stored at \w+\s\d+, \d+:\d\d.+What you send")


def until(page: Page, holds: str, of: Any = None) -> None:
    """Wait for what the browser does not tell: `wait_for_function` takes every promise for true."""
    while not page.evaluate(holds, of):
        page.wait_for_timeout(50)


def waits(page: Page) -> Any:
    return page.locator(".waits")


def chat_id(page: Page) -> str:
    expect(page).to_have_url(CHAT_ADDRESS)
    return page.url.rpartition("/")[2]


def actions_of(page: Page) -> list[str | None]:
    buttons = page.locator(".message.assistant").last.locator(".message-actions button").all()
    return [button.get_attribute("aria-label") for button in buttons]


def hear_of_an_answer(page: Page, other: Page) -> None:
    """Offered at a long answer; told once in two tabs; counted in both titles."""
    offer = page.get_by_role("button", name="Tell me when it is done")
    ask(page, "endless one")
    offer.wait_for()
    picture(page, "app-offer")
    expect_no_violations_in_either_theme(page)
    stop_button(page).click()
    expect(page.locator(".tell-me")).to_have_count(0)
    new_chat(page)
    ask(page, "steady one")
    offer.click()
    expect(page.locator(".tell-me")).to_have_count(0)
    other.evaluate("Notification.requestPermission()")
    for each in (page, other):
        each.evaluate("look(false)")
    for each in (page, other):
        expect(each).to_have_title(re.compile(r"^\(1\) "))
    page.evaluate(ALL_TOLD)
    told = [*page.evaluate(TOLD), *other.evaluate(TOLD)]
    title = page.locator("#chat-title").inner_text()
    assert [(each, body[:11]) for each, body in told] == [(title, "word1 word2")], told
    teller = page if page.evaluate("told.length") else other
    teller.evaluate("look(true); told[0].onclick()")
    expect(teller).to_have_title(f"{title} · Echo")
    expect(teller).to_have_url(page.url)
    for each in (page, other):
        each.evaluate("look(true)")


def read_without_a_connection(page: Page, chats: list[str]) -> None:
    until(page, STORED, chats)
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("#notice-bar")).to_have_text(BAR)
    expect(page.locator(".message.assistant .md")).to_have_text(CALM)
    assert actions_of(page)[0] == "Copy"
    assert "Regenerate" not in actions_of(page)
    page.locator(f'.conversation-row[data-id="{chats[0]}"] a').click()
    expect(page.locator(".message.assistant .md")).to_contain_text("word150")
    picture(page, "app-offline")
    expect_no_violations_in_either_theme(page)


def ask_without_a_connection(page: Page, other: Page) -> None:
    """Waits through a reload, is changed, and is asked once by two tabs."""
    ask(page, "Will you ansver?")
    page.reload()
    expect(question(page)).to_contain_text("Will you ansver?")
    waits(page).get_by_role("button", name="Edit").click()
    expect(waits(page)).to_have_count(0)
    expect(composer(page)).to_have_value("Will you ansver?")
    ask(page, "Will you answer?")
    expect(waits(page)).to_have_count(1)
    picture(page, "app-waiting")
    expect_no_violations_in_either_theme(page)
    visit_stored(other, page.url)
    expect(waits(other)).to_have_count(1)
    page.context.set_offline(False)
    for each in (page, other):
        expect(each.locator(".message.assistant .md").last).to_have_text(CALM)
        expect(each.locator(".message.user", has_text="Will you answer?")).to_have_count(1)
        expect(waits(each)).to_have_count(0)
    said = page.evaluate(
        "async (id) => (await fetch(`/api/conversations/${id}/messages`)).json()", chat_id(page)
    )
    texts = [each["text"] for each in said["data"] if each["role"] == "user"]
    assert texts == ["steady one", "Will you answer?"]


def visit_stored(page: Page, address: str) -> None:
    page.goto(address)
    composer(page).wait_for()


def leave_nothing(page: Page, other: Page, server: LiveServer) -> None:
    until(page, STORED, [])
    page.get_by_role("button", name="Account menu").click()
    page.get_by_role("menuitem", name="Sign out").click()
    page.get_by_text("You are signed out.").wait_for()
    other.wait_for_url("**/login**")
    for each in (page, other):
        until(each, NOTHING)
    assert "echo_here" not in {cookie["name"] for cookie in page.context.cookies()}
    page.context.set_offline(True)
    page.goto(server.url)
    page.get_by_role("heading", name="You are offline").wait_for()
    assert "word1" not in page.content()


def two_tabs(context: BrowserContext, server: LiveServer) -> tuple[Page, Page]:
    context.add_init_script(NOTICES)
    return open_chat(context.new_page(), server), open_chat(context.new_page(), server)


def test_told_read_and_asked_without_a_connection_and_gone_at_the_end(
    new_context: ContextMaker, echo: LiveServer, member: Person
) -> None:
    context = new_context(member, service_workers="allow")
    page, other = two_tabs(context, echo)
    hear_of_an_answer(page, other)
    steady = chat_id(page)
    new_chat(page)
    ask_and_wait(page, "Say something calm")
    read_without_a_connection(page, [steady, chat_id(page)])
    ask_without_a_connection(page, other)
    leave_nothing(page, other, echo)
