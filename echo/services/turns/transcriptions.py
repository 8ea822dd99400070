"""Sound to words: for people at the microphone and for programs, with a row of what it took.

Knows no protocol. What is heard is no message and costs no tokens; neither sound nor words are kept.
"""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path
from typing import IO, Final

from flask import Flask, current_app

from echo import errors
from echo.clock import utc_now
from echo.extensions import db
from echo.languages import gettext, mark
from echo.services.library import Library, speech
from echo.services.serving.listener import Heard, Listener, Wanted
from echo.services.turns import quotas, side_calls

HOW: Final = mark("Voice is not installed on this server. Whoever runs it can add it: make voice")


def folder(app: Flask) -> Path | None:
    """Return the folder of the speech model; None where it, or the library that reads it, is missing."""
    library: Library = app.extensions["library"]
    found = speech.MODEL.installed(library.folder)
    return found if found and importlib.util.find_spec("faster_whisper") else None


def transcribe(user_id: int, key_id: str | None, file: IO[bytes], wanted: Wanted) -> Heard:
    """Return what is said in a file of sound.

    Raises:
        NotFound: voice is not installed.
        InvalidInput, TooLong, QuotaExceeded, RateLimited, Busy, EngineFailed.
    """
    quotas.refuse_spent(user_id)
    model = folder(current_app)
    if model is None:
        raise errors.NotFound(gettext(HOW), field="model")
    db.session.commit()  # the connection goes back meanwhile
    began, created_at = time.monotonic(), utc_now()
    heard = Listener.of(current_app).hear(model, user_id, file, wanted)
    seconds = time.monotonic() - began
    side_calls.note(
        quotas.TRANSCRIPTIONS,
        speech.MODEL.name,
        user_id,
        key_id,
        seconds=seconds,
        created_at=created_at,
    )
    return heard
