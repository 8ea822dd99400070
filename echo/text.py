"""Making text storable, and refusing messages that are none. Knows nothing of where it came from."""

import re
from typing import Final

from echo.errors import InvalidInput, TooLong
from echo.limits import MESSAGE_CHARS

LONE_SURROGATE_OR_NUL: Final = re.compile("[\ud800-\udfff\0]")


def storable(text: str) -> str:
    """Replace what UTF-8 or the databases cannot hold (lone surrogates, NUL) by U+FFFD."""
    return LONE_SURROGATE_OR_NUL.sub("\ufffd", text)


def message(text: str, field: str) -> str:
    """Return what a person says as it can be stored.

    Raises:
        TooLong: it has more than MESSAGE_CHARS characters.
        InvalidInput: it is empty.
    """
    if len(text) > MESSAGE_CHARS:
        raise TooLong(
            f"A message has at most {MESSAGE_CHARS:,} characters; this one has {len(text):,}.",
            field=field,
        )
    if not text.strip():
        raise InvalidInput("Write something first.", field=field)
    return storable(text)
