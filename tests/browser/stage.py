"""A server with people who have used it for a while, for `scenes`, and a browser for each picture.

`scenes.json` holds what they say and what the scripted engine answers. It knows no scene.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from echo.extensions import db
from echo.services.accounts import accounts
from echo.services.chats.imports import keeping
from echo.services.chats.imports.found import Chat, Line
from tests.browser.conftest import FLAGS
from tests.browser.pictures import page_of, save
from tests.browser.talk import visit
from tests.live.server import LiveServer, Person

LOOKS = ("desktop-light", "phone-dark", "desktop-dark", "phone-light")
TOLD: dict[str, Any] = json.loads(Path(__file__).with_name("scenes.json").read_text("utf-8"))


class Stage:
    """A server, a browser, and people with chats that they have had before."""

    def __init__(self, server: LiveServer, browser: Browser) -> None:
        self.server, self.browser = server, browser

    def person(self, name: str, *wanted: str) -> Person:
        """Make an account with the chats of these folders; "" are those without one."""
        person = self.server.member(name)
        with self.server.app.app_context():
            user = accounts.find(name)
            assert user is not None
            found = [_chat(told) for told in TOLD["chats"] if told.get("folder", "") in wanted]
            keeping.keep(user.id, [chat for chat in found if wanted != ("",) or not chat.archived])
            db.engine.dispose()
        return person

    def open(self, person: Person, path: str = "/", look: str = "desktop-light") -> Page:
        finger = "phone" in look
        page = page_of(
            self.browser, person, look, is_mobile=finger, has_touch=finger, service_workers="block"
        )
        visit(page, self.server.url + path)
        return page

    def looks(self, person: Person, path: str = "/") -> Iterator[tuple[Page, str]]:
        """Open a page anew for each picture, and close it afterwards."""
        for look in LOOKS:
            page = self.open(person, path, look)
            yield page, look
            page.context.close()

    def path(self, page: Page) -> str:
        return page.url.removeprefix(self.server.url)


def _chat(told: dict[str, Any]) -> Chat:
    at, opened = time.time() - told["hours"] * 3600, TOLD["opened"]
    lines = [
        Line(None, "user", opened["question"], at, None),
        Line(0, "assistant", opened["answer"], at, "echo-small"),
    ]
    rest = {name: told[name] for name in ("folder", "tags", "pinned", "archived") if name in told}
    return Chat(told["title"], told["title"], lines, 1, at, at, **rest)


def shot(page: Page, name: str) -> None:
    page.mouse.move(page.viewport_size["width"] - 4, 500)  # type: ignore[index]
    page.wait_for_timeout(700)
    save(page, name)


@contextmanager
def on_stage() -> Iterator[Stage]:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        script = Path(folder) / "scenes.json"
        script.write_text(json.dumps(TOLD["script"]))
        server = LiveServer(Path(folder), ECHO_SCRIPT=str(script)).start()
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium-headless-shell"), args=FLAGS
        )
        try:
            yield Stage(server, browser)
        finally:
            browser.close()
            server.stop()
