"""Picture files to pixels: judged by their header, decoded, turned upright. Knows nobody who wants them.

Pillow is loaded by whoever needs it: a process that reads a text has no use for it.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF")
UNREADABLE: Final = (
    *(OSError, ValueError, LookupError, ArithmeticError, TypeError, AttributeError, SyntaxError),
    *(EOFError, struct.error, zlib.error),
)
"""What decoders raise on broken files."""


class Why(Enum):
    """What is wrong with a file."""

    OTHER = "no picture of one of the four formats"
    PIXELS = "its header announces too many pixels; nothing has been decoded"
    DAMAGED = "damaged, or cut off"


class NotTaken(Exception):
    """A file that gives no picture, and why."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


@contextmanager
def opened(raw: bytes, most_pixels: int) -> Iterator[Image.Image]:
    """Give a picture whose header is sound; what fails within is told as NotTaken too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd headers and large sizes: both are judged here
        try:
            with Image.open(io.BytesIO(raw), formats=FORMATS) as picture:
                if picture.width * picture.height > most_pixels:
                    raise NotTaken(Why.PIXELS)
                yield picture
        except UnidentifiedImageError:
            raise NotTaken(Why.OTHER) from None
        except Image.DecompressionBombError:
            raise NotTaken(Why.PIXELS) from None
        except UNREADABLE:
            raise NotTaken(Why.DAMAGED) from None


def upright(picture: Image.Image, least_side: int) -> Image.Image:
    """Return the first frame as RGB or RGBA, turned as its camera was held; a JPEG may be decoded smaller."""
    picture.draft("RGB", (least_side, least_side))  # a large one at half of its size, or an eighth
    ImageOps.exif_transpose(picture, in_place=True)
    depth = _eight_bits(picture)
    mode = "RGBA" if depth.has_transparency_data else "RGB"
    return depth if depth.mode == mode else depth.convert(mode)  # a copy may be 160 MB


def bare(picture: Image.Image) -> Image.Image:
    """Return nothing of a picture but its pixels."""
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    return clean


def as_webp(picture: Image.Image, quality: int) -> bytes:
    target = io.BytesIO()
    picture.save(target, "WEBP", quality=quality, method=4)
    return target.getvalue()


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Return greys of 16 bits as greys of 8; Pillow's own conversion makes all but the darkest white.

    A grey that a file declares transparent is shown: among 8 bits it would take 255 others along.
    """
    if not picture.mode.startswith("I"):
        return picture
    grey = picture.point(lambda value: value * (1 / 256)).convert("L")
    grey.info.pop("transparency", None)
    return grey
