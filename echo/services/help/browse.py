"""The help page's search: what somebody types is looked for generously, best first. Knows no chat."""

from __future__ import annotations

from collections.abc import Callable, Container
from functools import cache
from typing import Final

from echo.policies import RoleName
from echo.services.help import spelling, words
from echo.services.help.index import index
from echo.services.help.table import Entry, entries, pieces

OF_TITLE: Final = 1.0
OF_KEYWORDS: Final = 0.8
OF_TEXT: Final = 0.5
"""What a word counts by where it stands."""
NEAR: Final = 0.6
"""Entries need this share of the best one's score."""
BEGINNING: Final = 2
"""So many letters of the last word are enough to look for what begins with them."""

Places = tuple[tuple[float, frozenset[str]], ...]
"""An entry's words by place, with what they count there."""


def browse(query: str, role: RoleName | None) -> list[Entry]:
    """Return the entries for people of this role that fit what was typed, best first.

    The last word may be unfinished. Without a word, every entry is returned in the table's order.
    """
    return _fitting(query, role) or _fitting(spelling.mended(words.plain(query)), role)


def _fitting(query: str, role: RoleName | None) -> list[Entry]:
    visible = [number for number, entry in enumerate(entries()) if entry.is_for(role)]
    asked = _asked(query)
    if not asked:
        return [entries()[number] for number in visible]
    weight = index().weight
    scores = {
        number: sum(best(_places()[number], each, weight) for each in asked) for number in visible
    }
    return ranked(scores, _named(query))


def ranked(scores: dict[int, float], named: Container[int] = ()) -> list[Entry]:
    """Return the entries (by their numbers) that come near the best one, `named` ones first."""
    least = max(NEAR * max(scores.values()), OF_TEXT)
    found = [number for number in scores if scores[number] >= least]
    found.sort(key=lambda number: (number not in named, -scores[number]))
    return [entries()[number] for number in found]


def _named(query: str) -> set[int]:
    """Return the entries of which one phrase is just what was typed: they come first."""
    said = words.said(words.plain(query))
    return {
        phrase.entry
        for word in said.major
        for phrase in index().phrases.get(word, ())
        if phrase.words == said.major | said.minor
    }


def _asked(query: str) -> list[frozenset[str]]:
    """Return for each word what it may stand for; the last one for all that begin with it."""
    plain = words.plain(query)
    said = words.said(plain)
    asked = [frozenset({word}) for word in said.major or said.minor]
    typed = words.WORD.findall(plain)
    if typed and len(typed[-1]) >= BEGINNING:
        begun = frozenset(word for word in _every_word() if word.startswith(typed[-1]))
        last = words.said(typed[-1]).major
        asked = [each for each in asked if not each <= last] + [last | begun]
    return [each for each in asked if each]


def best(places: Places, meant: frozenset[str], weight: Callable[[str], float]) -> float:
    """Return what these words count for an entry: none by its rarity, for nobody has finished it."""
    return min(map(weight, meant)) * max(
        (part for part, known in places if meant & known), default=0.0
    )


@cache
def _places() -> tuple[Places, ...]:
    """Return for each entry its words by place, with what they count there."""
    return tuple(
        (
            (OF_TITLE, _words(entry.title)),
            (OF_KEYWORDS, known),
            (OF_TEXT, _words(" ".join(p.text for text in entry.texts for p in pieces(text)))),
        )
        for entry, known in zip(entries(), index().vocabulary, strict=True)
    )


def _words(text: str) -> frozenset[str]:
    said = words.said(words.plain(text))
    return said.major | said.minor


@cache
def _every_word() -> frozenset[str]:
    return frozenset().union(*(known for places in _places() for _, known in places))
