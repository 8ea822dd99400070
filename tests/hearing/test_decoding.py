"""Files of sound: what is read, what is refused and why, what a hostile one reaches."""

from __future__ import annotations

import io
import struct
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from echo import limits
from echo.errors import InvalidInput
from echo.services.serving import listener
from echo.services.serving.listener import Decoder
from tests.voice import decoder_or_skip


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    decoder_or_skip()
    made = Decoder()
    yield made
    assert made._process is None  # one for each file


def sound(seconds: float, rate: int = 8_000, channels: int = 1) -> bytes:
    """Return a WAV file with a tone."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(1)
        file.setframerate(rate)
        wave_of_200 = bytes([96] * (rate // 400 * channels) + [160] * (rate // 400 * channels))
        file.writeframes(wave_of_200 * int(seconds * 200))
    return made.getvalue()


def video_without_sound() -> bytes:
    import av

    made = io.BytesIO()
    with av.open(made, "w", format="mp4") as container:
        track: Any = container.add_stream("mpeg4", rate=10)
        track.width = track.height = 32
        for _ in range(3):
            container.mux(track.encode(av.VideoFrame(32, 32, "yuv420p")))
        container.mux(track.encode())
    return made.getvalue()


def read(decoder: Decoder, raw: bytes) -> bytes:
    return decoder.samples(io.BytesIO(raw), len(raw))


def refusal(decoder: Decoder, raw: bytes) -> str:
    with pytest.raises(InvalidInput) as refused:
        read(decoder, raw)
    assert refused.value.field == "file"
    return refused.value.text


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (48_000, 2)])
def test_samples_are_those_that_the_model_hears(decoder: Decoder, rate: int, channels: int) -> None:
    samples = read(decoder, sound(2, rate, channels))
    assert len(samples) / 2 == pytest.approx(2 * 16_000, abs=100)
    loudest = max(abs(value) for (value,) in struct.iter_unpack("<h", samples))
    assert 100 < loudest < 32_768


def test_a_file_that_was_cut_off_is_heard_as_far_as_it_goes(decoder: Decoder) -> None:
    whole = sound(4)
    assert len(read(decoder, whole[: len(whole) // 2])) / 2 == pytest.approx(2 * 16_000, abs=200)


def test_longer_than_ten_minutes_is_refused(decoder: Decoder) -> None:
    assert len(read(decoder, sound(limits.SOUND_SECONDS - 1))) > 0
    assert "10 minutes" in refusal(decoder, sound(limits.SOUND_SECONDS + 1))


def test_no_sound_is_told_apart_from_what_cannot_be_read(decoder: Decoder) -> None:
    assert "no sound in this file" in refusal(decoder, video_without_sound())
    assert "no sound in this file" in refusal(decoder, sound(0))
    for raw in (b"", b"Hello", b"\x89PNG\r\n\x1a\n" + bytes(100), bytes(5_000), sound(1)[:20]):
        assert "cannot be" in refusal(decoder, raw) or "can be read" in refusal(decoder, raw), raw


def test_a_playlist_reaches_nothing(decoder: Decoder, tmp_path: Path) -> None:
    """FFmpeg's own formats that name further files and addresses."""
    secret = tmp_path / "secret.wav"
    secret.write_bytes(sound(1))
    for text in (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n",
        f"#EXTM3U\n#EXTINF:1,\n{secret}\n",
        f"ffconcat version 1.0\nfile {secret}\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
        f'<?xml version="1.0"?><MPD><Period><AdaptationSet><Representation><BaseURL>{secret}</BaseURL>'
        "</Representation></AdaptationSet></Period></MPD>",
    ):
        assert "can be read" in refusal(decoder, text.encode()), text


def test_what_takes_too_long_or_too_much_is_stopped(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "SOUND_DECODING_MEMORY_BYTES", 60_000_000)
    assert "too" in refusal(decoder, sound(1)) or "can be read" in refusal(decoder, sound(1))
    monkeypatch.undo()
    decoder.patience = 0.001
    assert "too long" in refusal(decoder, sound(1))


def test_the_process_knows_no_secret(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}
    launch = Decoder._launch

    def launched(self: Decoder, *words: str, environment: Any = None) -> Any:
        seen.update(environment)
        return launch(self, *words, environment=environment)

    monkeypatch.setenv("SECRET_KEY", "x" * 40)
    monkeypatch.setattr(Decoder, "_launch", launched)
    read(decoder, sound(1))
    assert seen
    assert "SECRET_KEY" not in seen
