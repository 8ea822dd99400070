"""Slips of the keyboard: a word that is one letter away from one that the help table knows becomes that one.

Letters swapped, left out or doubled; in a longer word a wrong one too. The first letter is nearly always
right, so that only a swap may change it. What is English itself (`no_slips` in `words.toml`) is left as it
is. Looked up by what remains when a letter is left out, as in SymSpell (W. Garbe, 2012). Knows no meaning.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final

from echo.services.help import words
from echo.services.help.table import entries

LEAST: Final = 4
"""So short a word is mended where letters are swapped or one is missing, and not otherwise."""
VOWELS: Final = frozenset("aeiouy")
MIDDLING: Final = 6
"""From here on a vowel may stand for another one: "speach"."""
LONG: Final = 7
"""From here on any letter may: "pasdword". Of shorter ones, as "lost" and "last", both are words."""
MOST: Final = 24
"""No word of the table is longer; the time grows with its square."""
TYPED: Final = re.compile(rf"(?<![a-z0-9_@/.-])[a-z]{{{LEAST},{MOST}}}(?![a-z0-9_@/-])")
NO_SLIPS: Final = words.listed("no_slips")


def mended(text: str) -> str:
    """Return plain text with its slips mended."""
    return TYPED.sub(lambda typed: _mended(typed[0]), text)


@lru_cache(maxsize=8192)
def _mended(word: str) -> str:
    if word in known() or word in NO_SLIPS or words.folded(word) in _folded():
        return word
    return max(_near(word), key=lambda near: (known()[near], near), default=word)


@cache
def known() -> Counter[str]:
    """Return every word of titles, keywords and lists, and how often it occurs."""
    texts = (text for entry in entries() for text in (entry.title, *entry.keywords))
    asked = Counter(word for text in texts for word in re.findall("[a-z]+", words.plain(text)))
    return asked + Counter(words.every_listed())


@cache
def _folded() -> frozenset[str]:
    return frozenset(map(words.folded, known()))


@cache
def _by_rest() -> dict[tuple[int, str], list[str]]:
    """Return the known words by what remains without one letter, and where that stood."""
    found = defaultdict(list)
    for word in known():
        for at, rest in _rests(word):
            found[at, rest].append(word)
    return dict(found)


def _rests(word: str) -> Iterator[tuple[int, str]]:
    return ((at, word[:at] + word[at + 1 :]) for at in range(1, len(word)))


def _near(word: str) -> Iterator[str]:
    """Yield the known words that are one slip away."""
    yield from (swapped for swapped in _swapped(word) if swapped in known())
    if len(word) > LEAST:
        yield from (rest for _, rest in _rests(word) if rest in known() and len(rest) > LEAST)
    for at in range(1, len(word) + 1):  # a letter is missing
        yield from _by_rest().get((at, word), ())
    for at, rest in _rests(word):  # another letter
        for near in _by_rest().get((at, rest), ()):
            if len(word) >= (MIDDLING if {word[at], near[at]} <= VOWELS else LONG):
                yield near


def _swapped(word: str) -> Iterator[str]:
    return (word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1))
