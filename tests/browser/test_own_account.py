"""One's own account in a real browser: picture, devices, export, deletion; with and without scripts."""

from __future__ import annotations

import io
import re
import sqlite3
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.conftest import ContextMaker, open_chat
from tests.browser.talk import ask_and_wait, visit
from tests.browser.test_accessibility import (
    expect_no_violations,
    expect_no_violations_in_either_theme,
)
from tests.live.server import PASSWORD, LiveServer, Person
from tests.services.test_pictures import made

PAGES = ["/profile", "/profile/devices", "/profile/keys", "/profile/data", "/profile/looks"]
SHOWN = re.compile(r"/pictures/\w+")


def picture(size: tuple[int, int] = (300, 200)) -> FilePayload:
    return {"name": "me.png", "mimeType": "image/png", "buffer": made("PNG", size)}


@pytest.fixture
def account(new_context: ContextMaker, member: Person, echo: LiveServer) -> Page:
    page = new_context(member).new_page()
    visit(page, f"{echo.url}/profile")
    return page


def save(page: Page) -> None:
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("Your profile is saved.")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_are_accessible_and_fit(
    width: int, new_context: ContextMaker, member: Person, echo: LiveServer
) -> None:
    size = {"width": width, "height": 844}
    context = new_context(member, viewport=size, reduced_motion="reduce")
    page = context.new_page()
    for path in PAGES:
        visit(page, echo.url + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator(".tabs [aria-current=page]")).to_be_in_viewport()
        page.evaluate(
            "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        expect_no_violations_in_either_theme(page)


def test_picture_is_seen_before_and_after_it_is_saved(account: Page, echo: LiveServer) -> None:
    account.get_by_label("Choose a picture").set_input_files(picture())
    preview = account.locator(".picture-field .avatar img")
    expect(preview).to_have_attribute("src", re.compile("^blob:"))
    save(account)
    for place in (".picture-field .avatar img", ".account-head .avatar img"):
        expect(account.locator(place)).to_have_attribute("src", SHOWN)
    open_chat(account, echo)
    expect(account.locator("#account-button .avatar img")).to_have_attribute("src", SHOWN)
    assert account.locator("#account-button img").evaluate("(image) => image.naturalWidth") == 256


def test_picture_that_was_chosen_can_be_given_up(account: Page) -> None:
    account.get_by_label("Choose a picture").set_input_files(picture())
    account.get_by_role("button", name="Do not change").click()
    expect(account.locator(".picture-field .avatar img")).to_have_count(0)
    save(account)
    expect(account.locator(".account-head .avatar img")).to_have_count(0)


def test_picture_is_dropped_onto_the_field(account: Page) -> None:
    account.evaluate(
        """(bytes) => {
            const files = new DataTransfer();
            files.items.add(new File([new Uint8Array(bytes)], "me.png", {type: "image/png"}));
            for (const name of ["dragenter", "dragover", "drop"])
                document.getElementById("picture-field").dispatchEvent(
                    new DragEvent(name, {dataTransfer: files, bubbles: true, cancelable: true}));
        }""",
        list(made("PNG")),
    )
    expect(account.locator(".picture-field .avatar img")).to_have_attribute(
        "src", re.compile("^blob:")
    )
    save(account)
    expect(account.locator(".account-head .avatar img")).to_have_attribute("src", SHOWN)


def test_wrong_files_are_refused_in_words(account: Page) -> None:
    field = account.get_by_label("Choose a picture")
    field.set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"words"})
    expect(account.get_by_text("Use a PNG, JPEG, WebP or GIF.")).to_be_visible()
    field.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": bytes(5_000_001)})
    expect(account.get_by_text("A picture has at most 5 MB.")).to_be_visible()
    field.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": b"\x89PNG nonsense"})
    account.get_by_role("button", name="Save changes").click()
    expect(account.get_by_text("not a picture that can be read")).to_be_visible()


def test_removed_picture_comes_back_by_undo(account: Page) -> None:
    account.get_by_label("Choose a picture").set_input_files(picture())
    save(account)
    account.get_by_role("button", name="Remove").click()
    expect(account.locator(".account-head .avatar img")).to_have_count(0)
    account.get_by_role("button", name="Undo").click()
    expect(account.locator(".account-head .avatar img")).to_have_attribute("src", SHOWN)
    visit(account, account.url)
    expect(account.locator(".account-head .avatar img")).to_have_attribute("src", SHOWN)


def test_what_was_typed_waits_while_one_confirms(account: Page) -> None:
    """The server is played: it asks for a proof. Passwords must not be kept in the tab."""
    account.route(
        "**/profile",
        lambda route: (
            route.fulfill(json={"status": "redirect", "url": "/confirm?next=/profile"})
            if route.request.method == "POST"
            else route.fallback()
        ),
    )
    account.get_by_label("E-mail").fill("typed@example.org")
    account.get_by_label("New password").fill("seven purple walruses")
    account.get_by_role("button", name="Save changes").click()
    account.wait_for_url(re.compile("/confirm"))
    kept = account.evaluate("JSON.stringify(sessionStorage)")
    assert "typed@example.org" in kept
    assert "walruses" not in kept
    account.goto(account.url.split("/confirm")[0] + "/profile")
    expect(account.get_by_label("E-mail")).to_have_value("typed@example.org")
    expect(account.get_by_label("New password")).to_have_value("")
    assert "typed" not in account.evaluate("JSON.stringify(sessionStorage)")


@pytest.mark.parametrize("scripts", [True, False])
def test_other_device_is_signed_out(
    scripts: bool, new_context: ContextMaker, member: Person, echo: LiveServer
) -> None:
    elsewhere = echo.person(member.name).sign_in(user_agent="OtherProgram/1")
    page = new_context(member, java_script_enabled=scripts).new_page()
    page.goto(f"{echo.url}/profile/devices")
    expect(page.locator(".row")).to_have_count(2)
    expect(page.locator(".row", has_text="This device")).to_have_count(1)
    expect(page.locator(".row time").first).not_to_be_empty()
    page.get_by_role("button", name="Sign out A program (OtherProgram)").click()
    expect(page.get_by_text("That browser is signed out.")).to_be_visible()
    expect(page.locator(".row")).to_have_count(1)
    home = elsewhere.http.get(f"{echo.url}/profile", allow_redirects=False, timeout=20)
    assert home.status_code == 302


def test_other_device_is_signed_out_in_the_settings_of_the_chat(
    chat: Page, echo: LiveServer, member: Person
) -> None:
    elsewhere = echo.person(member.name).sign_in(user_agent="OtherProgram/1")
    chat.emulate_media(reduced_motion="reduce")
    chat.keyboard.press("Control+,")
    dialog = chat.get_by_role("dialog", name="Settings")
    dialog.get_by_role("tab", name="Account").click()
    expect(dialog.get_by_text(f"{member.name}@")).to_be_visible()
    expect_no_violations(chat)
    dialog.get_by_role("tab", name="Security").click()
    expect_no_violations(chat)
    dialog.get_by_role("button", name="Sign out A program (OtherProgram)").click()
    expect(dialog.get_by_text("Signed out there.")).to_be_visible()
    expect(dialog.get_by_text("OtherProgram")).to_have_count(0)
    home = elsewhere.http.get(f"{echo.url}/profile", allow_redirects=False, timeout=20)
    assert home.status_code == 302


def test_everything_is_downloaded_as_one_zip(
    account: Page, echo: LiveServer, tmp_path: Path
) -> None:
    open_chat(account, echo)
    ask_and_wait(account, "something brief")
    visit(account, f"{echo.url}/profile/data")
    with account.expect_download() as coming:
        account.get_by_role("link", name="Download").click()
    coming.value.save_as(tmp_path / "all.zip")
    packed = zipfile.ZipFile(io.BytesIO((tmp_path / "all.zip").read_bytes()))
    assert packed.testzip() is None
    assert len([name for name in packed.namelist() if name.startswith("conversations/")]) == 2
    expect(account.get_by_text("Packed: the download has begun.")).to_be_visible()
    expect(account.locator("#export")).to_have_attribute("aria-busy", "false")


def test_retention_is_chosen(account: Page, echo: LiveServer) -> None:
    visit(account, f"{echo.url}/profile/data")
    expect(account.locator("#retention-words")).to_contain_text("kept until you delete them")
    account.get_by_label("90 days").check()
    account.get_by_role("button", name="Save").click()
    expect(account.locator("#retention-words")).to_contain_text("nobody has used for 90 days")
    visit(account, account.url)
    expect(account.get_by_label("90 days")).to_be_checked()


def test_permission_to_train_is_given_and_taken_back(account: Page, echo: LiveServer) -> None:
    words = "My rated answers may be used to train this server’s models"
    for given in (True, False):
        box = account.get_by_role("checkbox", name=words)
        expect(box).to_be_checked(checked=not given)
        box.set_checked(given)
        save(account)
        visit(account, f"{echo.url}/profile")
    expect(account.get_by_role("checkbox", name=words)).not_to_be_checked()


def test_account_is_deleted_by_typing_its_name(
    account: Page, member: Person, echo: LiveServer
) -> None:
    visit(account, f"{echo.url}/profile/data")
    account.get_by_text("Delete my account…").click()
    name = account.get_by_label("Type your name")
    name.fill("somebody else")
    account.get_by_role("button", name="Delete everything").click()
    expect(account.get_by_text("This is not your name here.")).to_be_visible()
    account.wait_for_timeout(1_100)  # one try a second
    name.fill(member.name)
    account.get_by_role("button", name="Delete everything").click()
    expect(account.get_by_text("Your account is deleted. Good-bye!")).to_be_visible()
    visit(account, f"{echo.url}/profile")
    expect(account).to_have_url(re.compile("/login"))


def test_stale_session_confirms_first_and_finds_what_was_typed(
    account: Page, member: Person, echo: LiveServer
) -> None:
    visit(account, f"{echo.url}/profile/data")
    with sqlite3.connect(echo.folder / "instance" / "echo.sqlite3") as rows:
        whose = "(SELECT id FROM users WHERE username = ?)"
        rows.execute(
            f"UPDATE devices SET confirmed_at = NULL WHERE user_id = {whose}", [member.name]
        )
    rows.close()
    account.get_by_text("Delete my account…").click()
    account.get_by_label("Type your name").fill(member.name)
    account.get_by_role("button", name="Delete everything").click()
    account.wait_for_url(re.compile("/confirm"))
    account.get_by_label("Password", exact=True).fill(PASSWORD)
    account.locator("form", has=account.get_by_label("Password", exact=True)).get_by_role(
        "button", name=re.compile("Confirm|Continue")
    ).click()
    account.wait_for_url(re.compile("/profile/data"))
    expect(account.get_by_label("Type your name")).to_have_value(member.name)
    said = account.locator(".toast", has_text="What you had typed is still here.")
    expect(said.get_by_role("button", name="Dismiss")).to_have_count(1)
    account.get_by_role("button", name="Delete everything").click()
    expect(account.get_by_text("Your account is deleted. Good-bye!")).to_be_visible()
