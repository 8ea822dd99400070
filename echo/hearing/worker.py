"""A process that writes down what is said: `python -m echo.hearing.worker FOLDER MEMORY`.

It reads a line of JSON for each request, `{"samples", "language", "prompt", "temperature"}`, and then the
samples (16,000 a second, 16 bits, little-endian); it writes a line for each stretch of speech, `{"segment"}`,
and `{"end": {"language", "seconds"}}` or `{"error"}`. It ends when its input ends. It reads no sound file and
fetches nothing: FOLDER holds a model of Whisper in CTranslate2's form, MEMORY is the bytes that it may take.

Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Iterator
from typing import IO, Any, Final

from echo.hearing.decoding import NICENESS, RATE

TEMPERATURES: Final = (0.0, 0.4, 0.8)
"""Tried in turn where what was heard repeats itself or is unlikely."""
THREADS: Final = 8  # more bring a model of this size little, and each takes of MEMORY
SEGMENT: Final = (
    "id", "seek", "start", "end", "text", "tokens", "temperature", "avg_logprob",
    "compression_ratio", "no_speech_prob",
)  # fmt: skip


class Listener:
    """A model of Whisper, in 8 bits on the processor."""

    def __init__(self, folder: str) -> None:
        os.environ["HF_HUB_OFFLINE"] = "1"
        from faster_whisper import WhisperModel

        self._model = WhisperModel(
            folder,
            device="cpu",
            compute_type="int8",
            cpu_threads=min(THREADS, max(1, (os.cpu_count() or 2) - 1)),
            local_files_only=True,
        )

    @property
    def languages(self) -> list[str]:
        """The codes of the languages that the model knows."""
        return list(self._model.supported_languages)

    def hear(self, samples: bytes, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield what is said, stretch by stretch, and then the end."""
        import numpy as np

        sound = np.frombuffer(samples, "<i2").astype(np.float32) / 32_768
        segments, about = self._model.transcribe(
            sound,
            language=asked["language"],
            initial_prompt=asked["prompt"],
            vad_filter=True,  # in silence the model would invent words
            condition_on_previous_text=False,  # what was misheard once is not repeated
            temperature=asked["temperature"] or TEMPERATURES,
        )
        for segment in segments:
            yield {"segment": {name: getattr(segment, name) for name in SEGMENT}}
        yield {"end": {"language": about.language, "seconds": round(len(sound) / RATE, 3)}}


def main() -> int:
    """Serve until the input ends."""
    os.nice(NICENESS)
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    memory = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    source = sys.stdin.buffer
    try:
        listener = Listener(sys.argv[1])
        _write(sink, {"ready": True, "languages": listener.languages})
        for line in iter(source.readline, b""):
            asked = json.loads(line)
            samples = source.read(2 * asked["samples"])
            for found in _heard(listener, samples, asked):
                _write(sink, found)
    except BrokenPipeError:
        os._exit(0)
    return 0


def _heard(listener: Listener, samples: bytes, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    try:
        yield from listener.hear(samples, asked)
    except Exception as failure:
        yield {"error": f"{type(failure).__name__}: {failure}"}


def _write(sink: IO[str], found: dict[str, Any]) -> None:
    sink.write(json.dumps(found) + "\n")
    sink.flush()


if __name__ == "__main__":
    sys.exit(main())
