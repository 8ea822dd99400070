"""What tests of listening need, and what they say where it is not here: the library, the model, a speaker.

The model is looked for in $ECHO_TEST_MODELS/whisper-base and among this checkout's own models; `make voice`
brings it and the library. espeak-ng (a Debian package) speaks, or the voice that `make voice` brings.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from echo.services.library import speech
from tests import speaker
from tests.structure.layers import ROOT

PLACES = (
    Path(os.environ.get("ECHO_TEST_MODELS", "/nowhere")) / speech.MODEL.name,
    speech.MODEL.home(ROOT / "instance" / "models"),
)
SENTENCE = "We walked along the river until the sun went down."


def decoder_or_skip() -> None:
    """Go on where files of sound can be read."""
    if importlib.util.find_spec("faster_whisper") is None:
        pytest.skip("faster-whisper is not installed: make voice")


def model_or_skip() -> Path:
    """Return the model's folder."""
    decoder_or_skip()
    found = next((place for place in PLACES if (place / "model.bin").is_file()), None)
    if found is None:
        pytest.skip(f"{speech.MODEL.name} is not in $ECHO_TEST_MODELS or instance/models")
    return found


def spoken_or_skip(folder: Path, text: str = SENTENCE) -> Path:
    """Have a text spoken into a file."""
    path = folder / "spoken.wav"
    program = shutil.which("espeak-ng")
    if program is None:
        return speaker.conversation(path, text)
    subprocess.run([program, "-w", str(path), text], check=True)
    return path


def install(models: Path, model: Path) -> None:
    """Put the model into a folder of models."""
    home = speech.MODEL.home(models)
    home.parent.mkdir(parents=True, exist_ok=True)
    home.symlink_to(model)


def words(text: str) -> list[str]:
    """Return a text's words, without signs and case."""
    return "".join(c if c.isalpha() else " " for c in text.casefold()).split()
