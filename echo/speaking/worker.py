"""A process that speaks: `python -m echo.speaking.worker MEMORY`.

It reads a line of JSON for each request, `{"voice", "text", "speed", "rate"}`, and writes
`{"rate", "samples"}` and then the samples (one channel, 16 bits, little-endian), or `{"error"}`. It ends when
its input ends. `voice` is the file of a voice of Piper's, with its description beside it; `rate` is how many
samples a second has, or null for as many as the voice makes. It fetches nothing; MEMORY is the bytes that it
may take.

Piper is under the GPL: it is loaded here and nowhere else, and nobody needs it who has no voice.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
from functools import lru_cache
from typing import Any, Final

NICENESS: Final = 5  # on a busy machine, whoever answers goes first
THREADS: Final = 4
KEPT: Final = 2  # voices in memory
PHONEMES: Final = ("espeak", "text")
"""How a voice may read letters: other ways fetch what they need."""


class Speaker:
    """One voice, on the processor."""

    def __init__(self, path: str) -> None:
        from onnxruntime import InferenceSession, SessionOptions
        from piper.config import PiperConfig
        from piper.voice import PiperVoice

        with open(f"{path}.json", encoding="utf-8") as file:
            config = PiperConfig.from_dict(json.load(file))
        if config.phoneme_type.value not in PHONEMES:
            raise ValueError(f"this voice reads letters as {config.phoneme_type.value}")
        options = SessionOptions()
        options.intra_op_num_threads = min(THREADS, os.cpu_count() or 1)
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        session = InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._voice = PiperVoice(session=session, config=config)

    def say(self, text: str, speed: float, rate: int | None) -> tuple[int, bytes]:
        """Return how many samples a second has, and the samples."""
        from piper.config import SynthesisConfig

        scale = self._voice.config.length_scale / speed
        chunks = self._voice.synthesize(plain(text), SynthesisConfig(length_scale=scale))
        sound = b"".join(chunk.audio_int16_bytes for chunk in chunks)
        own = self._voice.config.sample_rate
        return (own, sound) if rate in (None, own) else (rate, resampled(sound, own, rate))


def plain(text: str) -> str:
    """Return a text without two brackets in a row: between such Piper takes letters for sounds."""
    return re.sub(r"\[(?=\[)", "[ ", text)


def resampled(sound: bytes, have: int, want: int) -> bytes:
    """Return samples at another rate, each on the line between its neighbours."""
    import numpy as np

    samples = np.frombuffer(sound, "<i2")
    if not len(samples):
        return sound
    places = np.arange(len(samples) * want // have) * (have / want)
    found: bytes = np.interp(places, np.arange(len(samples)), samples).astype("<i2").tobytes()
    return found


def main() -> int:
    """Serve until the input ends."""
    os.nice(NICENESS)
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    memory = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    voices = lru_cache(KEPT)(Speaker)
    try:
        for line in iter(sys.stdin.buffer.readline, b""):
            found, samples = _answer(voices, json.loads(line))
            sink.write(json.dumps(found).encode() + b"\n" + samples)
            sink.flush()
    except BrokenPipeError:
        os._exit(0)
    return 0


def _answer(voices: Any, asked: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    try:
        rate, sound = voices(asked["voice"]).say(asked["text"], asked["speed"], asked["rate"])
    except Exception as failure:
        return {"error": f"{type(failure).__name__}: {failure}"}, b""
    return {"rate": rate, "samples": len(sound) // 2}, sound


if __name__ == "__main__":
    sys.exit(main())
