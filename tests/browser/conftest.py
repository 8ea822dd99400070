"""A real Chromium against the real server, both started here and stopped after."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sqlalchemy import delete

from echo.extensions import db
from echo.models import Persona
from tests.browser.contexts import Contexts
from tests.browser.talk import composer, script_text, visit
from tests.live.server import PASSWORD, LiveServer, Person

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # fewer processes and threads for the same page: a tenth of the processor's time
    "--in-process-gpu",
    "--renderer-process-limit=1",
    "--num-raster-threads=1",
    "--disable-accelerated-2d-canvas",
]
PATIENCE_MS = 60_000
DESKTOP = {"width": 1280, "height": 800}
EXPECTED_COMPLAINTS = (
    "status of 4",  # a refused form or a page that is not there
    "ERR_INTERNET_DISCONNECTED",
    "ERR_CONNECTION_REFUSED",  # a server that a test starts again
    "WebSocket connection",  # cut by a test
)
ContextMaker = Callable[..., BrowserContext]
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("browser")
    script = folder / "browser.json"
    script.write_text(script_text())
    running = LiveServer(folder, ECHO_SCRIPT=str(script)).start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    # the build without windows: the same engine for two thirds of the processor's time
    chromium = shutil.which("chromium-headless-shell")
    assert chromium, "`make setup-dev` installs chromium-headless-shell"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def newcomers(echo: LiveServer) -> Callable[[], Person]:
    """Make somebody with a new account, whose proof of who they are is fresh."""
    numbers = itertools.count(1)
    return lambda: echo.member(f"member{next(numbers)}")


@pytest.fixture
def member(newcomers: Callable[[], Person]) -> Person:
    """Somebody with a new account."""
    return newcomers()


@pytest.fixture(scope="session")
def super_admin(echo: LiveServer) -> Person:
    """The owner of the server."""
    return echo.member("root", role="super_admin")


@pytest.fixture
def shared_personas(echo: LiveServer) -> Iterator[None]:
    """Let administrators share personas: what is shared is on everybody's pages, and must not stay there."""
    yield
    with echo.app.app_context():
        db.session.execute(delete(Persona).where(Persona.user_id.is_(None)))
        db.session.commit()


class Console:
    """What pages complained about; violations of the content security policy come here too."""

    def __init__(self) -> None:
        self.complaints: list[str] = []

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.complaints.append(error.stack or str(error)))
        page.on("console", self._note)

    def _note(self, message: Any) -> None:
        if message.type == "error":
            if not any(expected in message.text for expected in EXPECTED_COMPLAINTS):
                self.complaints.append(f"{message.text} at {message.location}")


@pytest.fixture
def console() -> Iterator[Console]:
    watched = Console()
    yield watched
    assert watched.complaints == []


@pytest.fixture
def motion() -> str:
    """Whether pages move: not where nobody looks at it, since drawing each frame costs the processor."""
    return "reduce"


@pytest.fixture(scope="session")
def contexts(browser: Browser) -> Contexts:
    return Contexts(browser)


@pytest.fixture
def new_context(
    contexts: Contexts, console: Console, motion: str, echo: LiveServer
) -> Iterator[ContextMaker]:
    """Make browsers that share nothing; all their pages are watched."""
    opened: list[BrowserContext] = []

    def make(person: Person | None = None, **options: Any) -> BrowserContext:
        usual = {"viewport": DESKTOP, "reduced_motion": motion, "service_workers": "block"}
        context = contexts.take(**{**usual, **options})
        context.set_default_timeout(PATIENCE_MS)
        context.on("page", console.watch)
        if person is not None:
            give_cookies(context, person)
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.remove_listener("page", console.watch)
        contexts.give_back(context, echo.url)


@pytest.fixture
def context(new_context: ContextMaker) -> BrowserContext:
    return new_context()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A visitor's page."""
    return context.new_page()


@pytest.fixture
def chat(page: Page, echo: LiveServer, member: Person) -> Page:
    """The chat of a new member."""
    give_cookies(page.context, member)
    return open_chat(page, echo)


def open_chat(page: Page, server: LiveServer) -> Page:
    visit(page, server.url)
    composer(page).wait_for()
    return page


def give_cookies(context: BrowserContext, person: Person) -> None:
    """Sign a browser in as this person."""
    for cookie in person.http.cookies:
        context.add_cookies(
            [{"name": cookie.name, "value": str(cookie.value), "url": person.server.url}]
        )


__all__ = ["PASSWORD", "Console", "ContextMaker", "give_cookies", "open_chat"]
