"""The `openai` package, unchanged, has the real server speak, where voice is installed."""

from __future__ import annotations

import time
import wave
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
from openai import OpenAI

from tests.live.programs import key_on
from tests.live.server import PATIENCE, LiveServer
from tests.speaker import install, voice_or_skip
from tests.voice import SENTENCE


@pytest.fixture(scope="module")
def speaking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with a voice."""
    voice = voice_or_skip()
    folder = tmp_path_factory.mktemp("speech")
    install(folder / "instance" / "models", voice)
    running = LiveServer(folder).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def client(speaking: LiveServer) -> Iterator[OpenAI]:
    key = key_on(speaking, "programmer")
    with OpenAI(base_url=f"{speaking.url}/v1", api_key=key, timeout=PATIENCE, max_retries=0) as one:
        yield one


def test_the_client_gets_a_file_that_any_player_reads(client: OpenAI, tmp_path: Path) -> None:
    path = tmp_path / "spoken.wav"
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="joe-us", input=f"{SENTENCE} {SENTENCE}", response_format="wav"
    ) as answer:
        answer.stream_to_file(path)
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (22_050, 1, 2)
        samples = file.readframes(file.getnframes())
    assert 4 < len(samples) / 44_100 < 10


def test_the_first_sentence_comes_before_the_last_is_spoken(client: OpenAI) -> None:
    began, times = time.monotonic(), []
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="joe-us", input=f"{SENTENCE} " * 6, response_format="pcm"
    ) as answer:
        for _ in answer.iter_bytes():
            times.append(time.monotonic() - began)
    assert times[0] < times[-1] / 2


def test_the_client_is_told_what_is_wrong(client: OpenAI) -> None:
    speech = client.audio.speech
    with pytest.raises(openai.BadRequestError, match="joe-us"):
        speech.create(model="tts-1", voice="alloy", input="Hello")
    with pytest.raises(openai.BadRequestError, match="wav and pcm"):
        speech.create(model="tts-1", voice="joe-us", input="Hello", response_format="mp3")
