"""Guesses a row's next tokens from what it has read and written. It does not know models or sampling.

Prompt lookup (A. Saxena, "Prompt Lookup Decoding", 2023), a kind of speculative decoding (Leviathan et al.,
arXiv 2211.17192): where the last tokens have stood before, what followed then is guessed. A step computes
token and guess together; what is drawn decides, so that the text is what it would be without.
"""

from __future__ import annotations

from typing import Final

from .sequence import Sequence

NGRAM: Final = 3
MOST: Final = 6
"""More tokens cost more than one step even where all of them are right."""
FEW_ROWS: Final = 2
"""With more rows a step has enough to compute."""
NEED_AFTER_MISS: Final = 4
"""So many more tokens must agree after a guess of which nothing was right."""


class Lookup:
    """Where each n-gram of one row's tokens stood last."""

    def __init__(self) -> None:
        self._after: dict[tuple[int, ...], int] = {}
        self._read = NGRAM
        self._need = NGRAM

    def guess(self, tokens: list[int], most: int) -> list[int]:
        """Return what may follow, at most so many tokens; nothing where too little agrees."""
        for at in range(self._read, len(tokens)):
            self._after[tuple(tokens[at - NGRAM : at])] = at
        self._read = max(self._read, len(tokens))
        at = self._after.get(tuple(tokens[-NGRAM:]), 0)
        if not at or _agreeing(tokens, at, self._need) < self._need:
            return []
        return tokens[at : at + most]

    def learn(self, right: int) -> None:
        """So many tokens of the last guess were right."""
        self._need = NGRAM if right else min(self._need + NEED_AFTER_MISS, 8 * NGRAM)


def _agreeing(tokens: list[int], at: int, enough: int) -> int:
    """Return how many tokens before `at` are those at the end."""
    count = 0
    while count < enough and count < at and tokens[at - 1 - count] == tokens[-1 - count]:
        count += 1
    return count


def guesses(rows: list[Sequence]) -> dict[int, list[int]]:
    """Return the guesses of rows that have one, by the rows' numbers."""
    if len(rows) > FEW_ROWS:
        return {}
    found = {}
    for row in rows:
        row.lookup = row.lookup or Lookup()
        left = row.budget - row.completion - 1
        if guess := row.lookup.guess(row.tokens, min(MOST, left)):
            found[row.number] = guess
    return found
