"""Takes the pictures in docs/img/ anew: `python -m tests.browser.pictures`, with `own` some of them alone.

Not a test: it starts Echo with the embedded model and demo data, and looks at each page.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import FLAGS
from tests.browser.talk import ask, choose
from tests.browser.test_app import STORED
from tests.live.server import PASSWORD, ROOT, LiveServer, Person

FOLDER = ROOT / "docs" / "img"
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
VISITORS = {"home": "/", "signup": "/signup", "login": "/login", "forgot": "/forgot"}
MEMBERS = {
    "help": "/help",
    "help-search": "/help?q=password",
    "profile": "/profile",
    "security": "/profile/security",
    "devices": "/profile/devices",
    "data": "/profile/data",
    "looks": "/profile/looks",
    "people": "/admin/users/",
    "person": "/admin/users/details/?id=5",
    "invites": "/admin/invites/",
    "roles": "/admin/roles/",
    "admin-devices": "/admin/devices/",
    "conversations": "/admin/conversations/",
    "messages": "/admin/messages/",
    "shares": "/admin/shares/",
    "feedback": "/admin/feedback/",
    "ratings": "/admin/ratings/",
    "pictures": "/admin/pictures/",
    "use-today": "/admin/use/",
    "audit": "/admin/audit/",
    "health": "/admin/health/",
    "models": "/admin/models/",
    "model-add": "/admin/models/add/",
    "model-settings": "/admin/models/edit/?name=echo-mini",
    "settings": "/admin/settings/",
    "downloads": "/admin/downloads/",
}
GROUPS = ("people", "use", "speed", "feedback")
CHARTS_ARE_DRAWN = """() => [...document.querySelectorAll(".chart-panel")].every(panel => {
  const { top, bottom } = panel.getBoundingClientRect();
  const shown = [...panel.querySelectorAll("img")].filter(image => image.offsetParent);
  const drawn = shown.length && shown.every(image => image.complete && image.naturalWidth);
  return top > innerHeight || bottom < 0 || drawn;
})"""
PERSONAS = (
    ("Fox", "Clever and short", "You are a fox. Answer in one sentence.", 1),
    ("Teacher", "Explains step by step", "Explain as to a pupil, with an example.", 2),
    ("Reviewer", "Reads code", "Name what can fail in the code that you are shown.", 4),
)
HANDBOOK = """# Handbook

The office opens at eight. Keys are with the porter.

## Leave

Everybody has thirty days of leave a year; ask two weeks ahead."""
SEND = """async ([path, said, file]) => {
  const token = document.querySelector("meta[name=csrf-token]").content;
  const headers = { "X-Requested-With": "XMLHttpRequest", "X-CSRFToken": token };
  const form = new FormData();
  if (file) form.append("file", new Blob([said]), file);
  else headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { method: "POST", headers, body: file ? form : JSON.stringify(said) });
  return await answer.json();
}"""
QUESTIONS = ("Hello! My name is Ada.", "What can you do?", "How do I stop an answer?")


def main() -> None:
    """Start everything, take every picture, stop everything."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = LiveServer(Path(folder), ECHO_ENGINE="local").start()
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium-headless-shell"), args=FLAGS
        )
        try:
            take_all(browser, server)
        finally:
            browser.close()
            server.stop()


def take_all(browser: Browser, server: LiveServer) -> None:
    server.command("demo-data", "--users", "800", "--days", "200", "--messages", "9000")
    server.command(
        *("create-admin", "--username", "grace", "--email", "grace@example.org"),
        "--password-stdin",
        stdin=PASSWORD + "\n",
    )
    grace = server.person("grace")
    grace.post("/login", credentials="grace", password=PASSWORD)
    for name in ("desktop-light", "phone-dark", "desktop-dark", "phone-light"):
        if "own" not in sys.argv:
            take_pages(browser, server, grace, name)
    page = page_of(browser, grace, "desktop-light")
    page.goto(server.url)
    fill(page)
    page.context.close()
    for name in ("desktop-light", "phone-dark", "desktop-dark", "phone-light"):
        take_own(page_of(browser, grace, name), server, name)


def page_of(browser: Browser, person: Person | None, name: str, **options: Any) -> Page:
    size, theme = name.split("-")
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=theme,  # type: ignore[arg-type]
        **options,
    )
    page = context.new_page()
    for cookie in person.http.cookies if person else ():
        url = person.server.url if person else ""
        context.add_cookies([{"name": cookie.name, "value": str(cookie.value), "url": url}])
    return page


def fill(page: Page) -> None:
    """Make personas, a collection and tags, and ask about what a rule says something to."""
    for name, description, prompt, colour in PERSONAS:
        said = {"name": name, "description": description, "system_prompt": prompt}
        page.evaluate(SEND, ["/api/personas", {**said, "colour": colour, "emoji": "★"}, None])
    for file in ("handbook.md", "minutes.md"):
        made = page.evaluate(SEND, ["/api/documents", HANDBOOK, file])
        collected = {"name": file.split(".")[0].title(), "document_ids": [made["id"]]}
        page.evaluate(SEND, ["/api/collections", collected, None])


def take_own(page: Page, server: LiveServer, name: str) -> None:
    """Take what people make for themselves, with a persona's chat that has tags."""
    page.goto(server.url)
    page.locator(".persona-card").first.click()
    page.wait_for_timeout(500)
    save(page, f"personas-{name}")
    ask(page, "Who are you?")
    page.get_by_role("button", name="Regenerate").wait_for(state="attached", timeout=60_000)
    choose(page, "#chat-menu", "Tags…")
    for tag in ("Animals", "Work"):
        page.locator("#tags").get_by_role("textbox").fill(tag)
        page.keyboard.press("Enter")
        page.locator("#tag-list").get_by_text(tag).wait_for()
    page.wait_for_timeout(500)
    save(page, f"tags-{name}")
    page.goto(server.url + "/documents")
    page.wait_for_timeout(500)
    save(page, f"documents-{name}")
    page.context.add_cookies([{"name": "language", "value": "ar", "url": server.url}])
    page.goto(server.url)
    page.wait_for_timeout(1000)
    save(page, f"arabic-{name}")
    page.context.close()


def take_pages(browser: Browser, server: LiveServer, person: Person, name: str) -> None:
    page = page_of(browser, None, name)
    context = page.context
    for title, path in VISITORS.items():
        page.goto(server.url + path)
        page.wait_for_timeout(3500 if title == "home" else 300)
        save(page, f"{title}-{name}")
    for cookie in person.http.cookies:
        context.add_cookies([{"name": cookie.name, "value": str(cookie.value), "url": server.url}])
    page.goto(server.url)
    page.get_by_label("Message to Echo").wait_for()
    page.wait_for_timeout(1000)
    save(page, f"empty-{name}")
    converse(page)
    save(page, f"chat-{name}")
    take_offline(page, name)
    take_sharing(page, name)
    for title, path in MEMBERS.items():
        assert page.goto(server.url + path).ok, path
        page.wait_for_timeout(300)
        save(page, f"{title}-{name}")
    take_dashboard(page, server, name)
    context.close()


def take_offline(page: Page, name: str) -> None:
    """Read what was stored, and ask, without a connection."""
    while not page.evaluate(STORED, [page.url.rpartition("/")[2]]):
        page.wait_for_timeout(100)
    page.wait_for_timeout(1000)  # for the last answer
    page.context.set_offline(True)
    page.reload()
    page.locator(".message.assistant .md").first.wait_for()
    ask(page, "And how do I go on with it?")
    page.locator(".waits").wait_for()
    page.wait_for_timeout(300)
    page.locator("#messages").evaluate("list => list.scrollTo(0, 0)")
    page.wait_for_timeout(300)
    save(page, f"offline-{name}")
    page.get_by_role("button", name="Do not send").click()
    page.context.set_offline(False)
    page.locator("#notice-bar").wait_for(state="hidden")


def take_sharing(page: Page, name: str) -> None:
    """Share the chat in view, and look at it as its readers do."""
    choose(page, "#chat-menu", "Share")
    page.get_by_label("Everybody who has the link").check()
    page.get_by_role("button", name="Create the link").click()
    link = page.get_by_label("Link", exact=True)
    link.wait_for()
    page.wait_for_timeout(300)
    save(page, f"share-{name}")
    page.goto(link.input_value())
    page.wait_for_timeout(500)
    save(page, f"shared-{name}")


def take_dashboard(page: Page, server: LiveServer, name: str) -> None:
    """Take the top of the dashboard, and each group of charts once they are drawn."""
    page.goto(server.url + "/admin/?days=90")
    page.locator("#live-strip").wait_for(state="visible")
    page.wait_for_timeout(1500)
    save(page, f"admin-{name}")
    for group in GROUPS:
        page.locator(f"#group-{group}").scroll_into_view_if_needed()
        for _settled in range(2):  # a chart that has come may move the ones below it
            page.locator(f"#group-{group}").evaluate("title => title.scrollIntoView()")
            page.wait_for_timeout(500)
            page.wait_for_function(CHARTS_ARE_DRAWN)
        save(page, f"charts-{group}-{name}")


def converse(page: Page) -> None:
    """Have a short conversation with the embedded model."""
    for count, question in enumerate(QUESTIONS, 1):
        page.get_by_label("Message to Echo").fill(question)
        page.get_by_label("Message to Echo").press("Enter")
        page.locator(".message.assistant").nth(count - 1).get_by_role(
            "button", name="Regenerate"
        ).wait_for(state="attached", timeout=60_000)
        page.wait_for_timeout(800)
    page.locator("#messages").evaluate("list => list.scrollTo(0, 0)")
    page.wait_for_timeout(500)


def save(page: Page, name: str) -> None:
    """Write a picture with 256 colours, rare ones too: a quarter of the size, no difference to see."""
    path = FOLDER / f"{name}.png"
    page.screenshot(path=path)
    few = Image.open(path).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=2)
    few.save(path, optimize=True)


if __name__ == "__main__":
    main()
