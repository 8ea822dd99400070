"""Making text storable. Knows nothing of where it came from."""

import re
from typing import Final

LONE_SURROGATE_OR_NUL: Final = re.compile("[\ud800-\udfff\0]")


def storable(text: str) -> str:
    """Replace what UTF-8 or the databases cannot hold (lone surrogates, NUL) by U+FFFD."""
    return LONE_SURROGATE_OR_NUL.sub("\ufffd", text)
