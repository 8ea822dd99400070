"""Voice in a real browser: answers read aloud. The browser's voices are stood in for: a machine that tests has none."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.talk import answer, ask, ask_and_wait, wait_for_end
from tests.browser.test_accessibility import expect_no_violations_in_either_theme

VOICES = """
    window.heard = [];
    window.voices = [];
    window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
    const late = new EventTarget();
    const speech = { getVoices: () => voices, speak: (one) => heard.push(one), cancel() {} };
    speech.addEventListener = (name, then) => late.addEventListener(name, then);
    window.voicesCome = () => {
      voices = [{ name: "Ada", lang: "en-US", voiceURI: "ada" }, { name: "Karl", lang: "de-DE", voiceURI: "karl" }];
      late.dispatchEvent(new Event("voiceschanged"));
    };
    Object.defineProperty(window, "speechSynthesis", { value: speech });
"""
HEARD = "heard.map((one) => one.text)"


def says_next(page: Page, count: int) -> None:
    """What is being said has been said; so many sentences were begun by then."""
    page.evaluate("heard.at(-1).onend()")
    page.wait_for_function("count => heard.length === count", arg=count)


def test_an_answer_is_read_aloud_while_it_is_written_and_stops_when_it_should(chat: Page) -> None:
    chat.add_init_script(VOICES)
    chat.reload()
    ask(chat, "a fable")
    expect(answer(chat)).to_contain_text("word9")
    read = answer(chat).get_by_role("button", name="Read aloud")
    stop = answer(chat).get_by_role("button", name="Stop reading")
    expect(read).to_have_count(0)
    chat.evaluate("voicesCome()")
    read.click()
    chat.wait_for_function("heard.length === 1")
    expect(chat.locator(".message.live")).to_have_count(1)  # the answer is not finished yet
    expect(stop).to_be_visible()
    wait_for_end(chat)
    for count in range(2, 6):
        says_next(chat, count)
    chat.evaluate("heard.at(-1).onend()")
    expect(read).to_be_visible()
    said = chat.evaluate(HEARD)
    assert [said[0], *said[2:]] == [
        "A fox sleeps.",
        "Then:",
        "Code block, python.",
        "It ends.",
    ], said
    assert said[1].startswith("It word1 word2"), said

    chat.keyboard.press("Control+,")
    chat.get_by_label("Voice", exact=True).select_option("Karl")
    chat.get_by_label("Speed of reading").fill("1.5")
    expect_no_violations_in_either_theme(chat)
    chat.keyboard.press("Escape")
    read.click()
    expect(stop).to_be_visible()
    chat.wait_for_function("heard.length === 6")
    assert chat.evaluate("[heard[5].voice.name, heard[5].lang, heard[5].rate]") == [
        "Karl",
        "de-DE",
        1.5,
    ]
    chat.keyboard.press("Escape")
    expect(read).to_be_visible()
    read.click()
    expect(stop).to_be_visible()
    ask_and_wait(chat, "something else")
    expect(chat.get_by_role("button", name="Stop reading")).to_have_count(0)
    expect(chat.get_by_role("button", name="Read aloud")).to_have_count(2)
