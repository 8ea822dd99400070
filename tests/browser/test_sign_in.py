"""The way in and out: home page, sign-up, login, sign-out and error pages, with and without JavaScript."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import PASSWORD, ContextMaker, open_chat
from tests.browser.talk import (
    CALM,
    CHAT_ADDRESS,
    ask_and_wait,
    choose,
    composer,
    prose,
    visit,
    wait_for_end,
)
from tests.live.server import LiveServer, Person

SPAM_TRAP_MS = 3_100  # a form that was filled in faster than in three seconds is a program's
ONE_POST_A_SECOND_MS = 1_100


def press(page: Page, button: str) -> None:
    page.wait_for_timeout(ONE_POST_A_SECOND_MS)
    page.get_by_role("button", name=button, exact=True).click()


def fill_sign_up(page: Page, name: str, password: str = PASSWORD, again: str = "") -> None:
    page.get_by_label("Username", exact=True).fill(name)
    page.get_by_label("E-mail", exact=True).fill(f"{name.strip('!')}@example.org")
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_label("Password again", exact=True).fill(again or password)


def expect_error_under(page: Page, label: str, words: str) -> None:
    field = page.get_by_label(label, exact=True)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile(words))
    below = page.locator(f'[data-error-for="{field.get_attribute("name")}"]')
    expect(below).to_be_visible()
    top, bottom = field.bounding_box(), below.bounding_box()
    assert top is not None
    assert bottom is not None
    assert bottom["y"] > top["y"]


def test_home_page_tells_a_visitor_what_it_is_and_leads_inside(
    page: Page, echo: LiveServer
) -> None:
    assert visit(page, echo.url) == 200
    expect(page.get_by_role("heading", level=1)).to_contain_text("A chat that runs at home")
    expect(page.locator(".demo-answer")).to_contain_text("Rain is the sky")
    page.get_by_role("link", name="Create an account").click()
    expect(page).to_have_url(re.compile("/signup$"))
    page.get_by_role("link", name="Sign in").click()
    expect(page).to_have_url(re.compile("/login$"))
    page.get_by_role("link", name="Echo").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("at home")


def test_a_sign_up_filled_in_at_once_is_sent_again_by_itself(page: Page, echo: LiveServer) -> None:
    """As a password manager does; and the login that it fills in next is taken at once."""
    visit(page, f"{echo.url}/signup")
    fill_sign_up(page, "swift")
    page.get_by_role("button", name="Create account", exact=True).click()
    expect(page.get_by_role("button", name="One moment …")).to_be_disabled()
    expect(page.locator("[data-form-error]")).to_be_empty()
    expect(page.get_by_label("Password", exact=True)).to_have_value(PASSWORD)
    expect(composer(page)).to_be_visible()
    page.context.clear_cookies()
    visit(page, f"{echo.url}/login")
    page.get_by_label("Username or e-mail").fill("swift")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(composer(page)).to_be_visible()


def test_sign_up_shows_errors_under_their_fields_and_then_opens_the_chat(
    page: Page, echo: LiveServer
) -> None:
    visit(page, f"{echo.url}/signup")
    page.wait_for_timeout(SPAM_TRAP_MS)
    fill_sign_up(page, "grace!!")
    press(page, "Create account")
    expect_error_under(page, "Username", "letters, digits")
    expect(page.get_by_label("Username", exact=True)).to_be_focused()
    fill_sign_up(page, "grace", password="password1")
    press(page, "Create account")
    expect_error_under(page, "Password", "very common password")
    expect(page.get_by_label("Username", exact=True)).not_to_have_attribute("aria-invalid", "true")
    fill_sign_up(page, "grace", again="something else entirely")
    press(page, "Create account")
    expect_error_under(page, "Password again", "differ")
    fill_sign_up(page, "grace")
    press(page, "Create account")
    expect(page.get_by_text("Welcome, grace!")).to_be_visible()
    page.wait_for_load_state()
    ask_and_wait(page, "Good day")
    expect(prose(page)).to_have_text(CALM)


def test_login_refuses_a_wrong_password_and_leads_back_to_the_wanted_page(
    chat: Page, member: Person, new_context: ContextMaker
) -> None:
    ask_and_wait(chat, "Good day")
    page = new_context().new_page()
    visit(page, chat.url)
    expect(page).to_have_url(re.compile("/login"))
    page.get_by_label("Username or e-mail").fill(f"{member.name}@example.org")
    page.get_by_label("Password", exact=True).fill("not the password")
    press(page, "Sign in")
    expect(page.get_by_text("password", exact=False).last).to_be_visible()
    expect(page.locator('[aria-invalid="true"]')).to_have_count(1)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Show password").click()
    expect(page.get_by_label("Password", exact=True)).to_have_attribute("type", "text")
    press(page, "Sign in")
    expect(page).to_have_url(CHAT_ADDRESS)
    expect(prose(page)).to_have_text(CALM)


def test_sign_up_and_login_work_without_javascript(
    new_context: ContextMaker, echo: LiveServer
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    visit(page, f"{echo.url}/signup")
    page.wait_for_timeout(SPAM_TRAP_MS)
    fill_sign_up(page, "plain", again="something else entirely")
    press(page, "Create account")
    expect_error_under(page, "Password again", "differ")
    expect(page.get_by_label("Username", exact=True)).to_have_value("plain")
    fill_sign_up(page, "plain")
    press(page, "Create account")
    expect(page.get_by_text("Welcome, plain!")).to_be_visible()
    visit(page, f"{echo.url}/profile")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    visit(page, f"{echo.url}/login")
    page.get_by_label("Username or e-mail").fill("plain")
    page.get_by_label("Password", exact=True).fill("not the password")
    press(page, "Sign in")
    expect(page.locator(".field-error:not(:empty)")).to_be_visible()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    press(page, "Sign in")
    expect(page.get_by_role("heading", name="Hello, plain")).to_be_visible()


def test_signing_out_empties_the_other_tab_and_takes_the_drafts(
    chat: Page, echo: LiveServer, member: Person
) -> None:
    other = open_chat(chat.context.new_page(), echo)
    ask_and_wait(other, "Good day")
    composer(other).fill("half a thought")
    composer(chat).fill("another half")
    choose(chat, "#account-button", "Sign out")
    expect(chat.get_by_role("heading", level=1)).to_contain_text("at home")
    expect(chat.get_by_text("You are signed out.")).to_be_visible()
    expect(other.get_by_role("status").filter(has_text="You signed out.")).to_be_visible()
    expect(other.get_by_text("Good day")).to_have_count(0)
    assert "half" not in other.evaluate("JSON.stringify(localStorage)")
    other.get_by_label("Username or e-mail").fill(member.name)
    other.get_by_label("Password", exact=True).fill(PASSWORD)
    press(other, "Sign in")
    expect(prose(other)).to_have_text(CALM)  # back in the chat that was open here
    expect(composer(other)).to_have_value("")


def test_profile_is_changed_and_asks_for_the_password_where_it_must(
    chat: Page, echo: LiveServer, member: Person
) -> None:
    visit(chat, f"{echo.url}/profile")
    expect(chat.get_by_role("heading", level=1)).to_have_text("Profile")
    chat.get_by_label("Username", exact=True).fill(f"{member.name}.new")
    chat.get_by_role("button", name="Save changes").click()
    expect(chat.get_by_text("Your profile is saved.")).to_be_visible()
    chat.get_by_label("New password").fill("another horse battery")
    chat.get_by_role("button", name="Save changes").click()
    expect_error_under(chat, "Current password", "password")


def test_page_that_does_not_exist_says_so_and_leads_back(page: Page, echo: LiveServer) -> None:
    assert visit(page, f"{echo.url}/no/such/page") == 404
    expect(page.locator(".error-status")).to_have_text("404")
    expect(page.get_by_text("This page does not exist, or it is not yours.")).to_be_visible()
    page.locator(".error-page a").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("at home")


def test_member_sees_the_chat_at_once_and_not_the_home_page(chat: Page, echo: LiveServer) -> None:
    expect(composer(chat)).to_be_focused()
    expect(chat.locator("#greeting")).to_contain_text("member")
    suggestions = chat.locator("#suggestions button")
    expect(suggestions).to_have_count(4)
    place = composer(chat).bounding_box()
    composer(chat).fill("opposite ear")
    expect(suggestions).to_have_text(["What is the opposite of early?"])
    assert composer(chat).bounding_box() == place
    suggestions.click()
    wait_for_end(chat)
    expect(prose(chat)).to_have_text(CALM)


def test_choosing_a_language_keeps_what_was_typed_but_passwords(
    page: Page, echo: LiveServer
) -> None:
    visit(page, f"{echo.url}/signup")
    fill_sign_up(page, "typist")
    page.get_by_label("Language").select_option("Deutsch")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    for name, value in (("username", "typist"), ("email", "typist@example.org"), ("password", "")):
        expect(page.locator(f"#{name}")).to_have_value(value)
    page.reload()
    expect(page.locator("#username")).to_have_value("")
