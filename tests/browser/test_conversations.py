"""The list of chats, their settings, drafts and exports, ratings and feedback."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from sqlalchemy import select

from echo.extensions import db
from echo.models import Message
from echo.services.accounts import accounts
from tests.browser.conftest import ContextMaker, open_chat
from tests.browser.talk import (
    CALM,
    CHAT_ADDRESS,
    answer,
    ask,
    ask_and_wait,
    call,
    choose,
    composer,
    prose,
    question,
    stop_button,
    wait_for_end,
)
from tests.live.server import LiveServer, Person, wait_until
from tests.services.people import conversation_of

ACCOUNT = "#account-button"
CHAT_MENU = "#chat-menu"


def rows(page: Page) -> Locator:
    return page.locator("#conversation-list .conversation-row")


def stored_rating(server: LiveServer) -> tuple[int, list[str], str]:
    """The newest rating, as the database has it: the page does not show the reasons again."""
    with sqlite3.connect(server.folder / "instance" / "echo.sqlite3") as database:
        rating, reasons, comment = database.execute(
            "SELECT rating, reasons, comment FROM message_ratings ORDER BY created_at DESC"
        ).fetchone()
    return rating, json.loads(reasons), comment


def new_chat(page: Page) -> None:
    page.locator(".side-button.new").click()
    expect(page.locator(".message")).to_have_count(0)


def open_settings_of_chat(page: Page) -> Locator:
    page.get_by_role("button", name="Settings of this chat").click()
    return page.get_by_role("dialog", name="Settings")


def test_conversation_is_renamed_in_place(chat: Page) -> None:
    ask_and_wait(chat, "A question about zebras")
    choose(chat, CHAT_MENU, "Rename")
    field = chat.get_by_label("New title")
    expect(field).to_be_focused()
    expect(field).to_have_value("A question about zebras")
    field.fill("Stripes <b>and</b> dots")
    field.press("Enter")
    expect(chat.get_by_role("heading", level=1)).to_have_text("Stripes <b>and</b> dots")
    chat.reload()
    expect(rows(chat)).to_have_text(re.compile("Stripes <b>and</b> dots"))
    expect(chat).to_have_title("Stripes <b>and</b> dots · Echo")


@pytest.mark.parametrize("width", [390, 1280])
def test_a_chat_whose_row_is_not_seen_is_renamed_above_it(chat: Page, width: int) -> None:
    """On a phone the list is behind the edge; beside the chat it may be closed."""
    ask_and_wait(chat, "A question about zebras")
    if width == 1280:
        chat.get_by_role("button", name="Close sidebar").click()
    chat.set_viewport_size({"width": width, "height": 800})
    choose(chat, CHAT_MENU, "Rename")
    field = chat.get_by_label("New title")
    expect(field).to_be_focused()
    expect(field).to_be_in_viewport(ratio=1)
    field.fill("Stripes")
    field.press("Escape")
    expect(chat.get_by_role("heading", level=1)).to_have_text("A question about zebras")
    choose(chat, CHAT_MENU, "Rename")
    field.fill("Stripes")
    field.press("Enter")
    expect(chat.get_by_role("heading", level=1)).to_have_text("Stripes")
    expect(chat.locator(CHAT_MENU)).to_be_focused()
    chat.reload()
    expect(chat.get_by_role("heading", level=1)).to_have_text("Stripes")


def test_the_enter_that_ends_a_composition_sends_and_saves_nothing(chat: Page) -> None:
    ends = """node => node.dispatchEvent(new KeyboardEvent("keydown", {
        key: "Enter", keyCode: 229, bubbles: true, cancelable: true}))"""
    composer(chat).fill("にほんご")
    composer(chat).evaluate(ends)
    expect(composer(chat)).to_have_value("にほんご")
    expect(chat.locator(".message")).to_have_count(0)
    ask_and_wait(chat, "A question about zebras")
    choose(chat, CHAT_MENU, "Rename")
    chat.get_by_label("New title").fill("しまうま")
    chat.get_by_label("New title").evaluate(ends)
    expect(chat.get_by_label("New title")).to_have_value("しまうま")
    chat.get_by_label("New title").press("Enter")
    expect(chat.get_by_role("heading", level=1)).to_have_text("しまうま")


def test_pinned_conversation_stays_on_top(chat: Page) -> None:
    for text in ("About lions", "About tigers"):
        new_chat(chat)
        ask_and_wait(chat, text)
    expect(rows(chat).first).to_contain_text("tigers")
    rows(chat).last.hover()
    rows(chat).last.get_by_role("button", name="More for About lions").click()
    chat.get_by_role("menuitem", name="Pin").click()
    pinned = chat.locator('.conversation-section[data-label="Pinned"]')
    expect(pinned).to_contain_text("About lions")
    chat.reload()
    expect(pinned).to_contain_text("About lions")
    expect(rows(chat).first).to_contain_text("lions")
    rows(chat).first.hover()
    rows(chat).first.get_by_role("button", name="More for About lions").click()
    chat.get_by_role("menuitem", name="Unpin").click()
    expect(pinned).to_have_count(0)


def test_the_chat_used_last_is_pinned_above_the_others(chat: Page) -> None:
    for text in ("About lions", "About tigers"):
        new_chat(chat)
        ask_and_wait(chat, text)
    chat.get_by_role("button", name="More for this chat").click()
    chat.get_by_role("menuitem", name="Pin").click()
    headings = chat.locator(".conversation-section > h2")
    expect(headings).to_have_text(["Pinned", "Today"])
    expect(rows(chat).first).to_contain_text("tigers")
    chat.get_by_role("button", name="More for this chat").click()
    chat.get_by_role("menuitem", name="Unpin").click()
    expect(headings).to_have_text(["Today"])
    expect(rows(chat).first).to_contain_text("tigers")


def test_search_finds_titles_and_what_was_said(chat: Page) -> None:
    ask_and_wait(chat, "Where do walruses sleep?")
    new_chat(chat)
    ask_and_wait(chat, "Good day")
    chat.get_by_role("button", name="Search").click()
    dialog = chat.get_by_role("dialog", name="Search chats")
    dialog.get_by_role("textbox", name="Search chats").fill("walruses")
    expect(dialog.locator(".search-result")).to_have_count(1)
    expect(dialog.locator("mark")).to_have_text("walruses")
    dialog.get_by_role("textbox", name="Search chats").fill("calm and short")
    expect(dialog.locator(".search-result")).to_have_count(2)
    dialog.get_by_role("textbox", name="Search chats").fill("no such word")
    expect(dialog).to_contain_text("Nothing found for “no such word”.")
    dialog.get_by_role("textbox", name="Search chats").fill("walruses")
    dialog.locator(".search-result").click()
    expect(dialog).to_be_hidden()
    expect(question(chat)).to_contain_text("walruses")


def test_hit_far_up_is_opened_at_its_message(chat: Page, echo: LiveServer, member: Person) -> None:
    with echo.app.app_context():
        user = accounts.find(member.name)
        assert user is not None
        talk = conversation_of(user, 161)
        wanted = db.session.scalars(select(Message).filter_by(ordinal=7, conversation_id=talk.id))
        wanted.one().text = "the needle in a long talk"
        db.session.commit()
        db.engine.dispose()
    chat.get_by_role("button", name="Search").click()
    dialog = chat.get_by_role("dialog", name="Search chats")
    dialog.get_by_role("textbox", name="Search chats").fill("needle")
    dialog.locator(".search-result").click()
    found = chat.locator(".message", has_text="the needle in a long talk")
    expect(found).to_be_in_viewport()
    expect(found).to_have_class(re.compile(r"\bfound\b"))
    expect(found).not_to_have_class(re.compile(r"\bfound\b"))  # after a moment
    expect(found).to_be_in_viewport()
    chat.get_by_role("button", name="Search").click()
    with chat.context.expect_page() as opened:
        dialog.locator(".search-result").click(modifiers=["Control"])
    there = opened.value.locator(".message", has_text="the needle in a long talk")
    expect(there).to_be_in_viewport()
    expect(opened.value).to_have_url(chat.url)  # without the mark: a reload opens the end


def test_deleted_conversation_comes_back_by_undo(chat: Page) -> None:
    ask_and_wait(chat, "A question about zebras")
    choose(chat, CHAT_MENU, "Delete")
    expect(rows(chat)).to_have_count(0)
    expect(chat.locator(".message")).to_have_count(0)
    chat.get_by_role("button", name="Undo").click()
    expect(rows(chat)).to_have_count(1)
    expect(prose(chat)).to_have_text(CALM)
    chat.reload()
    expect(prose(chat)).to_have_text(CALM)
    choose(chat, CHAT_MENU, "Delete")
    expect(rows(chat)).to_have_count(0)
    chat.reload()
    expect(rows(chat)).to_have_count(0)


def test_deleting_in_another_tab_is_said_in_this_one_and_undone_from_here(chat: Page) -> None:
    ask_and_wait(chat, "A question about zebras")
    other = chat.context.new_page()
    other.goto(chat.url)
    expect(prose(other)).to_have_text(CALM)
    choose(chat, CHAT_MENU, "Delete")
    told = other.locator(".toast", has_text="“A question about zebras” was deleted elsewhere.")
    expect(other.locator(".message")).to_have_count(0)
    told.get_by_role("button", name="Undo").click()
    expect(prose(other)).to_have_text(CALM)
    expect(rows(chat)).to_have_count(1)
    expect(chat.locator(".toast")).to_have_count(1)
    expect(chat.locator(".toast", has_text="elsewhere")).to_have_count(0)


def test_undo_goes_back_to_where_the_chat_was_left_and_nowhere_else(chat: Page) -> None:
    ask_and_wait(chat, "About lions")
    new_chat(chat)
    ask_and_wait(chat, "a steady answer about tigers")
    ask_and_wait(chat, "a steady answer about leopards")
    place = "document.getElementById('messages').scrollTop"
    chat.locator("#messages").hover()
    chat.mouse.wheel(0, -300)
    expect(chat.locator("#to-bottom")).to_have_class(re.compile("shown"))
    chat.wait_for_timeout(300)
    left = chat.evaluate(place)
    choose(chat, CHAT_MENU, "Delete")
    expect(chat.locator(".message")).to_have_count(0)
    chat.get_by_role("button", name="Undo").click()
    expect(chat.locator(".message")).to_have_count(4)
    chat.wait_for_timeout(300)
    assert abs(chat.evaluate(place) - left) < 3
    other = rows(chat).filter(has_text="lions")
    other.hover()
    other.get_by_role("button").click()
    chat.get_by_role("menuitem", name="Delete").click()
    expect(rows(chat)).to_have_count(1)
    chat.get_by_role("button", name="Undo").click()
    expect(rows(chat)).to_have_count(2)
    expect(chat.get_by_role("heading", level=1)).to_contain_text("tigers")
    assert abs(chat.evaluate(place) - left) < 3


def test_cleared_discussion_is_gone_and_comes_back_by_undo(chat: Page) -> None:
    ask_and_wait(chat, "A question about zebras")
    dialog = open_settings_of_chat(chat)
    dialog.get_by_role("tab", name="Data").click()
    dialog.get_by_role("button", name="Clear").click()
    expect(dialog).to_be_hidden()
    expect(rows(chat)).to_have_count(0)
    expect(chat.locator(".message")).to_have_count(0)
    chat.get_by_role("button", name="Undo").click()
    expect(prose(chat)).to_have_text(CALM)


def test_conversation_is_exported_as_markdown_and_json(chat: Page) -> None:
    ask_and_wait(chat, "Good day")
    exports = {}
    for name in ("Markdown", "JSON"):
        with chat.expect_download() as download:
            choose(chat, CHAT_MENU, f"Export as {name}")
        assert download.value.suggested_filename.startswith("Good day.")
        exports[Path(download.value.suggested_filename).suffix] = download.value.path().read_text()
    assert "Good day" in exports[".md"]
    assert CALM in exports[".md"]
    said = [message["text"] for message in json.loads(exports[".json"])["messages"]]
    assert said == ["Good day", CALM]


def test_settings_belong_to_one_conversation_and_are_kept(chat: Page) -> None:
    dialog = open_settings_of_chat(chat)
    temperature = dialog.get_by_label("Temperature, exact value")
    top_k = dialog.get_by_label("Top-k, exact value")
    usual = temperature.input_value()
    temperature.fill("0.3")
    temperature.press("Tab")
    dialog.get_by_role("button", name="Close settings").click()
    ask_and_wait(chat, "Good day")
    open_settings_of_chat(chat)
    expect(temperature).to_have_value("0.3")
    top_k.fill("7")
    with chat.expect_response("**/settings"):
        top_k.press("Tab")
    with chat.expect_response("**/settings"):
        dialog.get_by_label("System prompt", exact=True).fill("Speak like a pirate.")
        dialog.get_by_label("Top-k, exact value").focus()
    chat.reload()
    expect(prose(chat)).to_have_text(CALM)
    open_settings_of_chat(chat)
    expect(temperature).to_have_value("0.3")
    expect(top_k).to_have_value("7")
    expect(dialog.get_by_label("System prompt", exact=True)).to_have_value("Speak like a pirate.")
    with chat.expect_response("**/settings"):
        dialog.get_by_role("button", name="Temperature: back to the default").click()
    expect(temperature).to_have_value(usual)
    dialog.get_by_role("button", name="Close settings").click()
    new_chat(chat)
    open_settings_of_chat(chat)
    expect(dialog.get_by_label("System prompt", exact=True)).to_have_value("")
    expect(top_k).not_to_have_value("7")


def test_what_is_being_written_survives_the_answer_about_another_setting(chat: Page) -> None:
    ask_and_wait(chat, "Good day")
    dialog = open_settings_of_chat(chat)
    prompt = dialog.get_by_label("System prompt", exact=True)
    held: list[Route] = []
    chat.route("**/settings", lambda route: held.append(route), times=1)
    top_k = dialog.get_by_label("Top-k, exact value")
    top_k.fill("7")
    top_k.press("Tab")
    prompt.press_sequentially("Speak like")
    with chat.expect_response("**/settings"):
        held[0].continue_()
    expect(dialog.locator(".setting.changed")).to_have_count(1)
    expect(prompt).to_have_value("Speak like")
    with chat.expect_response("**/settings") as saved:
        top_k.focus()
    assert saved.value.json()["conversation"]["settings"]["system_prompt"] == "Speak like"


def test_an_answer_that_its_length_cut_offers_to_go_on(chat: Page) -> None:
    dialog = open_settings_of_chat(chat)
    longest = dialog.get_by_label("Longest answer, exact value")
    longest.fill("16")
    longest.press("Tab")
    dialog.get_by_role("button", name="Close settings").click()
    ask_and_wait(chat, "a steady answer")
    expect(answer(chat)).to_contain_text("the longest answer that is set")
    cut = prose(chat).inner_text()
    chat.reload()
    answer(chat).get_by_role("button", name="Continue").click()
    expect(prose(chat)).not_to_have_text(cut)
    wait_for_end(chat)
    assert prose(chat).inner_text().startswith(cut)
    expect(chat.locator(".message.assistant")).to_have_count(1)


def test_draft_is_kept_for_each_conversation(chat: Page) -> None:
    ask_and_wait(chat, "Good day")
    composer(chat).fill("half an answer")
    new_chat(chat)
    expect(composer(chat)).to_have_value("")
    composer(chat).fill("half a thought")
    chat.reload()
    expect(composer(chat)).to_have_value("half a thought")
    rows(chat).first.locator("a").click()
    expect(composer(chat)).to_have_value("half an answer")
    chat.reload()
    expect(composer(chat)).to_have_value("half an answer")
    new_chat(chat)
    expect(composer(chat)).to_have_value("half a thought")


def test_what_is_typed_while_the_page_loads_is_kept(chat: Page, echo: LiveServer) -> None:
    held: list[Route] = []
    chat.route("**/js/chat_page.js*", lambda route: held.append(route))
    with chat.expect_request("**/js/chat_page.js*"):
        chat.goto(echo.url, wait_until="commit")
    composer(chat).fill("typed early")
    for route in held:
        route.continue_()
    expect(chat.get_by_role("button", name="Send", exact=True)).to_be_enabled()
    expect(composer(chat)).to_have_value("typed early")


def test_message_that_waits_to_be_sent_becomes_a_draft_when_the_page_is_left(chat: Page) -> None:
    ask(chat, "an endless answer")
    expect(prose(chat)).to_contain_text("word5 ")
    expect(chat).to_have_url(CHAT_ADDRESS)
    ask(chat, "and then?")
    expect(chat.get_by_role("list", name="Waiting to be sent")).to_contain_text("and then?")
    chat.reload()
    expect(composer(chat)).to_have_value("and then?")
    composer(chat).fill("")
    stop_button(chat).click()
    expect(answer(chat).get_by_role("button", name="Continue")).to_be_visible()


def test_thumbs_are_kept_and_thumbs_down_asks_for_reasons(chat: Page, echo: LiveServer) -> None:
    ask_and_wait(chat, "Good day")
    good = answer(chat).get_by_role("button", name="Good answer")
    bad = answer(chat).get_by_role("button", name="Bad answer")
    good.click()
    expect(good).to_have_attribute("aria-pressed", "true")
    chat.reload()
    expect(good).to_have_attribute("aria-pressed", "true")
    bad.click()
    reasons = chat.get_by_role("region", name="What was wrong?")
    expect(reasons).to_be_visible()
    bottom = "button => getComputedStyle(button, '::after').bottom"
    tip = wait_until(lambda: bad.evaluate(bottom), "the button is drawn anew")
    assert float(tip.removesuffix("px")) > 0  # above the button: not over the title
    reasons.get_by_role("button", name="Inaccurate").click()
    expect(reasons.get_by_role("button", name="Inaccurate")).to_have_attribute(
        "aria-pressed", "true"
    )
    reasons.get_by_label("Anything else?").fill("It was not calm at all.")
    reasons.get_by_role("button", name="Save").click()
    expect(reasons).to_have_count(0)
    expect(bad).to_be_focused()
    chat.reload()
    assert stored_rating(echo) == (-1, ["inaccurate"], "It was not calm at all.")
    expect(bad).to_have_attribute("aria-pressed", "true")
    expect(good).to_have_attribute("aria-pressed", "false")
    bad.click()
    expect(bad).to_have_attribute("aria-pressed", "false")
    bad.click()
    expect(reasons).to_be_visible()
    good.click()
    expect(good).to_have_attribute("aria-pressed", "true")
    expect(reasons).to_have_count(0)


def test_feedback_is_left_in_a_dialog(chat: Page) -> None:
    choose(chat, ACCOUNT, "Give feedback")
    dialog = chat.get_by_role("dialog", name="Tell us what you think")
    words = dialog.get_by_label("Your words")
    expect(words).to_be_focused()
    words.fill("short")
    expect(dialog).to_contain_text("5 more characters")
    words.fill("This is a very pleasant chat.")
    dialog.get_by_label("What is it about?").select_option("Design")
    dialog.locator("label", has_text="5 of 5").click()
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(chat.get_by_text("Thank you!")).to_be_visible()
    expect(dialog).to_be_hidden()


def test_nobody_sees_a_strangers_conversation(
    chat: Page, echo: LiveServer, member: Person, new_context: ContextMaker, newcomers: object
) -> None:
    ask_and_wait(chat, "My secret garden")
    stranger = new_context(newcomers()).new_page()  # type: ignore[operator]
    response = stranger.goto(chat.url)
    assert response is not None
    assert response.status == 404
    expect(stranger.get_by_text("secret garden")).to_have_count(0)
    open_chat(stranger, echo)
    expect(rows(stranger)).to_have_count(0)


def test_the_keyboard_stays_in_the_list_where_a_chat_moves_or_goes(chat: Page) -> None:
    for text in ("About lions", "About tigers", "About bears"):
        new_chat(chat)
        ask_and_wait(chat, text)

    def take(chosen: str, item: str) -> None:
        chat.get_by_role("button", name=f"More for {chosen}").press("Enter")
        chat.get_by_role("menuitem", name=item).press("Enter")

    take("About lions", "Pin")
    expect(rows(chat).first).to_contain_text("lions")
    expect(chat.get_by_role("button", name="More for About lions")).to_be_focused()
    take("About tigers", "Delete")
    expect(rows(chat)).to_have_count(2)
    expect(chat.locator(".conversation-link:focus")).to_be_visible()


def test_undo_stays_its_whole_time_after_the_pointer_has_left(chat: Page) -> None:
    ask_and_wait(chat, "Good day")
    chat.clock.install()
    choose(chat, CHAT_MENU, "Delete")
    undo = chat.get_by_role("button", name="Undo")
    for act in undo.hover, undo.focus:
        act()
        chat.clock.run_for(20_000)
        expect(undo).to_be_visible()
        chat.mouse.move(5, 5)
        composer(chat).focus()
        chat.clock.run_for(7_000)
        expect(undo).to_be_visible()
    chat.clock.run_for(2_000)
    expect(undo).to_have_count(0)


def test_a_question_too_long_for_the_model_is_not_offered_again(chat: Page) -> None:
    ask_and_wait(chat, "Good day")
    settings = {"max_new_tokens": 4096, "system_prompt": "Be calm. " * 200}
    call(chat, "POST", f"/conversations/{chat.url.rsplit('/', 1)[1]}/settings", **settings)
    ask(chat, "a " * 7950)
    refusal = chat.locator(".refusal")
    expect(refusal.get_by_role("button")).to_have_text(["Take back"])
    refusal.get_by_role("button").click()
    expect(composer(chat)).to_have_value(re.compile("^a a a"))
    expect(refusal).to_have_count(0)


def test_escape_keeps_what_was_changed_of_a_message_for_the_next_time(chat: Page) -> None:
    ask_and_wait(chat, "Good day")
    question(chat).hover()
    edit = question(chat).get_by_role("button", name="Edit", exact=True)
    field = chat.get_by_label("Edit your message")
    edit.click()
    field.fill("Good evening")
    field.press("Escape")
    expect(question(chat)).to_contain_text("Good day")
    edit.click()
    expect(field).to_have_value("Good evening")
    chat.get_by_role("button", name="Cancel").click()
    edit.click()
    expect(field).to_have_value("Good day")


def test_reasons_below_the_newest_answer_are_in_view(chat: Page) -> None:
    chat.set_viewport_size({"width": 1280, "height": 500})
    for asked in ("Good day", "Tell me more", "And more"):
        ask_and_wait(chat, asked)
    chat.mouse.move(640, 200)
    chat.mouse.wheel(0, -60)  # whoever has scrolled is not brought to the end
    answer(chat).get_by_role("button", name="Bad answer").click()
    send = chat.get_by_role("region", name="What was wrong?").get_by_role("button", name="Save")
    expect(send).to_be_in_viewport(ratio=1)
    dock = chat.locator(".composer").bounding_box()
    box = send.bounding_box()
    assert dock is not None
    assert box is not None
    assert box["y"] + box["height"] <= dock["y"]


def test_language_chosen_in_another_chat_leads_back_to_it(chat: Page) -> None:
    ask_and_wait(chat, "The first one")
    new_chat(chat)
    ask_and_wait(chat, "The second one")
    chat.reload()
    rows(chat).filter(has_text="The first one").get_by_role("link").click()
    expect(chat.locator(".message").first).to_contain_text("The first one")
    address = chat.url
    chat.keyboard.press("Control+,")
    chat.locator("#own-language").select_option("de")
    expect(chat.locator("html")).to_have_attribute("lang", "de")
    expect(chat).to_have_url(address)
