"""Chats of very long messages: they come a few at a time, whatever is seen of them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from echo.extensions import db
from echo.limits import CHARS_PER_PAGE
from echo.services.accounts import accounts
from tests.browser.conftest import ContextMaker
from tests.browser.talk import visit
from tests.live.server import LiveServer, Person
from tests.long_chats import long_chat

COUNT = 9
WORDS = "word " * (CHARS_PER_PAGE // 12)
UNSEEN = "is all that is seen" + "\N{ZERO WIDTH SPACE}" * len(WORDS)
TOP = "document.getElementById('messages').scrollTop = 0"


def opened(new_context: ContextMaker, person: Person, text: str) -> Page:
    with person.server.app.app_context():
        user = accounts.find(person.name)
        assert user is not None
        chat = long_chat(user.id, COUNT, text)
        db.engine.dispose()
    page = new_context(person).new_page()
    visit(page, f"{person.server.url}/c/{chat.id}")
    return page


def test_older_ones_come_when_the_reader_goes_up(
    echo: LiveServer, member: Person, new_context: ContextMaker
) -> None:
    page = opened(new_context, member, WORDS)
    seen = page.locator(".message")
    expect(seen.last).to_contain_text(f"{COUNT - 1} word")
    before = seen.count()
    assert before < COUNT
    for _ in range(COUNT):
        page.evaluate(TOP)
        page.wait_for_timeout(300)
    expect(seen).to_have_count(COUNT)
    expect(seen.first).to_contain_text("0 word")


@pytest.mark.parametrize(
    "viewport", [{"width": 1280, "height": 800}, {"width": 390, "height": 844}]
)
def test_older_ones_come_by_themselves_where_little_is_seen_of_the_newer(
    viewport: dict[str, int], echo: LiveServer, member: Person, new_context: ContextMaker
) -> None:
    """What does not fill the window cannot be scrolled: nobody would ever have asked for them."""
    page = opened(new_context, member, UNSEEN)
    page.set_viewport_size(viewport)
    expect(page.locator(".message").last).to_contain_text(f"{COUNT - 1} is all")
    expect(page.locator(".message")).to_have_count(COUNT)
