"""Words to sound: for the page's reading aloud and for programs, with a row of what it took.

Knows no protocol. What is spoken is no message and costs no tokens; neither words nor sound are kept.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Generator, Iterator

from flask import Flask, current_app

from echo import errors
from echo.clock import utc_now
from echo.extensions import db
from echo.languages import gettext
from echo.models import MessageStatus
from echo.services.library import Library, voices
from echo.services.library.voices import Voice
from echo.services.serving.speaker import Manner, Sound, Speaker
from echo.services.turns import quotas, side_calls
from echo.services.turns.transcriptions import HOW
from echo.speaking.pieces import pieces


class Speech:
    """A text that is being spoken: what its samples are, and the samples piece by piece.

    `note` is given the seconds that speaking took, without those in which its hearer took the samples, and
    whether it ended, failed, or was wanted no more.
    """

    def __init__(
        self, sounds: Generator[Sound], note: Callable[[float, MessageStatus], None]
    ) -> None:
        self._note = note
        self._sounds = sounds
        self._seconds = 0.0
        self._status = MessageStatus.STOPPED
        self._first = self._next()  # what is refused is refused before the answer begins
        self.rate = self._first.rate if self._first else 0

    def _next(self) -> Sound | None:
        began = time.monotonic()
        try:
            sound = next(self._sounds, None)
        except errors.EchoError:
            self._status = MessageStatus.FAILED
            raise
        finally:
            self._seconds += time.monotonic() - began
        if sound is None:
            self._status = MessageStatus.COMPLETE
        return sound

    def __iter__(self) -> Iterator[bytes]:
        sound = self._first
        while sound is not None:
            yield sound.samples
            sound = self._next()

    def close(self) -> None:
        """Say no more, and write the row of what was said."""
        self._sounds.close()
        self._note(self._seconds, self._status)


def offered(app: Flask) -> list[Voice]:
    """Return the voices that can speak here; none where the library that reads them is missing."""
    library: Library = app.extensions["library"]
    return voices.installed(library.folder) if importlib.util.find_spec("piper") else []


def speak(
    user_id: int, key_id: str | None, text: str, wanted: str, speed: float, rate: int | None
) -> Speech:
    """Return a text as it is spoken, which whoever asked must close.

    Raises:
        NotFound: no voice is installed.
        InvalidInput: there is no such voice, or nothing in the text can be said.
        QuotaExceeded, RateLimited, Busy, EngineFailed.
    """
    quotas.refuse_spent(user_id)
    voice = _voice(wanted)
    if not pieces(text):
        raise errors.InvalidInput(
            gettext("There is nothing in it that can be said."), field="input"
        )
    app, created_at = current_app._get_current_object(), utc_now()  # type: ignore[attr-defined]
    db.session.commit()  # the connection goes back meanwhile

    def note(seconds: float, status: MessageStatus) -> None:
        with app.app_context():  # a stream ends after its request
            side_calls.note(
                quotas.SPEECH,
                voice.name,
                user_id,
                key_id,
                seconds=seconds,
                created_at=created_at,
                status=status,
            )

    return Speech(Speaker.of(app).speak(user_id, text, Manner(voice.file, speed, rate)), note)


def _voice(wanted: str) -> Voice:
    found = {voice.name: voice for voice in offered(current_app)}
    if not found:
        raise errors.NotFound(gettext(HOW), field="model")
    if wanted not in found:
        raise errors.InvalidInput(
            gettext(
                "“%(name)s” is no voice here; these are: %(names)s.",
                name=wanted[:64],
                names=", ".join(found),
            ),
            field="voice",
        )
    return found[wanted]
