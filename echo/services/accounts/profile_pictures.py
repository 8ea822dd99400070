"""Profile pictures: checked, made small and square, and encoded anew. Knows no pages and no uploads.

Only pixels survive: what else a file carries (a place, a program, a second file behind it) is left out.
"""

from __future__ import annotations

import time
from typing import Final

from PIL import Image, ImageOps
from sqlalchemy import select
from sqlalchemy.orm import undefer

from echo import hub
from echo.errors import Busy, InvalidInput, NotFound, TooLong
from echo.extensions import db
from echo.languages import carried, gettext, mark
from echo.limits import PICTURE_BYTES, PICTURE_PIXELS
from echo.models import Picture
from echo.parsing import pixels
from echo.parsing.pixels import Why
from echo.services.storage import transaction

SIDE: Final = 256
QUALITY: Final = 86
FIELD: Final = "picture"
MEGA: Final = 1_000_000
PATIENCE_SECONDS: Final = 20.0
NOT_READABLE: Final = mark(
    "This file is not a picture that can be read. Use a PNG, JPEG, WebP or GIF."
)
DAMAGED: Final = mark("This picture is damaged or cut off. Please try another one.")
CROWD: Final = mark("Many pictures are being stored just now. Please try again in a moment.")

BLOCK_BYTES: Final = 4096 * (PICTURE_PIXELS // 1000)  # whole pages, and four bytes for each pixel

# One block for the largest picture. The system gets such a large one back at once, while of Pillow's own
# 16 MB blocks each native thread that has ever decoded a picture would keep some hundred MB for ever.
Image.core.set_block_size(BLOCK_BYTES)  # type: ignore[attr-defined]


class _OneAtATime:
    """Lets one picture be decoded at a time: a small file can take hundreds of megabytes meanwhile."""

    def __init__(self) -> None:
        self._taken = False
        self._free = hub.Signal()

    def __enter__(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._taken:
            if not self._free.wait(max(0.0, deadline - time.monotonic())):
                raise Busy(gettext(CROWD), field=FIELD, retry_after=5)
        self._taken = True

    def __exit__(self, *_failure: object) -> None:
        self._taken = False
        self._free.notify()


_decoding = _OneAtATime()


def store(user_id: int, raw: bytes) -> Picture:
    """Make `raw` the person's picture, in place of the one before; raises what `prepare` raises."""
    return keep(user_id, prepare(raw))


def prepare(raw: bytes) -> bytes:
    """Return what is to be kept of an uploaded picture.

    Raises:
        TooLong: more than PICTURE_BYTES bytes or PICTURE_PIXELS pixels.
        InvalidInput: not a picture of one of the four formats, or a damaged one.
        Busy: others' pictures were being read for PATIENCE_SECONDS.
    """
    if len(raw) > PICTURE_BYTES:
        raise TooLong(
            gettext("A picture has at most %(most)s MB.", most=PICTURE_BYTES // MEGA), field=FIELD
        )
    with _decoding:
        return hub.run_native(carried(encode), raw)


def keep(user_id: int, content: bytes) -> Picture:
    """Store what `prepare` has made; its id is new, so that browsers show it at once."""

    def work() -> Picture:
        _drop(user_id)
        picture = Picture(user_id=user_id, content=content, size_bytes=len(content))
        db.session.add(picture)
        db.session.flush()
        return picture

    return transaction(work)


def remove(user_id: int) -> None:
    """Take the person's picture away; their letter is shown again."""
    transaction(lambda: _drop(user_id))


def _drop(user_id: int) -> None:
    """Delete by the row, not by a statement: the session's listeners hear of rows alone."""
    for picture in db.session.scalars(select(Picture).where(Picture.user_id == user_id)):
        db.session.delete(picture)
    db.session.flush()


def find(picture_id: str) -> Picture:
    """Return a picture with its content; raises NotFound."""
    picture = db.session.get(Picture, picture_id, options=[undefer(Picture.content)])
    if picture is None:
        raise NotFound(gettext("There is no such picture."))
    return picture


def id_of(user_id: int) -> str | None:
    """Return the id of the person's picture, if they have one."""
    return db.session.scalar(select(Picture.id).where(Picture.user_id == user_id))


def encode(raw: bytes) -> bytes:
    """Return the middle square of a picture as WebP of SIDE pixels, without anything but its pixels.

    Raises:
        TooLong: its header announces too many pixels; nothing has been decoded then.
        InvalidInput: it is no such picture, or a damaged one.
    """
    try:
        with pixels.opened(raw, PICTURE_PIXELS) as picture:
            flat = pixels.upright(picture, 2 * SIDE)
            square = ImageOps.fit(flat, (SIDE, SIDE), Image.Resampling.LANCZOS)
            return pixels.as_webp(pixels.bare(square), QUALITY)
    except pixels.NotTaken as refused:
        raise _refusal(refused.why) from None
    except MemoryError:
        raise _refusal(Why.DAMAGED) from None


def _refusal(why: Why) -> InvalidInput | TooLong:
    if why is Why.PIXELS:
        most = PICTURE_PIXELS // MEGA
        text = gettext("This picture is too large: at most %(most)s million pixels.", most=most)
        return TooLong(text, field=FIELD)
    return InvalidInput(gettext(NOT_READABLE if why is Why.OTHER else DAMAGED), field=FIELD)
