"""A process that makes samples out of one sound file: `python -m echo.hearing.decoding`, and then it ends.

It reads a line of JSON, `{"bytes", "seconds", "memory", "patience"}`, and then the file; it writes
`{"samples"}` and the samples (16,000 a second, one channel, 16 bits, little-endian), or `{"refused"}`. One
process for one file, which it never writes down: what a hostile file does to its decoder ends with it, and
nobody else's sound is in its memory. FFmpeg is told which containers it may read: playlists and the like,
which name further files or addresses, are none of them, and no protocol is open to it.
"""

from __future__ import annotations

import io
import json
import os
import resource
import sys
from typing import Any, Final

RATE: Final = 16_000  # samples a second, as Whisper hears
NICENESS: Final = 5  # on a busy machine, whoever answers goes first
CONTAINERS: Final = "matroska,webm,ogg,wav,w64,mp3,mp4,mov,m4a,3gp,flac,aac,mpeg,aiff,caf"
NO_SOUND: Final = "There is no sound in this file."
UNREADABLE: Final = (
    "This is no sound that can be read, or it is damaged: "
    "flac, m4a, mp3, mp4, mpeg, mpga, oga, ogg, wav and webm are."
)
TOO_LARGE: Final = "This file takes more memory to read than it may."


class Refused(Exception):
    """Why a file is not read, in words for whoever sent it."""


def decode(raw: bytes, seconds: float) -> bytes:
    """Return the samples of a file's first track of sound.

    Raises:
        Refused: there is none, it is damaged, or it is longer than `seconds`.
    """
    import av

    options = {"format_whitelist": CONTAINERS, "protocol_whitelist": "none"}
    try:
        with av.open(io.BytesIO(raw), options=options, metadata_errors="replace") as container:
            track = next(iter(container.streams.audio), None)
            if track is None:
                raise Refused(NO_SOUND)
            samples = _samples(container, track, int(seconds * RATE) * 2)
    except (av.FFmpegError, ValueError, IndexError) as failure:
        raise Refused(UNREADABLE) from failure
    if not samples:
        raise Refused(NO_SOUND)
    return bytes(samples)


def _samples(container: Any, track: Any, most: int) -> bytearray:
    import av

    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    found, damaged = bytearray(), False
    for packet in _packets(container, track):
        try:
            frames = packet.decode()
        except av.InvalidDataError:  # one damaged spot in the middle of a recording
            damaged = True
            continue
        for frame in frames:
            _append(found, resampler.resample(frame), most)
    if found:
        _append(found, resampler.resample(None), most)
    elif damaged:
        raise Refused(UNREADABLE)
    return found


def _packets(container: Any, track: Any) -> Any:
    """Yield packets until the end, which a file that was cut off does not say."""
    import av

    try:
        yield from container.demux(track)
    except (av.InvalidDataError, av.EOFError):
        return


def _append(found: bytearray, frames: list[Any], most: int) -> None:
    for frame in frames:
        found += frame.to_ndarray().astype("<i2").tobytes()
        if len(found) > most:
            minutes = most // (2 * RATE * 60)
            raise Refused(f"This is longer than {minutes} minutes: send it in parts.")


def main() -> int:
    """Read one file."""
    os.nice(NICENESS)
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    source = sys.stdin.buffer
    asked = json.loads(source.readline())
    _bound(asked["memory"], asked["patience"])
    raw = source.read(asked["bytes"])
    found, samples = _answer(raw, asked["seconds"])
    try:
        sink.write(json.dumps(found).encode() + b"\n" + samples)
        sink.flush()
    except BrokenPipeError:
        os._exit(0)
    return 0


def _bound(memory: int, seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(raw: bytes, seconds: float) -> tuple[dict[str, Any], bytes]:
    try:
        samples = decode(raw, seconds)
    except Refused as why:
        return {"refused": str(why)}, b""
    except MemoryError:
        return {"refused": TOO_LARGE}, b""
    except Exception as failure:
        print(f"echo.hearing: {type(failure).__name__}: {failure}", file=sys.stderr)
        return {"refused": UNREADABLE}, b""
    return {"samples": len(samples) // 2}, samples


if __name__ == "__main__":
    sys.exit(main())
