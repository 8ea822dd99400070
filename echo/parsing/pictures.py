"""A picture that somebody attaches: told by what it holds, decoded within limits, encoded anew.

Only pixels survive: what else a file carries (a place, a program, a second file behind it) is left out. Of
what moves the first frame is kept: no more are decoded. Knows no other file.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from echo.parsing.pages import Refused

if TYPE_CHECKING:
    from PIL.Image import Image

    from echo.parsing.pixels import Why

MAGIC: Final = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif"}
ENDINGS: Final = {
    "png": "png", "apng": "png", "jpg": "jpeg", "jpeg": "jpeg", "jpe": "jpeg", "jfif": "jpeg",
    "gif": "gif", "webp": "webp",
}  # fmt: skip
SHOWN: Final = {"png": "PNG", "jpeg": "JPEG", "gif": "GIF", "webp": "WebP"}
OTHER: Final = (
    "This is a picture of another kind. Save it as PNG, JPEG, WebP or GIF, and attach that."
)
DRAWING: Final = "SVG is not taken: it can hold programs. Save it as PNG, and attach that."
NOT_ONE: Final = "This is not the picture that its name says."
DAMAGED: Final = "This picture is damaged or cut off."
ENDING_CHARS: Final = 5
LOOKED_AT: Final = 1_000
QUALITY: Final = 82
PART_CHARS: Final = 400_000  # of a line to whoever asked
SHRUNK: Final = 0.7


@dataclass(frozen=True)
class Sizes:
    """What a picture may have, and what is kept of it."""

    pixels: int
    side: int
    preview: int
    bytes: int


def kind_of(raw: bytes, name: str) -> str | None:
    """Return what kind of picture this is, None for none; raises Refused where its name says another."""
    ending = _ending(name)
    kind = next((kind for magic, kind in MAGIC.items() if raw.startswith(magic)), None)
    if (raw[:4], raw[8:12]) == (b"RIFF", b"WEBP"):
        kind = "webp"
    if kind is not None and ending and ENDINGS.get(ending) != kind:
        raise Refused(
            f"This is a {SHOWN[kind]} picture, and its name says something else. Mend its ending, and attach "
            "it again."
        )
    if kind is None:
        _refuse_drawings(raw, ending)
    return kind


def refuse_named(name: str) -> None:
    """Raise Refused for a text whose name says that it is a picture."""
    if _ending(name) in ENDINGS:
        raise Refused(NOT_ONE)


def _ending(name: str) -> str:
    """Return a name's ending in small letters; what follows a dot of a sentence is none."""
    ending = PurePath(name).suffix[1:].lower()
    return ending if ending.isalnum() and len(ending) <= ENDING_CHARS else ""


def _refuse_drawings(raw: bytes, ending: str) -> None:
    begin = raw[:LOOKED_AT].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    is_drawn = begin.startswith((b"<svg", b"<!doctype svg")) or (
        begin.startswith(b"<?xml") and b"<svg" in begin
    )
    if is_drawn or ending in ("svg", "svgz"):
        raise Refused(DRAWING)


def told(raw: bytes, sizes: Sizes) -> Iterator[dict[str, Any]]:
    """Yield a picture's size and its bytes in parts: `content` is what is kept, `preview` is small.

    Raises:
        Refused, MemoryError.
    """
    picture = _decoded(raw, sizes)
    content, picture = _within(picture, sizes.bytes)
    yield {"picture": {"width": picture.width, "height": picture.height}}
    yield from _parts("content", content)
    yield from _parts("preview", _small(picture, sizes.preview))


def _decoded(raw: bytes, sizes: Sizes) -> Image:
    from echo.parsing import pixels

    try:
        with pixels.opened(raw, sizes.pixels) as opened:
            return _shrunk(pixels.upright(opened, sizes.side), sizes.side)
    except pixels.NotTaken as refused:
        raise Refused(_words(refused.why, sizes.pixels)) from None


def _words(why: Why, most: int) -> str:
    if why.name == "PIXELS":
        return f"This picture has more than {most // 1_000_000} million pixels, the most that are read."
    return DAMAGED


def _shrunk(picture: Image, side: int) -> Image:
    """Return a picture that is at most so long and so high, and nothing but its pixels."""
    from echo.parsing import pixels

    picture.thumbnail((side, side), reducing_gap=3.0)
    return pixels.bare(picture)


def _within(picture: Image, most_bytes: int) -> tuple[bytes, Image]:
    """Return a picture as it is kept: one that takes more bytes than that is made smaller."""
    from echo.parsing import pixels

    while len(content := pixels.as_webp(picture, QUALITY)) > most_bytes:
        picture = _shrunk(picture, round(max(picture.size) * SHRUNK))
    return content, picture


def _small(picture: Image, side: int) -> bytes:
    from echo.parsing import pixels

    return pixels.as_webp(_shrunk(picture, side), QUALITY)


def _parts(what: str, content: bytes) -> Iterator[dict[str, Any]]:
    packed = base64.b64encode(content).decode()
    for at in range(0, len(packed), PART_CHARS):
        yield {"bytes": what, "part": packed[at : at + PART_CHARS]}
