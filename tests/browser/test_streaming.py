"""Answers that arrive, stop, go on, branch, fail and survive: in one tab, in two, and without a network."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect
from sqlalchemy import select

from echo.extensions import db
from echo.models import Message, User
from tests.browser.talk import (
    CALM,
    CHAT_ADDRESS,
    STEADY,
    answer,
    ask,
    ask_and_wait,
    composer,
    prose,
    question,
    stop_button,
    text_of,
    wait_for_end,
)
from tests.live.server import LiveServer, Person


@pytest.fixture
def motion() -> str:
    """Here, pages move as for most people."""
    return "no-preference"


WATCH_GROWTH = """() => {
  window.lengths = new Set();
  const look = () => {
    const words = document.querySelector('.message.assistant .md')?.textContent;
    if (words) window.lengths.add(words.length);
    requestAnimationFrame(look);
  };
  look();
}"""


def test_first_answer_arrives_word_by_word_and_survives_a_reload(chat: Page) -> None:
    chat.evaluate(WATCH_GROWTH)
    ask(chat, "a steady answer please")
    expect(question(chat)).to_contain_text("a steady answer please")
    expect(stop_button(chat)).to_be_visible()
    wait_for_end(chat)
    assert len(chat.evaluate("() => [...window.lengths]")) > 5, "it came in too few paints"
    expect(chat).to_have_url(CHAT_ADDRESS)
    chat.reload()
    expect(prose(chat)).to_contain_text("word150")
    assert text_of(chat) == STEADY.split()
    expect(question(chat)).to_contain_text("a steady answer please")
    expect(chat.get_by_role("heading", level=1)).to_contain_text("steady")


def test_stop_keeps_what_was_written_and_continue_goes_on(chat: Page) -> None:
    ask(chat, "an endless answer")
    expect(prose(chat)).to_contain_text("word10 ")
    stop_button(chat).click()
    expect(answer(chat)).to_contain_text("You stopped this answer.")
    expect(composer(chat)).to_be_focused()
    stopped = text_of(chat)
    chat.reload()
    resume = answer(chat).get_by_role("button", name="Continue")
    expect(resume).to_be_visible()
    assert text_of(chat) == stopped
    resume.click()
    expect(prose(chat)).to_contain_text(f"word{len(stopped) + 10} ")
    stop_button(chat).click()
    expect(resume).to_be_visible()
    assert " ".join(text_of(chat)).startswith(" ".join(stopped))
    expect(chat.locator(".message.assistant")).to_have_count(1)


def test_a_button_that_goes_with_its_press_leaves_the_keyboard_in_the_field(chat: Page) -> None:
    chat.locator("#suggestions button").first.press("Enter")
    wait_for_end(chat)
    expect(composer(chat)).to_be_focused()
    ask(chat, "an endless answer")
    expect(prose(chat)).to_contain_text("word10 ")
    for name in ("Continue", "Regenerate"):
        stop_button(chat).click()
        answer(chat).get_by_role("button", name=name).press("Enter")
        expect(stop_button(chat)).to_be_visible()
        expect(composer(chat)).to_be_focused()
    composer(chat).press("Escape")
    expect(answer(chat)).to_contain_text("You stopped this answer.")
    composer(chat).press("ArrowUp")
    chat.get_by_label("Edit your message").fill("Good day")
    chat.get_by_label("Edit your message").press("Control+Enter")
    wait_for_end(chat)
    expect(composer(chat)).to_be_focused()


def test_reload_in_the_middle_ends_with_the_whole_text(chat: Page) -> None:
    ask(chat, "a steady answer again")
    expect(prose(chat)).to_contain_text("word10 ")
    chat.reload()
    expect(stop_button(chat)).to_be_visible()
    expect(prose(chat)).to_contain_text("word10 ")
    wait_for_end(chat)
    assert text_of(chat) == STEADY.split()


def test_regenerate_and_edit_make_branches_that_can_be_switched(chat: Page) -> None:
    ask_and_wait(chat, "Good day")
    answer(chat).get_by_role("button", name="Regenerate").click()
    expect(answer(chat)).to_contain_text("2/2")
    wait_for_end(chat)
    question(chat).hover()
    question(chat).get_by_role("button", name="Edit").click()
    field = chat.get_by_label("Edit your message")
    expect(field).to_have_value("Good day")
    field.fill("Good evening")
    field.press("Control+Enter")
    expect(question(chat)).to_contain_text("Good evening")
    expect(question(chat)).to_contain_text("2/2")
    wait_for_end(chat)
    expect(answer(chat)).not_to_contain_text("2/2")
    question(chat).hover()
    question(chat).get_by_role("button", name="Previous version").click()
    expect(question(chat)).to_contain_text("Good day")
    expect(answer(chat)).to_contain_text("2/2")
    answer(chat).get_by_role("button", name="Previous version").click()
    expect(answer(chat)).to_contain_text("1/2")
    chat.reload()
    expect(question(chat)).to_contain_text("Good day")
    expect(answer(chat)).to_contain_text("1/2")


def test_of_very_many_versions_the_true_number_is_shown(
    chat: Page, echo: LiveServer, member: Person
) -> None:
    ask_and_wait(chat, "Good day")
    with echo.app.app_context():
        first = db.session.scalars(
            select(Message)
            .join(User)
            .where(User.username == member.name, Message.role == "assistant")
        ).one()
        same = {name: getattr(first, name) for name in ("conversation_id", "parent_id", "user_id")}
        db.session.add_all(
            Message(**same, ordinal=n, role="assistant", status="complete", text=f"Number {n}.")
            for n in range(3, 63)
        )
        db.session.commit()
        db.engine.dispose()
    chat.reload()
    expect(answer(chat)).to_contain_text("1/61")
    answer(chat).get_by_role("button", name="Regenerate").click()
    expect(answer(chat)).to_contain_text("62/62")
    wait_for_end(chat)
    for place in (61, 60):
        answer(chat).get_by_role("button", name="Previous version").click()
        expect(answer(chat)).to_contain_text(f"{place}/62")


def edit_question(chat: Page, text: str) -> None:
    question(chat).hover()
    question(chat).get_by_role("button", name="Edit", exact=True).click()
    chat.get_by_label("Edit your message").fill(text)
    chat.get_by_label("Edit your message").press("Control+Enter")
    expect(question(chat).locator(".message-body")).to_have_text(text)
    wait_for_end(chat)


def box(place: Locator) -> list[float]:
    found = place.bounding_box()
    assert found
    return list(found.values())


def test_arrows_of_versions_stay_under_the_pointer(chat: Page) -> None:
    """However long each version is, and however short its answer."""
    ask_and_wait(chat, "a program")
    ask_and_wait(chat, "one more program, " + "said with very many words " * 12)
    edit_question(chat, "Hi")
    edit_question(chat, "two\nlines")
    for size in {"width": 1280, "height": 800}, {"width": 390, "height": 844}:
        chat.set_viewport_size(size)
        back, on = [
            question(chat).get_by_role("button", name=f"{which} version")
            for which in ("Previous", "Next")
        ]
        question(chat).hover()
        places = [box(back) + box(on)]
        shown = question(chat).locator(".count")
        for button, versions in (back, "21"), (on, "23"):
            for version in versions:
                button.click()
                expect(shown).to_have_text(f"{version}/3")
                expect(
                    button if button.is_enabled() else on if button is back else back
                ).to_be_focused()
                places.append(box(back) + box(on))
        moved = [abs(now - once) for at in places for now, once in zip(at, places[0], strict=True)]
        assert max(moved) <= 1, places


def test_long_code_stays_open_while_one_watches_and_is_folded_when_read_again(chat: Page) -> None:
    ask_and_wait(chat, "a program")
    block = answer(chat).locator(".code-block")
    expect(block.get_by_role("button", name="Collapse")).to_be_visible()
    expect(answer(chat).locator(".message-actions time")).to_have_text("just now")
    whole = block.evaluate("(node) => node.offsetHeight")
    chat.reload()
    show = block.get_by_role("button", name="Show all 60 lines")
    expect(show).to_be_visible()
    assert block.evaluate("(node) => node.offsetHeight") < whole / 2
    show.click()
    expect(block.get_by_role("button", name="Collapse")).to_be_visible()
    assert block.evaluate("(node) => node.offsetHeight") == whole


def test_question_and_answer_are_edited_in_their_place(chat: Page, context: BrowserContext) -> None:
    ask_and_wait(chat, "Good day")
    other = context.new_page()
    other.goto(chat.url)
    expect(prose(other)).to_have_text(CALM)
    question(chat).hover()
    question(chat).get_by_role("button", name="Edit").click()
    chat.get_by_label("Edit your message").fill("Good evening")
    chat.get_by_role("button", name="Save").click()
    expect(question(chat)).to_contain_text("Good evening")
    expect(chat.get_by_label("Edit your message")).to_have_count(0)
    answer(chat).get_by_role("button", name="Edit").click()
    field = chat.get_by_label("Edit this answer")
    expect(field).to_have_value(CALM)
    field.fill("My **own** words.")
    field.press("Control+s")
    for tab in (chat, other):
        expect(question(tab)).to_contain_text("Good evening")
        expect(prose(tab)).to_have_text("My own words.")
        expect(tab.locator(".edited")).to_have_count(2)
        expect(tab.locator(".message")).to_have_count(2)
    answer(other).get_by_role("button", name="Edit").click()
    other.get_by_role("button", name="What Echo said").click()
    other.get_by_role("button", name="Save").click()
    expect(prose(chat)).to_have_text(CALM)
    expect(answer(chat).locator(".edited")).to_have_count(0)
    chat.reload()
    expect(question(chat)).to_contain_text("Good evening")


def test_an_edit_that_is_cancelled_changes_nothing(chat: Page) -> None:
    ask_and_wait(chat, "Good day")
    question(chat).hover()
    question(chat).get_by_role("button", name="Edit").click()
    chat.get_by_label("Edit your message").fill("Something else")
    chat.keyboard.press("Escape")
    expect(chat.get_by_label("Edit your message")).to_have_count(0)
    expect(question(chat)).to_contain_text("Good day")
    expect(chat.locator(".message")).to_have_count(2)


def test_two_tabs_see_the_same(chat: Page, context: BrowserContext) -> None:
    ask(chat, "endless for two")
    expect(chat).to_have_url(CHAT_ADDRESS)
    other = context.new_page()
    other.goto(chat.url)
    expect(prose(other)).to_contain_text("word10 ")
    stop_button(other).click()
    for tab in (chat, other):
        expect(answer(tab).get_by_role("button", name="Continue")).to_be_visible()
    assert text_of(chat) == text_of(other) != []
    ask_and_wait(other, "Good day from the other tab")
    expect(question(chat)).to_contain_text("from the other tab")
    expect(prose(chat)).to_have_text(CALM)


def test_cut_network_shows_a_bar_and_catches_up_silently(
    chat: Page, context: BrowserContext
) -> None:
    ask(chat, "a steady answer while away")
    expect(prose(chat)).to_contain_text("word10 ")
    chat.evaluate("() => { window.sameDocument = true; }")
    context.set_offline(True)
    bar = chat.locator("#notice-bar")
    expect(bar).to_contain_text("No connection")
    expect(composer(chat)).to_be_editable()
    context.set_offline(False)
    expect(bar).to_contain_text("Connected again")
    wait_for_end(chat)
    assert text_of(chat) == STEADY.split()
    expect(bar).to_be_hidden()
    assert chat.evaluate("() => window.sameDocument"), "the page was loaded anew"


def test_what_is_sent_without_a_network_goes_when_it_is_back(
    chat: Page, context: BrowserContext
) -> None:
    ask_and_wait(chat, "Good day")
    context.set_offline(True)
    expect(chat.locator("#notice-bar")).to_contain_text("No connection")
    ask(chat, "Are you there?")
    expect(question(chat)).to_contain_text("Are you there?")
    context.set_offline(False)
    wait_for_end(chat)
    expect(chat.locator(".message")).to_have_count(4)
    expect(prose(chat)).to_have_text(CALM)


def test_failed_answer_says_so_and_offers_a_retry(chat: Page) -> None:
    ask(chat, "break please")
    ending = answer(chat).locator(".ending.failed")
    expect(ending).to_be_visible()
    chat.reload()
    expect(ending).to_be_visible()
    ending.get_by_role("button", name="Retry").click()
    expect(answer(chat)).to_contain_text("2/2")
    expect(ending).to_be_visible()
    ask_and_wait(chat, "Good day")
    expect(prose(chat)).to_have_text(CALM)


def test_an_answer_with_nothing_in_it_says_so_and_offers_a_retry(chat: Page) -> None:
    ask_and_wait(chat, "silence please")
    for _ in range(2):
        expect(answer(chat)).to_contain_text("The model gave no answer.")
        chat.reload()
    answer(chat).get_by_role("button", name="Retry").click()
    expect(answer(chat)).to_contain_text("2/2")
    expect(answer(chat)).to_contain_text("The model gave no answer.")


def test_message_sent_while_another_streams_waits_for_its_end(chat: Page) -> None:
    ask(chat, "an endless answer")
    expect(prose(chat)).to_contain_text("word5 ")
    ask(chat, "Good day")
    ask(chat, "Good night")
    waiting = chat.get_by_role("list", name="Waiting to be sent").locator("li")
    expect(waiting).to_have_count(2)
    waiting.last.get_by_role("button", name="Do not send").click()
    expect(waiting).to_have_count(1)
    expect(chat.locator(".message.user")).to_have_count(1)
    stop_button(chat).click()
    expect(chat.locator(".message.user")).to_have_count(2)
    expect(question(chat)).to_contain_text("Good day")
    expect(prose(chat)).to_have_text(CALM)
    expect(waiting).to_have_count(0)


def test_an_answer_can_be_stopped_while_something_is_typed(chat: Page) -> None:
    ask(chat, "an endless answer")
    expect(prose(chat)).to_contain_text("word5 ")
    later = chat.get_by_role("button", name="Send after this answer")
    composer(chat).fill("Good day")
    expect(later).to_be_visible()
    stop_button(chat).click()
    expect(answer(chat).locator(".ending.stopped")).to_be_visible()
    expect(composer(chat)).to_have_value("Good day")
    expect(composer(chat)).to_be_focused()
    expect(stop_button(chat)).to_have_count(0)
    composer(chat).press("Enter")
    expect(prose(chat)).to_have_text(CALM)


def test_markdown_code_and_formulas_are_drawn(chat: Page) -> None:
    ask_and_wait(chat, "something rich")
    expect(prose(chat).locator("li")).to_have_count(2)
    expect(prose(chat).locator("strong")).to_have_text("list")
    expect(prose(chat).locator("td")).to_have_count(2)
    expect(prose(chat).locator("math")).to_have_count(1)
    code = prose(chat).locator("pre code")
    expect(code).to_contain_text("def hello(name: str) -> str:")
    expect(code.locator(".hljs-keyword").first).to_be_visible()
    expect(prose(chat).locator(".code-head")).to_contain_text("Python")
    prose(chat).get_by_role("button", name="Copy").click()
    expect(prose(chat).get_by_role("button", name="Copied")).to_be_visible()


INK = """table => [...table.querySelectorAll("mtr")].map(row =>
  [...row.children].filter(cell => cell.firstElementChild).map(cell => {
    const ink = document.createRange();
    ink.selectNodeContents(cell);
    const { left, right } = ink.getBoundingClientRect();
    return [Math.round(left), Math.round(right)];
  }))"""


def test_columns_of_formulas_stand_where_they_are_told(chat: Page) -> None:
    """Chromium has no `columnalign`: left, right, the gaps and the lines are the style sheet's."""
    ask_and_wait(chat, "some equations")
    tables = prose(chat).locator("mtable")
    expect(tables).to_have_count(4)
    aligned, align, cases, array = [tables.nth(at).evaluate(INK) for at in range(4)]
    left, right = 0, 1
    for table, columns in (aligned, [right, left]), (align, [right, left] * 2), (array, [1, right]):
        for at, side in enumerate(columns[1:], 1):
            assert len({row[at][side] for row in table}) == 1, table
    assert len({row[0][right] for row in aligned}) == 1
    assert [len({row[at][left] for row in cases}) for at in (0, 1)] == [1, 1]
    assert aligned[0][1][left] - aligned[0][0][right] < 8  # as if it were one line
    assert align[0][2][left] - align[0][1][right] > 20  # two equations beside each other
    line = tables.nth(3).locator("mtd").first
    expect(line).to_have_css("border-right-width", "1px")


def test_wide_tables_scroll_thoughts_fold_and_quotations_know_their_side(chat: Page) -> None:
    chat.set_viewport_size({"width": 390, "height": 800})
    ask_and_wait(chat, "something wide")
    table = prose(chat).locator(".table-wrap")
    inside, shown = table.evaluate("node => [node.scrollWidth, node.clientWidth]")
    assert inside > shown
    assert chat.evaluate("document.documentElement.scrollWidth <= innerWidth")
    heads = table.locator("th").evaluate_all("cells => cells.map(cell => cell.offsetHeight)")
    assert max(heads) < 70  # two lines of whole words, not one line for each letter
    quotation = prose(chat).locator("blockquote")
    expect(quotation).to_have_css("border-right-width", "3px")
    expect(quotation).to_have_css("border-left-width", "0px")
    link = prose(chat).get_by_role("link", name="the manual")
    expect(link).to_have_attribute("href", "https://example.org/manual")  # defined after it
    thoughts = prose(chat).locator(".thought-text")
    expect(thoughts).to_be_hidden()
    prose(chat).get_by_text("Thoughts").click()
    expect(thoughts).to_be_visible()
    assert thoughts.inner_text() == "First this,\n  then that."


def test_a_thought_can_be_read_while_it_is_being_thought(chat: Page) -> None:
    ask(chat, "ponder this")
    button = prose(chat).locator("summary")
    expect(button.get_by_text("Thinking…")).to_be_visible()
    thoughts = prose(chat).locator(".thought-text")
    expect(thoughts).to_be_hidden()
    button.focus()
    button.press("Enter")
    expect(thoughts).to_contain_text(f"word{len(thoughts.inner_text().split()) + 10} ")
    expect(thoughts).to_be_visible()
    expect(button).to_be_focused()
    stop_button(chat).click()
    expect(button.get_by_text("Thoughts")).to_be_visible()
    expect(answer(chat).get_by_role("button", name="Continue")).to_be_visible()


def test_half_finished_signs_are_never_seen(chat: Page) -> None:
    chat.evaluate("""() => {
        window.seen = new Set();
        const look = () => {
            window.seen.add(document.getElementById("message-list").querySelector(".md")?.innerText ?? "");
            requestAnimationFrame(look);
        };
        look();
    }""")
    ask_and_wait(chat, "a formula please")
    expect(prose(chat).locator("math")).to_have_count(2)
    seen = chat.evaluate("[...window.seen]")
    assert len(seen) > 2  # some of it was seen on the way, however busy the machine is
    for sign in ("$", "\\frac", "\\sqrt", "**", "](", "`", "<", "[", "_"):
        assert not [text for text in seen if sign in text], sign


def test_hostile_html_is_shown_or_dropped_but_never_run(chat: Page) -> None:
    ask_and_wait(chat, "rich <script>document.title='owned'</script><b>bold</b>")
    hostile = "script, iframe, [onerror], [onload], [onclick], [href^='javascript']"
    for place in (prose(chat), question(chat), chat.locator("#sidebar")):
        expect(place.locator(hostile)).to_have_count(0)
    expect(question(chat)).to_contain_text("<b>bold</b>")
    expect(question(chat).locator("b")).to_have_count(0)
    prose(chat).get_by_text("a link").click()
    chat.reload()
    expect(prose(chat).locator("li")).to_have_count(2)
    assert chat.title().startswith("rich <script")
