"""BM25 over passages that are given: only they are counted. Knows no database.

The weights are those of SQLite's `bm25()`. Source: S. Robertson and H. Zaragoza, "The Probabilistic Relevance
Framework: BM25 and Beyond", 2009.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import log
from typing import Final

K1: Final = 1.2
B: Final = 0.75
LEAST_WEIGHT: Final = 1e-6  # of a word that more than half of the passages hold

Held = tuple[Mapping[str, int], int]
"""How often a passage holds each wanted word, and how many words it has."""


def ranked(passages: Mapping[int, Held], count: int, words: int) -> list[int]:
    """Return the passages that hold something, the best first.

    `count` passages, with `words` words together, were looked through for them.
    """
    holding = Counter(word for held, _ in passages.values() for word in held)
    weights = {
        word: max(LEAST_WEIGHT, log((count - some + 0.5) / (some + 0.5)))
        for word, some in holding.items()
    }
    average = words / count if count else 1.0

    def score(passage: Held) -> float:
        held, length = passage
        damped = K1 * (1 - B + B * length / average)
        return sum(
            weights[word] * often * (K1 + 1) / (often + damped) for word, often in held.items()
        )

    return sorted(passages, key=lambda each: (-score(passages[each]), each))
