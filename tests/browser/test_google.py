"""Google as a person meets it: a real browser, the real server, a real provider in a process of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import ContextMaker, give_cookies
from tests.browser.talk import CALM, ask_and_wait, prose, script_text, visit
from tests.live.server import LiveServer, Person
from tests.web.google.providers import CLIENT_ID, CLIENT_SECRET, RealProvider


@pytest.fixture(scope="module")
def provider() -> Iterator[RealProvider]:
    """A provider that knows Grace."""
    running = RealProvider().start()
    running.knows(
        "grace", email="grace@gmail.example.org", email_verified=True, name="Grace Hopper"
    )
    yield running
    running.stop()


@pytest.fixture(scope="module")
def server(
    provider: RealProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    """An Echo where Google is configured."""
    folder = tmp_path_factory.mktemp("google")
    script = folder / "browser.json"
    script.write_text(script_text())
    running = LiveServer(
        folder,
        ECHO_SCRIPT=str(script),
        GOOGLE_CLIENT_ID=CLIENT_ID,
        GOOGLE_CLIENT_SECRET=CLIENT_SECRET,
        GOOGLE_DISCOVERY_URL=provider.discovery,
    ).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def ada(server: LiveServer) -> Person:
    """Somebody with a password."""
    return server.member("ada")


def without_style(route: Route) -> None:
    """The provider's pages want a style sheet from elsewhere; tests reach nothing outside."""
    route.fulfill(status=200, content_type="text/css", body="")


@pytest.fixture
def visitor(new_context: ContextMaker) -> Page:
    page = new_context().new_page()
    page.route("https://cdn.jsdelivr.net/**", without_style)
    return page


def agree(page: Page, sub: str) -> None:
    page.get_by_placeholder("sub").fill(sub)
    page.get_by_role("button", name="Authorize").click()


def press(page: Page, name: str) -> None:
    page.wait_for_load_state()  # what is pressed while a page is being replaced may be lost
    page.get_by_role("button", name=name, exact=True).click()


def test_newcomer_lands_in_the_chat_and_comes_back_later(
    visitor: Page, server: LiveServer, provider: RealProvider
) -> None:
    visit(visitor, f"{server.url}/login")
    visitor.get_by_role("link", name="Continue with Google").click()
    expect(visitor).to_have_url(re.compile(re.escape(provider.url)))
    agree(visitor, "grace")
    expect(visitor.get_by_text("Welcome, grace.hopper!")).to_be_visible()
    visitor.wait_for_load_state()
    ask_and_wait(visitor, "Good day")
    expect(prose(visitor)).to_have_text(CALM)
    conversation = visitor.url
    visitor.context.clear_cookies()
    visit(visitor, conversation)
    expect(visitor).to_have_url(re.compile("/login"))
    visitor.get_by_role("link", name="Continue with Google").click()
    agree(visitor, "grace")
    expect(visitor).to_have_url(conversation)
    expect(prose(visitor)).to_have_text(CALM)


def test_who_cancels_reads_so_on_the_login_page(visitor: Page, server: LiveServer) -> None:
    visit(visitor, f"{server.url}/signup")
    visitor.get_by_role("link", name="Continue with Google").click()
    press(visitor, "Deny")
    expect(visitor).to_have_url(re.compile(r"/login$"))
    expect(visitor.get_by_text("You cancelled at Google")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["with-script", "without-script"])
def test_connecting_and_disconnecting(
    javascript: bool,
    new_context: ContextMaker,
    server: LiveServer,
    provider: RealProvider,
    ada: Person,
) -> None:
    """The provider is reached from a form: `form-action 'self'` must not stand in the way."""
    sub = f"ada-{javascript}"
    provider.knows(sub, email="ada@gmail.example.org", email_verified=True, name="Ada")
    page = new_context(java_script_enabled=javascript).new_page()
    page.route("https://cdn.jsdelivr.net/**", without_style)
    give_cookies(page.context, ada)
    visit(page, f"{server.url}/profile/security")
    press(page, "Connect Google")
    expect(page).to_have_url(re.compile(re.escape(provider.url)))
    agree(page, sub)
    expect(page).to_have_url(re.compile("/profile/security$"))
    expect(page.get_by_text("Google is connected.")).to_be_visible()
    press(page, "Disconnect Google")
    expect(page.get_by_text("Google is no longer connected.")).to_be_visible()
    expect(page.get_by_role("button", name="Connect Google", exact=True)).to_be_visible()


def test_only_way_in_cannot_be_disconnected(
    visitor: Page, server: LiveServer, provider: RealProvider
) -> None:
    provider.knows("only", email="only@gmail.example.org", email_verified=True, name="Only Google")
    visit(visitor, f"{server.url}/login")
    visitor.get_by_role("link", name="Continue with Google").click()
    agree(visitor, "only")
    expect(visitor.get_by_text("Welcome, only.google!")).to_be_visible()
    visit(visitor, f"{server.url}/profile/security")
    press(visitor, "Disconnect Google")
    expect(visitor.get_by_text("Set a password first")).to_be_visible()
    visitor.reload()
    expect(visitor.get_by_role("button", name="Disconnect Google")).to_be_visible()


def test_provider_that_is_away_is_said_on_the_login_page(
    new_context: ContextMaker, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lonely = LiveServer(
        tmp_path_factory.mktemp("lonely"),
        GOOGLE_CLIENT_ID=CLIENT_ID,
        GOOGLE_CLIENT_SECRET=CLIENT_SECRET,
        GOOGLE_DISCOVERY_URL="http://127.0.0.1:1/discovery",
    ).start()
    try:
        page = new_context().new_page()
        visit(page, f"{lonely.url}/login")
        page.get_by_role("link", name="Continue with Google").click()
        expect(page.get_by_text("Google cannot be reached just now.")).to_be_visible()
    finally:
        lonely.stop()
