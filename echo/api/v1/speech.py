"""`POST /v1/audio/speech`: a text read aloud, in OpenAI's form. Knows no voice."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Annotated, Final, Literal

from flask import Response, g
from flask_login import current_user
from pydantic import AfterValidator, Field

from echo.api.bodies import Text
from echo.api.v1.body import Body, read
from echo.api.v1.edge import blueprint
from echo.limits import MODEL_NAME_CHARS, SPEECH_CHARS, SPEECH_SPEEDS
from echo.services.turns import speeches

PCM_RATE: Final = 24_000  # samples a second, which clients of OpenAI's take for granted
FORMATS: Final = {"wav": "audio/wav", "pcm": f"audio/pcm;rate={PCM_RATE}"}
ENDLESS: Final = 0xFFFF_FFFF  # how long it will be is not known while it is spoken


def _known_format(value: str) -> str:
    if value not in FORMATS:
        raise ValueError("wav and pcm are made here: no mp3, opus, aac or flac")
    return value


class Speech(Body):
    """`POST /v1/audio/speech`."""

    model: str = Field("", max_length=MODEL_NAME_CHARS)
    input: Text = Field(min_length=1, max_length=SPEECH_CHARS)
    voice: str = Field(min_length=1, max_length=MODEL_NAME_CHARS)
    response_format: Annotated[
        str, AfterValidator(_known_format), Field(json_schema_extra={"enum": list(FORMATS)})
    ] = "wav"
    speed: float = Field(1.0, ge=SPEECH_SPEEDS[0], le=SPEECH_SPEEDS[1])
    stream_format: Literal["audio"] = "audio"


@blueprint.post("/audio/speech")
def speech() -> Response:
    """Read a text aloud, piece by piece; any model's name means the one that is installed."""
    body = read(Speech)
    program = g.get("program")
    is_wav = body.response_format == "wav"
    spoken = speeches.speak(
        current_user.id,
        program.key_id if program else None,
        body.input,
        body.voice,
        body.speed,
        None if is_wav else PCM_RATE,
    )
    response = Response(_sound(spoken, is_wav), mimetype=FORMATS[body.response_format])
    response.call_on_close(spoken.close)  # also for a client that has left
    return response


def _sound(spoken: speeches.Speech, is_wav: bool) -> Iterator[bytes]:
    if is_wav:
        yield _head(spoken.rate)
    yield from spoken


def _head(rate: int) -> bytes:
    """Return what a WAV file of samples of 16 bits begins with, whatever its length."""
    about = struct.pack("<IHHIIHH", 16, 1, 1, rate, 2 * rate, 2, 16)
    length = struct.pack("<I", ENDLESS)
    return b"RIFF" + length + b"WAVEfmt " + about + b"data" + length
