"""The process that speaks, where its library and a voice are installed: what it answers, how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from echo.child_process import bare_environment
from echo.limits import SPEECH_MEMORY_BYTES
from echo.speaking.pieces import LONGEST
from echo.speaking.worker import plain
from tests.speaker import made_voice, voice_or_skip
from tests.structure.layers import ROOT

Process = subprocess.Popen[bytes]


@pytest.fixture(scope="module")
def voice() -> str:
    (file,) = voice_or_skip().glob("*.onnx")
    return str(file)


@pytest.fixture(scope="module")
def process(voice: str) -> Iterator[Process]:
    words = [sys.executable, "-m", "echo.speaking.worker", str(SPEECH_MEMORY_BYTES)]
    pipe = subprocess.PIPE
    started = subprocess.Popen(words, stdin=pipe, stdout=pipe, cwd=ROOT, env=bare_environment())
    yield started
    pipe_of(started.stdin).close()
    assert started.wait(10) == 0  # with its input: a parent that dies leaves nothing behind
    pipe_of(started.stdout).close()


def pipe_of(side: IO[bytes] | None) -> IO[bytes]:
    assert side is not None
    return side


def say(process: Process, voice: str, text: str, **more: Any) -> tuple[dict[str, Any], bytes]:
    asked = {"voice": voice, "text": text, "speed": 1.0, "rate": None, **more}
    pipe_of(process.stdin).write(json.dumps(asked).encode() + b"\n")
    pipe_of(process.stdin).flush()
    found = json.loads(pipe_of(process.stdout).readline())
    return found, pipe_of(process.stdout).read(2 * found.get("samples", 0))


def seconds(found: tuple[dict[str, Any], bytes]) -> float:
    about, samples = found
    assert len(samples) == 2 * about["samples"]
    return about["samples"] / float(about["rate"])


def test_a_text_becomes_sound_as_fast_as_asked_for(process: Process, voice: str) -> None:
    usual = say(process, voice, "We walked along the river until the sun went down.")
    assert usual[0]["rate"] == 22_050
    assert 1.5 < seconds(usual) < 5
    assert max(usual[1][1::2]) > 0  # it is no silence
    fast = say(process, voice, "We walked along the river until the sun went down.", speed=2.0)
    assert seconds(fast) == pytest.approx(seconds(usual) / 2, rel=0.3)
    other = say(process, voice, "We walked along the river until the sun went down.", rate=24_000)
    assert other[0]["rate"] == 24_000
    assert seconds(other) == pytest.approx(seconds(usual), rel=0.2)


def test_the_longest_piece_at_the_lowest_speed_fits_into_its_memory(
    process: Process, voice: str
) -> None:
    text = ("A word after another " * 20)[:LONGEST]
    assert seconds(say(process, voice, text, speed=0.25)) > 30


@pytest.mark.parametrize("text", ["[[ɛ]] is a letter", "Привет", "<speak>hello</speak>", "8"])
def test_whatever_is_written_is_said_as_it_stands(process: Process, voice: str, text: str) -> None:
    assert seconds(say(process, voice, text)) > 0.1


@pytest.mark.parametrize("brackets", range(2, 7))
def test_no_two_brackets_in_a_row_are_left(brackets: int) -> None:
    written = plain("[" * brackets + "ɛ]] [a]")
    assert "[[" not in written
    assert written.replace("[ ", "[") == "[" * brackets + "ɛ]] [a]"


def test_what_is_no_voice_is_told_and_the_next_text_is_spoken(
    process: Process, voice: str, tmp_path: Path
) -> None:
    (made,) = made_voice(tmp_path / "made").glob("*.onnx")
    assert "error" in say(process, str(made), "Hello")[0]
    assert "error" in say(process, "/nowhere.onnx", "Hello")[0]
    assert seconds(say(process, voice, "Hello")) > 0.1
