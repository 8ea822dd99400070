"""Making text storable, and refusing messages that are none. Knows nothing of where it came from."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Final

from echo.errors import InvalidInput, TooLong
from echo.limits import MESSAGE_CHARS

LONE_SURROGATE_OR_NUL: Final = re.compile("[\ud800-\udfff\0]")


MARKS_TOGETHER: Final = 30  # on one letter; Unicode Standard Annex 15, "Stream-Safe Text Format"
MARKS_IN_DISGUISE: Final = frozenset("\u0f73\u0f75\u0f81")  # no marks until they are decomposed


def one_newline(value: Any) -> Any:
    """Return a text whose lines end as people count them: browsers and Windows send two characters."""
    if not isinstance(value, str) or "\r" not in value:
        return value
    return value.replace("\r\n", "\n").replace("\r", "\n")


def composed(text: str) -> str:
    """Return the text in normal form C, in time that grows with its length alone.

    The library sorts the marks on each letter by comparing each with each: thousands on one letter would
    take minutes. Beyond `MARKS_TOGETHER` the rest is composed apart; no language has so many.
    """
    if text.isascii():
        return text
    return "".join(unicodedata.normalize("NFC", piece) for piece in _pieces(text))


def _pieces(text: str) -> Iterator[str]:
    start = marks = 0
    for at, char in enumerate(text):
        marks = marks + 1 if unicodedata.combining(char) or char in MARKS_IN_DISGUISE else 0
        if marks > MARKS_TOGETHER:
            yield text[start:at]
            start, marks = at, 1
    yield text[start:]


def storable(text: str) -> str:
    """Replace what UTF-8 or the databases cannot hold (lone surrogates, NUL) by U+FFFD."""
    return LONE_SURROGATE_OR_NUL.sub("\ufffd", text)


def message(text: str, field: str) -> str:
    """Return what a person says as it can be stored.

    Raises:
        TooLong: it has more than MESSAGE_CHARS characters.
        InvalidInput: it is empty.
    """
    text = one_newline(text)
    if len(text) > MESSAGE_CHARS:
        raise TooLong(
            f"A message has at most {MESSAGE_CHARS:,} characters; this one has {len(text):,}.",
            field=field,
        )
    if not text.strip():
        raise InvalidInput("Write something first.", field=field)
    return storable(text)
