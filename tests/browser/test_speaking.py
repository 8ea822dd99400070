"""A voice of the server's in a real browser: reading aloud, and talking hands-free.

Where no voice is installed, a stand-in answers for the server; the rest needs `make voice`.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import struct
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests import speaker
from tests.browser.conftest import DESKTOP, FLAGS, Console, give_cookies, open_chat
from tests.browser.talk import answer, ask, question, stop_button, wait_for_end
from tests.browser.test_accessibility import expect_no_violations_in_either_theme
from tests.live.server import LiveServer
from tests.voice import install, model_or_skip, words

JOE = {"name": "joe-us", "title": "Joe", "lang": "en-US"}
PLAYED = """
    window.played = [];
    const start = AudioBufferSourceNode.prototype.start;
    AudioBufferSourceNode.prototype.start = function () {
      played.push(this.buffer.duration);
      start.call(this);
    };
    const close = AudioContext.prototype.close;
    AudioContext.prototype.close = function () {
      window.quieted = (window.quieted ?? 0) + 1;
      return close.call(this);
    };
"""
TOLD = """
    window.told = [];
    new MutationObserver(() => {
      const now = document.querySelector(".talking .told")?.textContent.split(/[ .]/)[0];
      if (now && now !== told.at(-1)) told.push(now);
    }).observe(document, { subtree: true, childList: true, characterData: true });
"""
STEPS = ("Listening", "Writing", "Waiting", "Reading")
TALK = {
    "replies": [{"match": "weather", "text": "It rains today.", "delay_ms": 10}],
    "default": {"text": "The fox sleeps. " * 2000, "delay_ms": 80},
}


def tone(seconds: float) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(22_050)
        file.writeframes(b"\0\x20\0\xe0" * int(seconds * 11_025))
    return made.getvalue()


def endless(sound: bytes) -> bytes:
    """Return a file as it is streamed: its length is not known."""
    unknown = struct.pack("<I", 0xFFFFFFFF)
    return sound[:4] + unknown + sound[8:40] + unknown + sound[44:]


@pytest.fixture
def asked(chat: Page) -> list[dict[str, Any]]:
    """A page whose server seems to have a voice; what it is asked to say."""
    found: list[dict[str, Any]] = []

    def with_voice(route: Route) -> None:
        response = route.fetch()
        text = response.text().replace('"voices": []', f'"voices": [{json.dumps(JOE)}]')
        route.fulfill(response=response, body=text)

    def speak(route: Route) -> None:
        found.append(json.loads(route.request.post_data or ""))
        route.fulfill(body=endless(tone(0.4)), content_type="audio/wav")

    chat.route(re.compile(r"^[^?]*/(c/\w+)?$"), with_voice)
    chat.route("**/v1/audio/speech", speak)
    chat.add_init_script(PLAYED)
    chat.reload()
    return found


def test_an_answer_is_read_sentence_by_sentence_the_next_fetched_while_one_plays(
    chat: Page, asked: list[dict[str, Any]]
) -> None:
    ask(chat, "a fable")
    expect(answer(chat)).to_contain_text("word9")
    answer(chat).get_by_role("button", name="Read aloud").click()
    chat.wait_for_function("() => played.length === 1")
    expect(chat.locator(".message.live")).to_have_count(1)  # the answer is not finished yet
    wait_for_end(chat)
    chat.wait_for_function("() => played.length === 5")
    expect(answer(chat).get_by_role("button", name="Read aloud")).to_be_visible()
    said = [one["input"] for one in asked]
    assert [said[0], *said[2:]] == ["A fox sleeps.", "Then:", "Code block, python.", "It ends."]
    assert {(one["voice"], one["speed"]) for one in asked} == {("joe-us", 1)}
    assert all(0.3 < seconds < 0.5 for seconds in chat.evaluate("played"))
    assert chat.evaluate("quieted") == 1


def test_it_stops_at_once_and_is_offered_in_the_settings(
    chat: Page, asked: list[dict[str, Any]]
) -> None:
    ask(chat, "a fable")
    wait_for_end(chat)
    answer(chat).get_by_role("button", name="Read aloud").click()
    chat.wait_for_function("() => played.length === 1")
    chat.keyboard.press("Escape")
    expect(answer(chat).get_by_role("button", name="Read aloud")).to_be_visible()
    assert chat.evaluate("quieted") == 1
    chat.wait_for_timeout(800)
    assert chat.evaluate("played.length") == 1
    chat.keyboard.press("Control+,")
    expect(chat.get_by_label("Voice", exact=True)).to_have_value("echo:joe-us")
    chat.get_by_label("Speed of reading").fill("1.5")
    chat.get_by_role("button", name="Listen", exact=True).click()
    chat.wait_for_function("() => played.length === 2")
    assert asked[-1]["speed"] == 1.5
    expect_no_violations_in_either_theme(chat)


def test_what_the_server_refuses_is_said(chat: Page, asked: list[dict[str, Any]]) -> None:
    refusal = {"error": {"message": "Others are being read to. Please try again."}}
    chat.route("**/v1/audio/speech", lambda route: route.fulfill(status=429, json=refusal))
    ask(chat, "a fable")
    wait_for_end(chat)
    answer(chat).get_by_role("button", name="Read aloud").click()
    expect(chat.get_by_text("Others are being read to.")).to_be_visible()
    expect(answer(chat).get_by_role("button", name="Read aloud")).to_be_visible()


# ── with the models ─────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def talking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that listens and speaks."""
    model, voice = model_or_skip(), speaker.voice_or_skip()
    folder = tmp_path_factory.mktemp("talking")
    install(folder / "instance" / "models", model)
    speaker.install(folder / "instance" / "models", voice)
    script = folder / "talk.json"
    script.write_text(json.dumps(TALK))
    running = LiveServer(folder, ECHO_SCRIPT=str(script)).start()
    yield running
    running.stop()


@contextmanager
def heard(usual: Browser, server: LiveServer, console: Console, sound: Path) -> Iterator[Page]:
    """A chat whose microphone plays a file, once."""
    flags = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    played = f"--use-file-for-fake-audio-capture={sound}%noloop"
    program = shutil.which("chromium-headless-shell")
    browser = usual.browser_type.launch(executable_path=program, args=[*FLAGS, *flags, played])
    context = browser.new_context(viewport=DESKTOP, permissions=["microphone"])
    context.on("page", console.watch)
    give_cookies(context, server.member(f"talker{sound.stem}"))
    page = context.new_page()
    page.add_init_script(f"localStorage.setItem('echo.dictation', 'en');{PLAYED}{TOLD}")
    open_chat(page, server)
    yield page
    browser.close()


def test_speaking_listening_and_interrupting_with_no_hand(
    browser: Browser, talking: LiveServer, console: Console, tmp_path: Path
) -> None:
    said = ("Tell me a story about the river.", 25.0, "Now explain the weather.", 200.0)
    sound = speaker.conversation(tmp_path / "talk.wav", *said)
    with heard(browser, talking, console, sound) as page:
        page.get_by_role("button", name="Talk hands-free").click()
        status = page.locator(".talking .told")
        expect(status).to_have_text(re.compile("Listening"))
        expect(question(page)).to_contain_text("story")  # a pause has sent it
        expect(status).to_have_text(re.compile("Reading"))
        page.wait_for_function("() => played.length > 0")
        expect(status).to_have_text(re.compile("Listening"))  # interrupted
        read = page.evaluate("played.length")
        assert 0 < read < 60  # of two thousand sentences
        expect(page.locator(".outbox")).to_contain_text("Next:")  # the answer goes on being written
        stop_button(page).click()
        expect(page.locator(".message.user")).to_have_count(2)
        assert {"explain", "the", "weather"} <= set(words(question(page).inner_text()))
        page.wait_for_function("count => played.length === count", arg=read + 1)
        page.wait_for_function("() => told.at(-1) === 'Listening'")
        expect_no_violations_in_either_theme(page)
        assert page.evaluate("told.join()") == ",".join([*STEPS, *STEPS, "Listening"])
        page.keyboard.press("Escape")
        expect(page.locator(".talking")).to_have_count(0)
        expect(page.get_by_role("button", name="Talk hands-free")).to_be_visible()
        assert page.evaluate("quieted") >= 2
