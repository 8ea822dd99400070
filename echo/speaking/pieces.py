"""Where a text is cut into pieces that are spoken one after another. Pure: a text in, texts out."""

from __future__ import annotations

import re
import textwrap
from typing import Final

LONGEST: Final = 300
"""Characters of a piece: what somebody else waits for at most."""
ENDS: Final = re.compile(r"(?<=\w\w\w\w[.!?…])\s+|(?<=[。！？])|\n+")
"""Behind a short word a full stop may be one of an abbreviation: the voice itself decides there."""


def pieces(text: str) -> list[str]:
    """Return the pieces of a text that can be said; none where it holds neither letters nor digits."""
    wrapped = (
        part
        for sentence in ENDS.split(text)
        for part in textwrap.wrap(sentence, LONGEST, break_on_hyphens=False)
    )
    return [part for part in wrapped if any(map(str.isalnum, part))]
