"""What is left of a question without its courtesies, for the rules that recognise it. Knows no rule."""

from __future__ import annotations

import re
from typing import Final

CHARS_MOST: Final = 200
"""Longer questions ask for more than one thing."""
COURTESIES: Final = re.compile(
    r"(?:(?:hey|hi|hello|ok|okay|so|please|echo)\b[,!.]?\s+)*"
    r"(?:(?:can|could|would|will) you (?:please )?"
    r"(?=tell|calculate|compute|work|evaluate|convert|search|look|find))?"
    r"(?:(?:please )?tell me (?=what|how|which|on))?",
    re.IGNORECASE,
)
AFTERWARDS: Final = re.compile(r"[,\s]+(?:please|thanks|thank you)(?=[\s?.!]*$)", re.IGNORECASE)


def core(text: str) -> str | None:
    """Return a question on one line, in its own case, without “please” and the sign at its end.

    None for a longer text, or one of several lines. An exclamation mark stays: it may be a factorial.
    """
    text = text.strip()
    if not text or len(text) > CHARS_MOST or "\n" in text:
        return None
    text = AFTERWARDS.sub("", " ".join(text.replace("’", "'").split()))
    begin = COURTESIES.match(text)
    return text[begin.end() if begin else 0 :].rstrip(" ?.") or None
