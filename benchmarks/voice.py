"""How well and how fast what is said is written down: twenty sentences that espeak-ng speaks.

    python -m benchmarks voice [--model FOLDER]

Each sentence is spoken by each voice, and goes through the processes that serve `/v1/audio/transcriptions`.
The word error rate is the edit distance in words by the words that were said, without signs and case; no
sentence holds a number, or a word of two spellings. espeak-ng is a machine's voice of the oldest kind, which
is harder to understand than a person's.
"""

from __future__ import annotations

# ruff: noqa: E402  # as in run.py, before anything else: sockets wait greenly then
import eventlet

eventlet.monkey_patch(thread=False)

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.common import machine, memory_mb, save
from echo import logs
from echo.config import ROOT
from echo.services.library import speech
from echo.services.serving.listener import Listener, Wanted

VOICES: Final = ("en-us", "en-gb")
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


def main() -> int:
    options = read_options()
    logs.configure("ERROR", "console")
    if shutil.which("espeak-ng") is None or not (options.model / "model.bin").is_file():
        print(
            "Left out: this needs espeak-ng (a Debian package) and the speech model (make voice)."
        )
        return 0
    listener = Listener()
    report: dict[str, Any] = {"machine": machine(), "voices": {}}
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        listen(listener, options.model, spoken(Path(folder), SENTENCES[0], "en-us"))
        report["first_s"] = round(time.monotonic() - began, 2)
        for name in VOICES:
            files = [spoken(Path(folder), text, name) for text in SENTENCES]
            report["voices"][name] = found = measure(listener, options.model, files)
            print(
                f"{name}: word error rate {100 * found['word_error_rate']:.1f} % "
                f"({found['errors']} of {found['words']} words), "
                f"{found['median_s']} s a sentence (median), "
                f"{found['times_real']} times as fast as it was said"
            )
            for said, heard in found["misheard"]:
                print(f"   {said}\n   {heard}")
    process = listener._process
    report["memory_mb"] = round(memory_mb(process.pid)) if process else None
    listener.stop()
    print(f"the first one, with the start of the process: {report['first_s']} s; "
          f"the process takes {report['memory_mb']} MB")  # fmt: skip
    print(f"\n{save('voice', report)}")
    return 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    usual = speech.MODEL.home(ROOT / "instance" / "models")
    parser.add_argument("--model", type=Path, default=usual, help="the folder of the speech model")
    return parser.parse_args()


def spoken(folder: Path, text: str, voice: str) -> Path:
    path = Path(tempfile.mkstemp(suffix=".wav", dir=folder)[1])
    subprocess.run(["espeak-ng", "-v", voice, "-w", str(path), text], check=True)
    return path


def measure(listener: Listener, model: Path, files: Sequence[Path]) -> dict[str, Any]:
    errors = total = 0
    seconds, lengths, misheard = [], [], []
    for said, path in zip(SENTENCES, files, strict=True):
        began = time.monotonic()
        text, length = listen(listener, model, path)
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


def listen(listener: Listener, model: Path, path: Path) -> tuple[str, float]:
    with path.open("rb") as file:
        heard = listener.hear(model, 1, file, Wanted(language="en"))
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
