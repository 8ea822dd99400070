"""`/v1/audio/transcriptions`: what is asked wrongly; and, where voice is installed, what is heard."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from echo import limits
from echo.errors import RateLimited
from echo.models import User
from echo.scopes import Scope
from echo.services.serving.listener import Listener
from echo.services.turns import quotas
from tests.api.keys import key_of, shows
from tests.api.test_v1 import calls, error_of
from tests.voice import SENTENCE, install, model_or_skip, spoken_or_skip, words
from tests.waiting import until
from tests.web.browser import Browser

AT = "/v1/audio/transcriptions"


@pytest.fixture
def ask(app: Flask, ada: User) -> Any:
    browser, key = Browser(app, app.response_class, False), shows(key_of(ada))

    def asked(raw: bytes | None = b"sound", **fields: Any) -> Any:
        file = {} if raw is None else {"file": FileStorage(io.BytesIO(raw), "speech.webm")}
        boundary, body = encode_multipart({"model": "whisper-1", **fields, **file})
        kind = f'multipart/form-data; boundary="{boundary}"'
        return browser.post(AT, data=body, content_type=kind, headers=key)

    return asked


@pytest.fixture
def process() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.stop()


@pytest.fixture
def installed(app: Flask, process: Listener) -> Listener:
    install(app.extensions["library"].folder, model_or_skip())
    app.extensions["listener"] = process
    return process


@pytest.fixture
def spoken(tmp_path: Path) -> bytes:
    return spoken_or_skip(tmp_path).read_bytes()


# ── without a model ─────────────────────────────────────────────────────────────────────────


def test_without_voice_it_says_how_to_have_it(ask: Any) -> None:
    refused = ask()
    assert error_of(refused) == (404, "model_not_found", "model")
    assert "make voice" in refused.get_json()["error"]["message"]
    assert calls() == []


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"raw": None}, "file"), ({"language": "english"}, "language"), ({"language": "e!"}, "language"),
        ({"response_format": "srt"}, "response_format"), ({"temperature": "2"}, "temperature"),
        ({"temperature": "nan"}, "temperature"), ({"stream": "true"}, "stream"),
        ({"prompt": "x" * (limits.SOUND_PROMPT_CHARS + 1)}, "prompt"), ({"prompt": "\0"}, "prompt"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(fields: dict[str, Any], param: str, ask: Any) -> None:
    assert error_of(ask(**fields)) == (400, "invalid_value", param)


def test_a_body_that_is_too_large_is_refused(ask: Any) -> None:
    assert ask(bytes(limits.SOUND_REQUEST_BYTES + 1)).status_code == 413


def test_a_key_needs_the_scope(app: Flask, ada: User) -> None:
    reader = shows(key_of(ada, Scope.READ))
    program = Browser(app, app.response_class, False)
    assert program.post(AT, data={}, headers=reader).status_code == 403


# ── where it is installed ───────────────────────────────────────────────────────────────────


def test_what_is_said_is_written_down(
    ask: Any, installed: Listener, spoken: bytes, ada: User
) -> None:
    heard = ask(spoken, language="en").get_json()
    assert words(heard["text"]) == words(SENTENCE)
    assert heard["usage"] == {"type": "duration", "seconds": 3}
    text = ask(spoken, response_format="text", language="EN", temperature="0.2", prompt="A walk.")
    assert text.mimetype == "text/plain"
    assert words(text.get_data(as_text=True)) == words(SENTENCE)
    told = ask(spoken, response_format="verbose_json").get_json()
    assert (told["language"], told["task"]) == ("en", "transcribe")
    assert told["duration"] == pytest.approx(3, abs=1)
    assert words("".join(one["text"] for one in told["segments"])) == words(SENTENCE)
    assert all(one["tokens"] and one["end"] > one["start"] for one in told["segments"])
    assert {call.route for call in calls()} == {"transcriptions"}
    used = quotas.status(ada.id)
    assert (used.messages.used, used.tokens.used) == (0, 0)  # no message of anybody's


def test_silence_damage_and_unknown_languages(ask: Any, installed: Listener, spoken: bytes) -> None:
    silence = spoken[:44] + bytes(len(spoken) - 44)
    assert ask(silence).get_json()["text"] == ""
    assert error_of(ask(b"no sound"))[:3] == (400, "invalid_value", "file")
    assert error_of(ask(spoken, language="xx")) == (400, "invalid_value", "language")
    assert error_of(ask(bytes(limits.SOUND_BYTES + 1)))[:2] == (400, "context_length_exceeded")
    assert words(ask(spoken).get_json()["text"]) == words(SENTENCE)


def test_a_process_that_dies_is_replaced_and_an_idle_one_ends(
    ask: Any, installed: Listener, spoken: bytes
) -> None:
    installed._idle = 0.3
    assert ask(spoken).status_code == 200
    first = installed._process
    assert first is not None
    first.kill()
    first.wait()
    assert words(ask(spoken).get_json()["text"]) == words(SENTENCE)
    second = installed._process
    assert second is not None
    until(lambda: second.poll() is not None, "it has ended")


def test_a_folder_that_is_no_model_fails_and_says_so(
    app: Flask, ask: Any, process: Listener, spoken: bytes, tmp_path: Path
) -> None:
    model_or_skip()
    empty = tmp_path / "empty"
    empty.mkdir()
    install(app.extensions["library"].folder, empty)
    app.extensions["listener"] = process
    assert error_of(ask(spoken))[:2] == (503, "engine_failed")


def test_places_are_counted_and_given_back() -> None:
    listener = Listener()
    with ExitStack() as places:
        for _ in range(limits.SOUNDS_WAITING):
            places.enter_context(listener._places.of(1))
        with listener._places.of(2), pytest.raises(RateLimited), listener._places.of(1):
            pass
    assert not listener._places.taken
    with listener._places.of(1):
        pass


def test_one_person_waits_in_few_places(ask: Any, installed: Listener, ada: User) -> None:
    installed._places.taken[ada.id] = limits.SOUNDS_WAITING
    refused = ask()
    assert error_of(refused)[:2] == (429, "rate_limit_exceeded")
    assert refused.headers["Retry-After"] == "2"
