"""Frames between two processes: a header in JSON and a body of bytes. Knows neither of the two.

A frame is four bytes (the header's length, big-endian), the header in UTF-8, and as many bytes of
body as the header's `bytes` says. It needs nothing beyond the standard library.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any, BinaryIO, Final, NamedTuple

PREFIX: Final = 4
HEADER_LIMIT: Final = 64 * 2**20  # bytes; rows of ten years by model are a tenth of it
BODY_LIMIT: Final = 256 * 2**20


class Frame(NamedTuple):
    """One message."""

    header: dict[str, Any]
    body: bytes = b""


class Broken(ValueError):
    """The bytes are no frame: nothing after them can be understood."""


def encode(header: dict[str, Any], body: bytes = b"") -> bytes:
    """Return the frame as bytes; `bytes` is set to the body's length, days become ISO texts.

    Raises:
        TypeError: the header holds something that JSON does not know.
        ValueError: it holds a number that JSON does not know (NaN), or is too long.
    """
    whole = {**header, "bytes": len(body)}
    text = json.dumps(whole, default=_day, allow_nan=False, separators=(",", ":")).encode()
    if len(text) > HEADER_LIMIT or len(body) > BODY_LIMIT:
        raise ValueError("this frame is too long")
    return len(text).to_bytes(PREFIX, "big") + text + body


def _day(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be sent")


def read(source: BinaryIO) -> Frame | None:
    """Return the next frame of a buffered source, None where it ends between two frames.

    Raises:
        Broken: the source ends within a frame, or what comes is none.
    """
    prefix = source.read(PREFIX)
    if not prefix:
        return None
    length = int.from_bytes(_whole(prefix, PREFIX), "big")
    if length > HEADER_LIMIT:
        raise Broken("the header is too long")
    header = _header(_whole(source.read(length), length))
    size = header["bytes"]
    return Frame(header, _whole(source.read(size), size))


def _whole(part: bytes, size: int) -> bytes:
    if len(part) < size:
        raise Broken("the source ends within a frame")
    return part


def _header(text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Broken("the header is not JSON") from error
    size = header.get("bytes") if isinstance(header, dict) else None
    if type(size) is not int or not 0 <= size <= BODY_LIMIT:
        raise Broken("the header does not say how long its body is")
    known: dict[str, Any] = header
    return known
