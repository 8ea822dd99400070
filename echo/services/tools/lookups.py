"""What a question asks to look up in all of one's own documents, by a few patterns. Knows no documents."""

from __future__ import annotations

import re
from typing import Final

from echo.services.tools.asked import core

MINE: Final = r"(?:all (?:of )?)?my (?:own )?(?:documents|files)"
PATTERNS: Final = tuple(
    re.compile(pattern.replace("MINE", MINE), re.IGNORECASE)
    for pattern in (
        r"(?:search|look) (?:(?:in|into|through) )?MINE for (.+)",
        r"(?:search|look) (?:for|up) (.+) in MINE",
        r"(?:find|look up) (.+) in MINE",
        r"what do MINE (?:say|tell me|know|have) (?:about|on) (.+)",
        r"what(?: is|'s) (?:there )?in MINE (?:about|on) (.+)",
        r"is there (?:anything|something) (?:about|on) (.+) in MINE",
        r"(?:do (?:any of )?|which of )MINE (?:mention|say anything about) (.+)",
    )
)
QUOTES: Final = "\"'“”‘’«»„ "


def sought(question: str) -> str | None:
    """Return what to look for, as it was written; None for a question that asks for something else."""
    asked = core(question)
    if asked is None:
        return None
    for pattern in PATTERNS:
        if found := pattern.fullmatch(asked):
            return found[1].strip(QUOTES) or None
    return None
