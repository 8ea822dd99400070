"""What tests of speaking need, and what they say where it is not here: the library, the voice.

The voice is looked for in $ECHO_TEST_MODELS/joe-us and among this checkout's own models; `make voice`
brings both.
"""

from __future__ import annotations

import importlib.util
import json
import os
import wave
from pathlib import Path

import pytest

from echo.services.library import voices
from echo.services.serving.speaker import Manner, Speaker
from tests.structure.layers import ROOT

PLACES = (
    Path(os.environ.get("ECHO_TEST_MODELS", "/nowhere")) / voices.JOE.name,
    voices.JOE.home(ROOT / "instance" / "models"),
)
RATE = 48_000  # samples a second, which a browser's microphone likes
ABOUT = {"dataset": "made", "language": {"code": "en_GB"}, "espeak": {"voice": "en"}}


def voice_or_skip() -> Path:
    """Return the folder of a real voice, where the library that reads it is installed."""
    if importlib.util.find_spec("piper") is None:
        pytest.skip("piper-tts is not installed: make voice")
    found = next((place for place in PLACES if list(place.glob("*.onnx"))), None)
    if found is None:
        pytest.skip(f"{voices.JOE.name} is not in $ECHO_TEST_MODELS or instance/models")
    return found


def made_voice(folder: Path, name: str = "made") -> Path:
    """Make a folder that looks like a voice's, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.onnx").write_bytes(b"no model")
    (folder / f"{name}.onnx.json").write_text(json.dumps(ABOUT))
    return folder


def install(models: Path, voice: Path) -> None:
    """Put a voice into a folder of models, as the one that is usual."""
    home = voices.JOE.home(models)
    home.parent.mkdir(parents=True, exist_ok=True)
    home.symlink_to(voice)


def conversation(path: Path, *parts: str | float) -> Path:
    """Have texts spoken into a file, with so many seconds of silence where a number stands."""
    (file,) = voice_or_skip().glob("*.onnx")
    process = Speaker()
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        for part in parts:
            if isinstance(part, str):
                for piece in process.speak(1, part, Manner(file, rate=RATE)):
                    sound.writeframes(piece.samples)
            else:
                sound.writeframes(bytes(2 * int(part * RATE)))
    process.stop()
    return path
