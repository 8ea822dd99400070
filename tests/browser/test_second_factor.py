"""Passkeys by Chromium's virtual authenticator, and codes of an application, as a person uses them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pyotp
import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, expect

from tests.browser.conftest import PASSWORD, ContextMaker
from tests.browser.talk import visit
from tests.browser.test_accessibility import expect_no_violations_in_either_theme
from tests.browser.test_sign_in import press
from tests.live.server import LiveServer, Person

NO_SCRIPT = {"java_script_enabled": False}


class Key:
    """Chromium's virtual authenticator: holds passkeys, and its user may refuse."""

    def __init__(self, page: Page) -> None:
        self.cdp: CDPSession = page.context.new_cdp_session(page)
        self.cdp.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.id = made["authenticatorId"]

    def credentials(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._send("getCredentials")["credentials"]
        return found

    def verify_user(self, verified: bool) -> None:
        self._send("setUserVerified", isUserVerified=verified)

    def answer_at_once(self, enabled: bool) -> None:
        """Whether somebody touches it as soon as it is asked."""
        self._send("setAutomaticPresenceSimulation", enabled=enabled)

    def _send(self, method: str, **values: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.cdp.send(
            f"WebAuthn.{method}", {"authenticatorId": self.id, **values}
        )
        return answer


def address(server: LiveServer, path: str = "/") -> str:
    """Passkeys belong to a name: 127.0.0.1 is none."""
    return f"http://localhost:{server.port}{path}"


def arrive(context: BrowserContext, server: LiveServer, person: Person) -> Page:
    for cookie in person.http.cookies:
        context.add_cookies(
            [{"name": cookie.name, "value": str(cookie.value), "url": address(server)}]
        )
    page = context.new_page()
    visit(page, address(server, "/profile/security"))
    return page


def sign_out(page: Page, server: LiveServer) -> None:
    page.context.clear_cookies()
    visit(page, address(server, "/login"))


def type_password(page: Page, person: Person) -> None:
    page.get_by_label("Username or e-mail").fill(person.name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    press(page, "Sign in")


def add_passkey(page: Page, name: str) -> None:
    page.get_by_label("Name of the new passkey").fill(name)
    press(page, "Add a passkey")


def set_up_totp(page: Page) -> pyotp.TOTP:
    press(page, "Set up")
    key = page.locator(".secret code").inner_text()
    generator = pyotp.TOTP("".join(key.split()))
    expect(page.get_by_role("img", name=re.compile("QR code"))).to_be_visible()
    page.get_by_label("Code that it shows now").fill(generator.now())
    press(page, "Turn on")
    return generator


def shown_codes(page: Page) -> list[str]:
    expect(page.locator(".codes code")).to_have_count(10)
    return page.locator(".codes code").all_inner_texts()


def test_passkey_is_added_signs_in_and_is_renamed_and_removed(
    context: BrowserContext, echo: LiveServer, member: Person
) -> None:
    page = arrive(context, echo, member)
    key = Key(page)
    add_passkey(page, "Blue key")
    expect(page.get_by_text("Your passkey is ready.")).to_be_visible()
    expect(page.locator(".codes li")).to_have_count(10)
    assert len(key.credentials()) == 1
    assert key.credentials()[0]["isResidentCredential"]
    page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = undefined")
    sign_out(page, echo)
    press(page, "Sign in with a passkey")
    expect(page.get_by_label("Message to Echo")).to_be_visible()
    visit(page, address(echo, "/profile/security"))
    row = page.locator(".row", has_text="Blue key")
    expect(row).to_contain_text("last used")
    row.get_by_text("Change").click()
    page.get_by_label("New name of Blue key").fill("Red key")
    page.get_by_role("button", name="Rename").click()
    row = page.locator(".row", has_text="Red key")
    row.get_by_text("Change").click()
    row.get_by_role("button", name="Remove this passkey").click()
    expect(page.get_by_text("The passkey is removed.")).to_be_visible()
    expect(page.locator(".row")).to_have_count(0)
    expect(page.get_by_text("Recovery codes")).to_have_count(0)


def test_passkey_is_offered_in_the_list_of_names(
    context: BrowserContext, echo: LiveServer, member: Person
) -> None:
    page = arrive(context, echo, member)
    Key(page)
    add_passkey(page, "")
    expect(page.locator(".row-title")).to_contain_text("Passkey 1")
    sign_out(page, echo)  # this authenticator chooses for its user as soon as it is offered
    expect(page.get_by_label("Message to Echo")).to_be_visible()


def test_button_works_while_the_list_offers_too(
    context: BrowserContext, echo: LiveServer, member: Person
) -> None:
    page = arrive(context, echo, member)
    key = Key(page)
    add_passkey(page, "Key")
    expect(page.locator(".codes")).to_be_visible()
    key.answer_at_once(False)
    with page.expect_response("**/login/passkey/options"):
        sign_out(page, echo)
    with page.expect_response("**/login/passkey/options"):
        page.get_by_role("button", name="Sign in with a passkey").click()
    problem = page.locator("[data-passkey-error]")
    expect(problem).to_be_empty()
    key.answer_at_once(True)
    visit(page, address(echo, "/login"))
    expect(page.get_by_label("Message to Echo")).to_be_visible()


def test_passkey_is_the_second_step_and_the_proof_before_acts(
    context: BrowserContext, echo: LiveServer, member: Person
) -> None:
    page = arrive(context, echo, member)
    key = Key(page)
    add_passkey(page, "Key")
    expect(page.locator(".codes")).to_be_visible()
    key.answer_at_once(False)
    sign_out(page, echo)
    type_password(page, member)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    key.answer_at_once(True)
    press(page, "Use a passkey")
    expect(page.get_by_label("Message to Echo")).to_be_visible()
    visit(page, address(echo, "/confirm?next=/profile/security"))
    press(page, "Use a passkey")
    expect(page).to_have_url(address(echo, "/profile/security"))
    expect(page.get_by_text("Thank you. You can go on now.")).to_be_visible()


def test_what_goes_wrong_is_said(context: BrowserContext, echo: LiveServer, member: Person) -> None:
    page = arrive(context, echo, member)
    key = Key(page)
    add_passkey(page, "Key")
    expect(page.locator(".codes")).to_be_visible()
    visit(page, address(echo, "/profile/security"))
    add_passkey(page, "The same")
    problem = page.locator("form[data-add-passkey] [data-passkey-error]")
    expect(problem).to_have_text("This device has a passkey for your account already.")
    key.verify_user(False)
    visit(page, address(echo, "/confirm"))
    press(page, "Use a passkey")
    expect(page.locator("[data-passkey-error]")).to_contain_text("You can try again.")


def test_an_address_without_a_name_is_explained(
    context: BrowserContext, echo: LiveServer, member: Person
) -> None:
    for cookie in member.http.cookies:
        context.add_cookies([{"name": cookie.name, "value": str(cookie.value), "url": echo.url}])
    page = context.new_page()
    visit(page, f"{echo.url}/profile/security")
    add_passkey(page, "Key")
    expect(page.locator("[data-passkey-error]")).to_contain_text("do not work at this address")


@pytest.fixture
def downloads(context: BrowserContext) -> Callable[[Page], str]:
    """Press the button and return the text of the file."""

    def read(page: Page) -> str:
        with page.expect_download() as box:
            page.get_by_role("button", name="Download as text").click()
        assert box.value.suggested_filename == "echo-recovery-codes.txt"
        return box.value.path().read_text()

    return read


def test_application_is_set_up_and_asked_for(
    context: BrowserContext, echo: LiveServer, member: Person, downloads: Callable[[Page], str]
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = arrive(context, echo, member)
    set_up_totp(page)
    codes = shown_codes(page)
    assert codes == downloads(page).split("\n")[-11:-1]
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").split("\n") == codes
    sign_out(page, echo)
    type_password(page, member)
    field = page.get_by_label("Code", exact=True)
    expect(field).to_be_focused()
    expect(field).to_have_attribute("inputmode", "numeric")
    field.fill("000000")
    press(page, "Sign in")
    expect(page.locator('[data-error-for="code"]')).to_contain_text("not right")
    page.get_by_role("button", name="Use a recovery code instead").click()
    page.get_by_label("Recovery code", exact=True).fill(codes[0])
    press(page, "Sign in")
    expect(page.get_by_label("Message to Echo")).to_be_visible()


def test_all_of_it_without_a_script_but_for_passkeys(
    new_context: ContextMaker, echo: LiveServer, member: Person
) -> None:
    page = arrive(new_context(**NO_SCRIPT), echo, member)
    expect(page.get_by_text("Adding a passkey needs JavaScript")).to_be_visible()
    expect(page.get_by_role("button", name="Add a passkey")).to_be_hidden()
    set_up_totp(page)
    codes = shown_codes(page)
    sign_out(page, echo)
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
    type_password(page, member)
    page.get_by_label("Code", exact=True).fill(codes[0])
    press(page, "Sign in")
    expect(page.get_by_role("heading", name=f"Hello, {member.name}")).to_be_visible()


def test_pages_are_accessible(new_context: ContextMaker, echo: LiveServer, member: Person) -> None:
    page = arrive(new_context(reduced_motion="reduce"), echo, member)
    Key(page)
    add_passkey(page, "Key")
    expect(page.locator(".codes")).to_be_visible()
    expect_no_violations_in_either_theme(page)
    press(page, "Set up")
    expect(page.locator(".qr-frame")).to_be_visible()
    page.get_by_text("Change Key").click()
    expect_no_violations_in_either_theme(page)
    visit(page, address(echo, "/confirm"))
    expect_no_violations_in_either_theme(page)
