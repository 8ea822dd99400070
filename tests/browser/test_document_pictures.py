"""Pictures among a chat's documents in a real browser: pasted, shown, described, asked about, deleted."""

from __future__ import annotations

import io
from base64 import b64encode

from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import ContextMaker, open_chat
from tests.browser.talk import ask_and_wait, visit
from tests.browser.test_accessibility import expect_no_violations_in_either_theme
from tests.browser.test_layout import PHONE, expect_no_sideways_scrolling
from tests.live.server import LiveServer, Person

EVIL = "<img src=x onerror=alert(1)>"
PASTE_RICH = """([text, packed]) => {
  const bytes = Uint8Array.from(atob(packed), (sign) => sign.charCodeAt(0));
  const data = new DataTransfer();
  data.setData("text/plain", text);
  data.setData("text/html", `<b>${text}</b>`);
  data.items.add(new File([bytes], "image.png", {type: "image/png"}));
  const event = new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
  return document.getElementById("composer-text").dispatchEvent(event);
}"""
GIVE = """([kind, name, type, packed]) => {
  const bytes = Uint8Array.from(atob(packed), (sign) => sign.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, {type}));
  const event = {bubbles: true, cancelable: true};
  const field = document.getElementById("composer-text");
  if (kind === "paste") field.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, ...event}));
  else document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: data, ...event}));
}"""


def drawn(size: tuple[int, int] = (640, 360)) -> bytes:
    """A coast, so that somebody who looks sees one."""
    width, height = size
    image = Image.new("RGB", size, "#8ecae6")
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, height * 0.6, width, height), fill="#1d6a96")
    pen.polygon(
        [(0, height * 0.7), (width * 0.2, height * 0.25), (width * 0.45, height * 0.7)],
        fill="#5c6b4f",
    )
    pen.ellipse((width * 0.75, height * 0.1, width * 0.88, height * 0.33), fill="#ffb703")
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


def give(page: Page, how: str, name: str, media: str, raw: bytes) -> None:
    page.evaluate(GIVE, [how, name, media, b64encode(raw).decode()])


def is_shown(picture: Locator) -> None:
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("(image) => image.naturalWidth") > 0


def test_a_picture_is_pasted_described_and_asked_about(
    chat: Page, echo: LiveServer, new_context: ContextMaker, member: Person
) -> None:
    give(chat, "paste", "coast.png", "image/png", drawn((1280, 960)))
    chip = chat.locator(".attachment.picture")
    expect(chip).to_contain_text("The models here do not see pictures")
    is_shown(chip.locator("img"))
    ask_and_wait(chat, "What is in it?")
    expect(chat.locator(".source")).to_contain_text("coast.png")
    expect(chat.locator(".source")).to_contain_text("not seen")

    chip.get_by_role("button", name="coast.png The models here do not see").focus()
    chat.keyboard.press("Enter")
    dialog = chat.get_by_role("dialog", name="coast.png")
    is_shown(dialog.get_by_role("img", name="coast.png"))
    expect(dialog.get_by_role("button", name="Save")).to_be_in_viewport(ratio=1)
    expect_no_violations_in_either_theme(chat)
    chat.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(chip.locator(".picture-open")).to_be_focused()

    chat.keyboard.press("Enter")
    dialog.get_by_label("Description").fill(f"A hill by the sea. {EVIL}")
    chat.keyboard.press("Escape")
    chip.locator(".picture-open").click()
    expect(dialog.get_by_label("Description")).to_have_value(f"A hill by the sea. {EVIL}")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(chip).to_contain_text(f"The models read: A hill by the sea. {EVIL}")
    expect(chip.locator(".picture-open")).to_be_focused()
    expect_no_violations_in_either_theme(chat)
    ask_and_wait(chat, "What is in it now?")
    source = chat.locator(".source").last
    expect(source).to_contain_text("its description")
    source.click()
    passage = chat.get_by_role("dialog", name="coast.png")
    is_shown(passage.get_by_role("img", name="A hill by the sea."))
    expect(passage.locator("mark")).to_contain_text(EVIL)
    chat.keyboard.press("Escape")

    chat.reload()
    expect(chip).to_contain_text("A hill by the sea.")
    is_shown(chip.locator("img"))
    phone = open_chat(new_context(member, **PHONE).new_page(), echo)
    visit(phone, chat.url)
    phone.locator(".picture-open").click()
    is_shown(phone.get_by_role("dialog").get_by_role("img"))
    expect_no_sideways_scrolling(phone)


def test_words_that_an_office_program_brings_with_a_picture_of_them_are_words(chat: Page) -> None:
    packed = b64encode(drawn()).decode()
    assert chat.evaluate(PASTE_RICH, ["Copied from a table", packed])  # left to the browser
    assert not chat.evaluate(PASTE_RICH, ["", packed])  # a picture out of a page
    expect(chat.locator(".attachment.picture")).to_have_count(1)


def test_what_is_no_picture_of_these_kinds_is_refused_in_words(chat: Page) -> None:
    give(chat, "drop", "a.svg", "image/svg+xml", b"<svg></svg>")
    expect(chat.locator("#composer-error")).to_contain_text("picture of another kind")
    expect(chat.locator(".attachment")).to_have_count(0)
    give(chat, "drop", "cut.png", "image/png", drawn()[:300])
    expect(chat.locator(".attachment.failed")).to_contain_text("damaged or cut off")
    give(chat, "drop", "notes.txt", "text/plain", drawn())
    expect(chat.locator(".attachment.failed").last).to_contain_text("its name says something else")


def test_the_page_of_documents_shows_describes_and_deletes_pictures(
    chat: Page, echo: LiveServer, new_context: ContextMaker, member: Person
) -> None:
    give(chat, "drop", "coast.png", "image/png", drawn((300, 200)))
    expect(chat.locator(".attachment.picture")).to_be_visible()
    visit(chat, f"{echo.url}/documents")
    row = chat.locator("#documents .row")
    is_shown(row.locator("img"))
    expect(row).to_contain_text("300 × 200 pixels")
    chat.get_by_role("button", name="Open coast.png").click()
    dialog = chat.get_by_role("dialog", name="coast.png")
    is_shown(dialog.get_by_role("img"))
    expect_no_violations_in_either_theme(chat)
    dialog.get_by_label("Description").fill("A hill by the sea.")
    dialog.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("A hill by the sea.")
    expect(chat.get_by_role("button", name="Open coast.png")).to_be_focused()
    expect_no_violations_in_either_theme(chat)
    phone = new_context(member, **PHONE).new_page()
    visit(phone, f"{echo.url}/documents")
    is_shown(phone.locator("#documents .row img"))
    expect_no_sideways_scrolling(phone)

    row.get_by_role("link", name="coast.png", exact=True).click()
    is_shown(chat.get_by_role("img", name="A hill by the sea."))
    expect(chat.locator("#document-text")).to_contain_text("A hill by the sea.")
    expect_no_violations_in_either_theme(chat)
    chat.go_back()
    chat.get_by_role("button", name="Delete coast.png").click()
    expect(row).to_have_count(0)
    chat.get_by_role("button", name="Undo").click()
    is_shown(row.locator("img"))
