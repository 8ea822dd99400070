"""The help table as words: its phrases, its vocabulary, and how much each word tells. Knows no question.

Rare words weigh more, as in BM25 (Robertson and Zaragoza, 2009); a word that no entry has speaks for
something else.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Final

from echo.services.help import words
from echo.services.help.table import Entry, entries

UNKNOWN: Final = 3.5
KNOWN: Final = 2.0
GENERAL: Final = 0.8
"""What words weigh against an entry without them: foreign ones, other entries' ones, those of all."""
LIGHT_MOST: Final = 1.5
LIGHT: Final = 0.8
MINOR: Final = 0.3


Pair = tuple[str, str]


@dataclass(frozen=True)
class Phrase:
    """One way to ask for an entry (by its number): all these words, in any order."""

    entry: int
    major: frozenset[str]
    minor: frozenset[str]
    auxiliary: frozenset[str]

    def occurs_in(self, said: words.Said) -> bool:
        if not self.major:  # small words alone are everywhere: they must be all that is said
            return said == words.Said(self.major, self.minor, self.auxiliary)
        return self.major <= said.major and self.minor <= said.minor

    @property
    def words(self) -> frozenset[str]:
        return self.major | self.minor


@dataclass(frozen=True)
class Index:
    """What the search reads."""

    phrases: dict[str, tuple[Phrase, ...]]
    """By each phrase's rarest word."""
    vocabulary: tuple[frozenset[str], ...]
    """The words of each entry's phrases."""
    pairs: tuple[frozenset[Pair], ...]
    """Two words each that stand in one of its phrases together."""
    weights: dict[str, float]

    def has_pair(self, entry: int, said: frozenset[str]) -> bool:
        """Whether two of these words belong together where an entry is asked for."""
        known = sorted(self.vocabulary[entry] & said)
        return not self.pairs[entry].isdisjoint(combinations(known, 2))

    def weight(self, word: str) -> float:
        return self.weights.get(word, UNKNOWN)

    def against(self, word: str) -> float:
        """Return how much a word speaks against an entry that does not have it."""
        if word in words.GENERAL:
            return min(self.weight(word), GENERAL)
        if word.isdigit():
            return min(self.weight(word), KNOWN)
        return min(self.weight(word), KNOWN) if word in self.weights else UNKNOWN

    def sum(self, chosen: Iterable[str]) -> float:
        return sum(map(self.weight, chosen))


@cache
def index() -> Index:
    """Return the index of the whole table, made once."""
    by_entry = [_phrases(number, entry) for number, entry in enumerate(entries())]
    vocabulary = tuple(frozenset().union(*(p.major for p in phrases)) for phrases in by_entry)
    weights = _weights(vocabulary)
    by_word: dict[str, list[Phrase]] = defaultdict(list)
    for phrase in (phrase for phrases in by_entry for phrase in phrases):
        rarest = max(phrase.major or phrase.minor, key=lambda word: (weights[word], word))
        by_word[rarest].append(phrase)
    pairs = tuple(frozenset().union(*map(_pairs, phrases)) for phrases in by_entry)
    return Index(
        {word: tuple(found) for word, found in by_word.items()}, vocabulary, pairs, weights
    )


def _pairs(phrase: Phrase) -> Iterable[Pair]:
    return combinations(sorted(phrase.major), 2)


def _phrases(number: int, entry: Entry) -> list[Phrase]:
    """Return title and keywords; one that is only one word strong needs its small words too."""
    said = (words.said(words.plain(text)) for text in (entry.title, *entry.keywords))
    found = (
        Phrase(
            number,
            each.major,
            each.minor if len(each.major) < 2 else frozenset(),
            frozenset() if each.major else each.auxiliary,
        )
        for each in said
    )
    return [phrase for phrase in dict.fromkeys(found) if phrase.major or phrase.minor]


def _weights(vocabulary: tuple[frozenset[str], ...]) -> dict[str, float]:
    counts = Counter(word for known in vocabulary for word in known)
    weights = {word: math.log(1 + len(vocabulary) / count) for word, count in counts.items()}
    weights |= {word: min(weights.get(word, LIGHT), LIGHT_MOST) for word in words.LIGHT}
    return weights | dict.fromkeys(words.MINOR, MINOR)
