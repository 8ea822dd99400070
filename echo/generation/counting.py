"""Whether a text has too many tokens, for little. It does not know tokenizers."""

from __future__ import annotations

from collections.abc import Callable

PIECE_CHARS = 16_000  # that are counted at once
CUT_TOKENS = 256  # more than a cut can add: longer words stand in no usual vocabulary
USUAL_BYTES = 4  # of a token: a text with no more for each that may be is not looked at


def beyond(count: Callable[[str], int], text: str, most: int) -> int:
    """About how many tokens a text has that surely has more than `most`; 0 where it may fit.

    It is counted in pieces, and no further than that tells.
    """
    if len(text) <= most or len(text.encode()) <= most * USUAL_BYTES:
        return 0
    tokens = 0
    for start in range(0, len(text), PIECE_CHARS):
        piece = text[start : start + PIECE_CHARS]
        tokens += count(piece) - CUT_TOKENS
        if tokens > most:
            return tokens * len(text) // (start + len(piece))
    return 0
