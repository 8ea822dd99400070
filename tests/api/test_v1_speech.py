"""`/v1/audio/speech`: what is asked wrongly, what is streamed; and what is said where a voice is."""

from __future__ import annotations

import importlib.util
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from echo import limits
from echo.errors import EngineFailed
from echo.models import User
from echo.scopes import Scope
from echo.services.library import voices
from echo.services.serving import speaker
from echo.services.serving.speaker import Speaker
from echo.services.turns import quotas
from tests.api.keys import key_of, shows
from tests.api.test_v1 import calls, error_of
from tests.speaker import install, made_voice, voice_or_skip
from tests.speaking.stand_in import LETTER
from tests.waiting import until
from tests.web.browser import Browser

AT = "/v1/audio/speech"
TEXT = "The fox sleeps."
Ask = Callable[..., Any]


@pytest.fixture
def ask(app: Flask, ada: User) -> Ask:
    browser, key = Browser(app, app.response_class, False), shows(key_of(ada))
    usual = {"model": "tts-1", "input": TEXT, "voice": "joe-us"}
    return lambda **fields: browser.post(AT, json=usual | fields, headers=key)


@pytest.fixture
def process(app: Flask) -> Iterator[Speaker]:
    app.extensions["speaker"] = made = Speaker()
    yield made
    made.stop()


@pytest.fixture
def speaking(
    app: Flask, process: Speaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Speaker:
    """A process that stands in for the one with the library."""
    known = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == "piper" or known(name))
    monkeypatch.setattr(speaker, "WORKER", "tests.speaking.stand_in")
    install(app.extensions["library"].folder, made_voice(tmp_path / "joe"))
    return process


# ── without a voice ─────────────────────────────────────────────────────────────────────────


def test_without_a_voice_it_says_how_to_have_one(ask: Ask) -> None:
    refused = ask()
    assert error_of(refused) == (404, "model_not_found", "model")
    assert "make voice" in refused.get_json()["error"]["message"]
    assert calls() == []


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": ""}, "input"), ({"input": "x" * (limits.SPEECH_CHARS + 1)}, "input"),
        ({"input": "a\0b"}, "input"), ({"input": 7}, "input"), ({"voice": ""}, "voice"),
        ({"response_format": "mp3"}, "response_format"), ({"response_format": None}, "response_format"),
        ({"speed": 0.2}, "speed"), ({"speed": 4.1}, "speed"), ({"speed": "fast"}, "speed"),
        ({"stream_format": "sse"}, "stream_format"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(fields: dict[str, Any], param: str, ask: Ask) -> None:
    assert error_of(ask(**fields)) == (400, "invalid_value", param)


def test_a_key_needs_the_scope(app: Flask, ada: User) -> None:
    reader = shows(key_of(ada, Scope.READ))
    program = Browser(app, app.response_class, False)
    assert program.post(AT, json={}, headers=reader).status_code == 403


# ── with a process that stands in ───────────────────────────────────────────────────────────


def test_a_text_is_streamed_piece_by_piece(ask: Ask, speaking: Speaker, ada: User) -> None:
    answer = ask(input="The fox sleeps. It dreams!")
    assert answer.mimetype == "audio/wav"
    head, *sounds = list(answer.response)
    assert head[:4] + head[8:16] == b"RIFFWAVEfmt "
    assert struct.unpack("<HHIIHH", head[20:36]) == (1, 1, 22_050, 44_100, 2, 16)
    assert [len(sound) for sound in sounds] == [2 * LETTER * 15, 2 * LETTER * 10]
    answer.close()
    assert [(call.route, call.model) for call in calls()] == [("speech", "joe-us")]
    used = quotas.status(ada.id)
    assert (used.messages.used, used.tokens.used) == (0, 0)  # no message of anybody's
    assert not speaking._places.taken


def test_raw_samples_have_the_rate_that_programs_expect(ask: Ask, speaking: Speaker) -> None:
    answer = ask(response_format="pcm", speed=2.0)
    assert answer.content_type == "audio/pcm;rate=24000"
    assert len(answer.get_data()) == LETTER * len(TEXT)


def test_unknown_voices_and_empty_texts(ask: Ask, speaking: Speaker) -> None:
    refused = ask(voice="alloy")
    assert error_of(refused) == (400, "invalid_value", "voice")
    assert "joe-us" in refused.get_json()["error"]["message"]
    assert error_of(ask(input=" — 🙂 ***")) == (400, "invalid_value", "input")
    assert calls() == []


def test_a_process_that_fails_is_told_and_one_that_dies_is_replaced(
    ask: Ask, speaking: Speaker
) -> None:
    assert error_of(ask(input="fail"))[:2] == (503, "engine_failed")
    assert error_of(ask(input="die"))[:2] == (503, "engine_failed")
    assert ask().status_code == 200


def test_what_fails_later_is_no_whole_answer(ask: Ask, speaking: Speaker) -> None:
    answer = ask(input="The fox sleeps. Then it will fail.")
    with pytest.raises(EngineFailed):
        list(answer.response)
    answer.close()
    assert not speaking._places.taken
    [call] = calls()
    assert (call.status, call.finish_reason) == ("failed", "failed")


def test_an_idle_process_ends(ask: Ask, speaking: Speaker) -> None:
    speaking._idle = 0.3
    assert ask().get_data()
    running = speaking._process
    assert running is not None
    until(lambda: running.poll() is not None, "it has ended")


def test_whoever_leaves_hears_no_more(ask: Ask, speaking: Speaker) -> None:
    answer = ask(input="The fox sleeps. " * 100)
    pieces = iter(answer.response)
    next(pieces)
    time.sleep(0.3)  # one who listens slowly costs nothing meanwhile
    answer.close()
    assert not speaking._places.taken
    whole = ask()
    assert whole.get_data()
    whole.close()
    assert [call.status for call in calls()] == ["stopped", "complete"]
    assert calls()[0].total_ms < 300


def test_one_person_has_few_places(ask: Ask, speaking: Speaker, ada: User) -> None:
    with ExitStack() as places:
        for _ in range(limits.SPEECHES_AT_ONCE):
            places.enter_context(speaking._places.of(ada.id))
        assert error_of(ask())[:2] == (429, "rate_limit_exceeded")
    assert ask().status_code == 200


def test_the_process_has_no_secret(
    ask: Ask, speaking: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECHO_SECRET_KEY", "a secret of this test")
    ask()
    running = speaking._process
    assert running is not None
    assert b"a secret of this test" not in Path(f"/proc/{running.pid}/environ").read_bytes()


# ── where it is installed ───────────────────────────────────────────────────────────────────


def test_joe_speaks(app: Flask, ask: Ask, process: Speaker) -> None:
    install(app.extensions["library"].folder, voice_or_skip())
    sound = ask(input="We walked along the river until the sun went down. Then we slept.")
    assert 3 < len(sound.get_data()) / 44_100 < 10
    (voice,) = voices.installed(app.extensions["library"].folder)
    assert (voice.name, voice.title, voice.language) == ("joe-us", "Joe", "en-US")
