"""How soon twenty sentences are spoken, and how well and how fast they are written down.

    python -m benchmarks voice [--model FOLDER] [--voice FOLDER]

Each sentence is spoken by each voice that is here: those of espeak-ng, and Piper's by the process that serves
`/v1/audio/speech`. Its time to first sound is from the request to the first samples; only the first one
waits for the process and its voice. Then each goes through what serves `/v1/audio/transcriptions`.
The word error rate is the edit distance in words by the words that were said, without signs and case; no
sentence holds a number, or a word of two spellings. espeak-ng is a machine's voice of the oldest kind, which
is harder to understand than a person's.
"""

from __future__ import annotations

# ruff: noqa: E402  # as in run.py, before anything else: sockets wait greenly then
import eventlet

eventlet.monkey_patch(thread=False)

import argparse
import importlib.util
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.common import machine, memory_mb, save
from echo import logs
from echo.child_process import ResidentProcess
from echo.config import ROOT
from echo.services.library import speech, voices
from echo.services.serving.listener import Listener, Wanted
from echo.services.serving.speaker import Manner, Speaker

ESPEAK: Final = ("en-us", "en-gb")
SENTENCES: Final = (
    "The old lighthouse stands on a cliff above the sea.",
    "Please send the report to everyone before Friday morning.",
    "She planted apple trees behind the garden wall.",
    "How do I write a function that reverses a list?",
    "The train to the airport leaves from the last platform.",
    "My grandmother bakes bread with honey and walnuts.",
    "Explain the difference between weather and climate.",
    "We walked along the river until the sun went down.",
    "Can you make this letter a little shorter?",
    "The museum is closed on Mondays during the winter.",
    "A good teacher listens before giving an answer.",
    "Water boils at a lower temperature in the mountains.",
    "I forgot my umbrella at the office yesterday.",
    "Translate this paragraph into simple language.",
    "The children built a castle out of wet sand.",
    "What should I cook with potatoes, onions and cheese?",
    "He repaired the broken chair with glue and patience.",
    "The library opens in the morning and closes at night.",
    "Write a short poem about the first snow of the year.",
    "Nobody knew why the clock had stopped at midnight.",
)


Speak = Callable[[str, Path], None]


def main() -> int:
    options = read_options()
    logs.configure("ERROR", "console")
    piper = Piper(options.voice)
    speakers = piper.speakers() | espeak()
    if not speakers or not (options.model / "model.bin").is_file():
        print("Left out: this needs a voice and the speech model (make voice).")
        return 0
    report: dict[str, Any] = {"machine": machine(), "voices": {}}
    listener = Listener()
    with tempfile.TemporaryDirectory() as folder:
        for name, speak in speakers.items():
            files = spoken(Path(folder), name, speak)
            if not report["voices"]:
                began = time.monotonic()
                hear(listener, options, files[0])
                report["first_s"] = round(time.monotonic() - began, 2)
            report["voices"][name] = measure(lambda file: hear(listener, options, file), files)
            tell(name, report["voices"][name])
    report["speaking"] = piper.figures()
    report["memory_mb"] = resident(listener)
    piper.speaker.stop()
    listener.stop()
    print(f"the first one, with the start of the process: {report['first_s']} s; "
          f"the process takes {report['memory_mb']} MB")  # fmt: skip
    print(f"speaking: {report['speaking']}")
    print(f"\n{save('voice', report)}")
    return 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    models = ROOT / "instance" / "models"
    for name, usual in (("model", speech.MODEL.home(models)), ("voice", voices.JOE.home(models))):
        parser.add_argument(f"--{name}", type=Path, default=usual, help=f"the folder of the {name}")
    return parser.parse_args()


class Piper:
    """A voice of Piper's in the process that serves it, and how soon its sentences sounded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.speaker = Speaker()
        self.firsts: list[float] = []
        self.spoken_s = self.sound_s = 0.0

    def speakers(self) -> dict[str, Speak]:
        is_here = voices.is_voice(self.folder) and importlib.util.find_spec("piper")
        return {self.folder.name: self.speak} if is_here else {}

    def speak(self, text: str, path: Path) -> None:
        (file,) = self.folder.glob("*.onnx")
        began = time.monotonic()
        sounds = []
        for sound in self.speaker.speak(1, text, Manner(file)):
            if not sounds:
                self.firsts.append(time.monotonic() - began)
            sounds.append(sound)
        self.spoken_s += time.monotonic() - began
        with wave.open(str(path), "wb") as made:
            made.setparams((1, 2, sounds[0].rate, 0, "NONE", ""))
            made.writeframes(b"".join(sound.samples for sound in sounds))
            self.sound_s += made.getnframes() / sounds[0].rate

    def figures(self) -> dict[str, Any] | None:
        """Return seconds to the first sound; the first sentence waits for the process and its voice."""
        if not self.firsts:
            return None
        first, *others = self.firsts
        return {
            "first_sentence_s": round(first, 2),
            "median_s": round(statistics.median(others), 2),
            "slowest_s": round(max(others), 2),
            "times_real": round(self.sound_s / self.spoken_s, 1),
            "memory_mb": resident(self.speaker),
        }


def espeak() -> dict[str, Speak]:
    """Return its voices, where it is installed (a Debian package)."""

    def speaking(voice: str) -> Speak:
        def speak(text: str, path: Path) -> None:
            subprocess.run(["espeak-ng", "-v", voice, "-w", str(path), text], check=True)

        return speak

    return {voice: speaking(voice) for voice in ESPEAK} if shutil.which("espeak-ng") else {}


def spoken(folder: Path, name: str, speak: Speak) -> list[Path]:
    paths = [folder / f"{name}-{number}.wav" for number in range(len(SENTENCES))]
    for text, path in zip(SENTENCES, paths, strict=True):
        speak(text, path)
    return paths


def resident(process: ResidentProcess) -> int | None:
    running = process._process
    return round(memory_mb(running.pid)) if running else None


def tell(name: str, found: dict[str, Any]) -> None:
    print(
        f"{name}: word error rate {100 * found['word_error_rate']:.1f} % "
        f"({found['errors']} of {found['words']} words), "
        f"{found['median_s']} s a sentence (median), "
        f"{found['times_real']} times as fast as it was said"
    )
    for said, heard in found["misheard"]:
        print(f"   {said}\n   {heard}")


def measure(hear: Callable[[Path], tuple[str, float]], files: Sequence[Path]) -> dict[str, Any]:
    errors = total = 0
    seconds, lengths, misheard = [], [], []
    for said, path in zip(SENTENCES, files, strict=True):
        began = time.monotonic()
        text, length = hear(path)
        seconds.append(time.monotonic() - began)
        lengths.append(length)
        wrong = distance(words(said), words(text))
        errors, total = errors + wrong, total + len(words(said))
        if wrong:
            misheard.append((said, text))
    return {
        "word_error_rate": round(errors / total, 4),
        "errors": errors,
        "words": total,
        "median_s": round(statistics.median(seconds), 2),
        "times_real": round(sum(lengths) / sum(seconds), 1),
        "misheard": misheard,
    }


def hear(listener: Listener, options: argparse.Namespace, path: Path) -> tuple[str, float]:
    with path.open("rb") as file:
        heard = listener.hear(options.model, 1, file, Wanted(language="en"))
    return heard.text, heard.seconds


def words(text: str) -> list[str]:
    return "".join(c if c.isalnum() or c == "'" else " " for c in text.casefold()).split()


def distance(said: Sequence[str], heard: Sequence[str]) -> int:
    """Return the fewest words that must be changed, put in or left out (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for i, one in enumerate(said, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (one != other))
    return row[-1]


if __name__ == "__main__":
    sys.exit(main())
