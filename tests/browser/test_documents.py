"""Documents in a real browser: attached by button, drop and paste; sources opened in their place."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import ContextMaker, open_chat
from tests.browser.talk import ask_and_wait, composer, visit
from tests.browser.test_accessibility import expect_no_violations_in_either_theme
from tests.browser.test_layout import PHONE, expect_no_sideways_scrolling
from tests.live.server import LiveServer, Person

EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>"
TEXT = (
    f"# Puffins\n\nPuffins breed in burrows {EVIL}.\n\n# Keels\n\n"
    + "A keel is a spine of wood. " * 40
)
DROP = """([name, type, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, {type}));
  for (const kind of ["dragenter", "drop"])
    document.body.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
}"""
PASTE = """(text) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  document.getElementById("composer-text").dispatchEvent(
    new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}"""


def test_a_document_is_attached_asked_about_and_shown_in_its_place(
    chat: Page, echo: LiveServer, new_context: ContextMaker, member: Person
) -> None:
    chat.locator("#attach-files").set_input_files(
        {"name": "sea.md", "mimeType": "text/markdown", "buffer": TEXT.encode()}
    )
    expect(chat.locator(".attachment.ready")).to_contain_text("sea.md")
    ask_and_wait(chat, "Where do puffins breed?")
    source = chat.locator(".source")
    expect(source).to_contain_text("sea.md")
    source.click()
    dialog = chat.get_by_role("dialog")
    expect(dialog.locator("mark")).to_contain_text(EVIL)
    expect_no_violations_in_either_theme(chat)
    chat.keyboard.press("Escape")

    chat.reload()
    expect(chat.locator(".attachment.ready")).to_contain_text("sea.md")
    expect(chat.locator(".source")).to_have_count(1)
    ask_and_wait(chat, "Who won in Madrid?")
    expect(chat.locator(".sources.none")).to_contain_text("Nothing in the documents fits")

    chat.get_by_role("button", name="Take sea.md out of this chat").click()
    expect(chat.locator(".attachment")).to_have_count(0)
    chat.get_by_role("button", name="Undo").click()
    expect(chat.locator(".attachment.ready")).to_contain_text("sea.md")

    phone = open_chat(new_context(member, **PHONE).new_page(), echo)
    visit(phone, chat.url)
    expect(phone.locator(".source")).to_have_count(1)
    expect_no_sideways_scrolling(phone)


def test_drops_and_long_pastes_are_attached_and_other_pictures_refused_in_words(chat: Page) -> None:
    chat.evaluate(DROP, ["ships.txt", "text/plain", "Ships have keels."])
    expect(chat.locator(".attachment.ready")).to_contain_text("ships.txt")
    expect(chat.locator("#drop-shade")).to_be_hidden()
    chat.evaluate(DROP, ["shot.heic", "image/heic", "x"])
    expect(chat.locator("#composer-error")).to_contain_text("picture of another kind")
    chat.evaluate(PASTE, "Walruses are large. " * 250)
    expect(chat.locator(".attachment.ready")).to_have_count(2)
    chat.get_by_role("button", name="Put it into the message").click()
    expect(composer(chat)).to_have_value(re.compile("^Walruses"))
    expect(chat.locator(".attachment")).to_have_count(1)
    chat.evaluate(DROP, ["broken.pdf", "application/pdf", "%PDF-1.4 nothing"])
    expect(chat.locator(".attachment.failed")).to_contain_text("damaged")


def test_the_page_of_documents_lists_deletes_and_brings_back(
    chat: Page, echo: LiveServer, new_context: ContextMaker, member: Person
) -> None:
    chat.evaluate(DROP, ["sea.md", "text/markdown", TEXT])
    expect(chat.locator(".attachment.ready")).to_contain_text("sea.md")
    ask_and_wait(chat, "What is a keel?")
    visit(chat, f"{echo.url}/documents")
    row = chat.locator("#documents .row")
    expect(row).to_contain_text("In What is a keel?")
    expect_no_violations_in_either_theme(chat)
    chat.get_by_role("button", name="Delete sea.md").click()
    expect(row).to_have_count(0)
    chat.get_by_role("button", name="Undo").click()
    expect(row).to_have_count(1)
    row.get_by_role("link", name="sea.md", exact=True).click()
    expect(chat.locator("#document-text")).to_contain_text(EVIL)
    expect_no_violations_in_either_theme(chat)
    chat.get_by_role("link", name="Ask this document").click()
    expect(chat.locator(".attachment.ready")).to_contain_text("sea.md")
    expect(chat).to_have_url(f"{echo.url}/")
    ask_and_wait(chat, "Where do puffins breed?")
    expect(chat.locator(".source")).to_contain_text("sea.md")
    phone = new_context(member, **PHONE).new_page()
    visit(phone, f"{echo.url}/documents")
    expect_no_sideways_scrolling(phone)


def test_many_files_of_one_choice_are_all_attached(chat: Page) -> None:
    """More than may come in a second: they wait for one another, and where the server says so."""
    files = [
        {"name": f"file{number}.txt", "mimeType": "text/plain", "buffer": b"All say red."}
        for number in range(9)
    ]
    chat.locator("#attach-files").set_input_files(files)
    expect(chat.locator(".attachment.ready .name")).to_have_text([f["name"] for f in files])
    expect(chat.locator("#composer-error")).to_be_hidden()


def test_files_are_added_on_the_page_of_documents_and_into_a_collection(
    new_context: ContextMaker, echo: LiveServer, member: Person
) -> None:
    page = new_context(member).new_page()
    visit(page, f"{echo.url}/documents")
    rows = page.locator("#documents .row")
    files = [
        {"name": f"sea{n}.txt", "mimeType": "text/plain", "buffer": TEXT.encode()} for n in range(7)
    ]
    page.get_by_label("Add files").first.set_input_files(files)
    expect(rows).to_have_count(7)
    page.get_by_placeholder("Name of a new collection").fill("Ships")
    page.get_by_role("button", name="Make").click()
    place = page.locator("[data-own-collection]")
    expect(place).to_contain_text("0 documents")
    page.evaluate(DROP, ["ships.txt", "text/plain", "Ships have keels."])
    expect(rows).to_have_count(8)
    expect(place).to_contain_text("0 documents")
    place.evaluate(
        DROP.replace("([name", "(place, [name").replace("document.body", "place"),
        ["keels.txt", "text/plain", "Keels are made of wood."],
    )
    expect(place).to_contain_text("1 document")
    page.get_by_label("Into the collection").select_option("Ships")
    page.get_by_label("Add files").first.set_input_files(files[:1])
    expect(place).to_contain_text("2 documents")
    page.evaluate(DROP, ["shot.heic", "image/heic", "x"])
    expect(page.locator(".toast.error")).to_contain_text("picture of another kind")
    expect(rows).to_have_count(10)
    expect_no_violations_in_either_theme(page)


def test_files_are_added_without_javascript(
    new_context: ContextMaker, echo: LiveServer, member: Person
) -> None:
    page = new_context(member, java_script_enabled=False).new_page()
    page.goto(f"{echo.url}/documents")
    page.locator("#add-file").set_input_files(
        [
            {"name": "sea.txt", "mimeType": "text/plain", "buffer": TEXT.encode()},
            {"name": "  ", "mimeType": "text/plain", "buffer": b"x"},
        ]
    )
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".toast").first).to_contain_text("was not attached: A document needs")
    expect(page.locator(".toast").last).to_contain_text("1 file is being read")
    expect(page.locator("#documents .row")).to_have_count(1)
