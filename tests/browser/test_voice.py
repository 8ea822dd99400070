"""Voice in a real browser: answers read aloud, and, where voice is installed, dictation.

The browser's voices are stood in for: a machine that tests has none. Its microphone plays a file.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import speaker
from tests.browser.conftest import DESKTOP, FLAGS, Console, give_cookies, open_chat
from tests.browser.talk import answer, ask, ask_and_wait, composer, wait_for_end
from tests.browser.test_accessibility import expect_no_violations_in_either_theme
from tests.live.server import LiveServer
from tests.voice import SENTENCE, install, model_or_skip

VOICES = """
    window.heard = [];
    window.voices = [];
    window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
    const late = new EventTarget();
    const speech = {
      getVoices: () => voices,
      speak: (one) => heard.push(one),
      cancel() { window.silenced = (window.silenced ?? 0) + 1; },
    };
    speech.addEventListener = (name, then) => late.addEventListener(name, then);
    window.voicesCome = () => {
      voices = [
        { name: "Ada", lang: "en-US", voiceURI: "ada" },
        { name: "Karl", lang: "de-DE", voiceURI: "karl" },
      ];
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
    chat.wait_for_function("() => heard.length === 1")
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
    chat.wait_for_function("() => heard.length === 6")
    assert chat.evaluate("[heard[5].voice.name, heard[5].lang, heard[5].rate]") == [
        "Karl",
        "de-DE",
        1.5,
    ]
    before = chat.evaluate("silenced")
    chat.keyboard.press("Escape")
    expect(read).to_be_visible()
    assert chat.evaluate("silenced") > before
    read.click()
    expect(stop).to_be_visible()
    ask_and_wait(chat, "something else")
    expect(chat.get_by_role("button", name="Stop reading")).to_have_count(0)
    expect(chat.get_by_role("button", name="Read aloud")).to_have_count(2)


FAKE_MICROPHONE = [
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]


@pytest.fixture(scope="module")
def hearing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that listens."""
    model = model_or_skip()
    folder = tmp_path_factory.mktemp("hearing")
    install(folder / "instance" / "models", model)
    running = LiveServer(folder).start()
    yield running
    running.stop()


def test_what_is_said_into_the_microphone_is_written_at_the_caret(
    browser: Browser, hearing: LiveServer, console: Console, tmp_path: Path
) -> None:
    more = "The children built a castle out of wet sand. Nobody knew why the clock had stopped."
    sound = speaker.conversation(tmp_path / "spoken.wav", SENTENCE, 1.5, more, 13.5)
    member = hearing.member("ada")
    flags = [*FLAGS, *FAKE_MICROPHONE, f"--use-file-for-fake-audio-capture={sound}"]
    program = shutil.which("chromium-headless-shell")
    other = browser.browser_type.launch(executable_path=program, args=flags)
    context = other.new_context(viewport=DESKTOP, permissions=["microphone"])
    context.on("page", console.watch)
    give_cookies(context, member)
    page = context.new_page()
    page.add_init_script("localStorage.setItem('echo.dictation', 'en')")
    open_chat(page, hearing)
    field = composer(page)
    field.fill("Before. After.")
    field.evaluate("field => field.setSelectionRange(7, 7)")
    page.get_by_role("button", name="Dictate").click()
    expect(field).to_have_value(re.compile("river"))  # while it goes on
    expect_no_violations_in_either_theme(page)
    field.press("Enter")
    expect(page.locator(".dictating")).to_have_count(0)
    said = field.input_value()
    assert said.startswith("Before. ")
    assert said.endswith(" After.")
    assert "the sun went down" in said
    page.get_by_role("button", name="Dictate").click()
    expect(page.locator(".dictating .time")).to_have_text(re.compile("0:0[1-9]"))
    page.keyboard.press("Escape")
    expect(page.locator(".dictating")).to_have_count(0)
    expect(field).to_have_value(said)
    other.close()
