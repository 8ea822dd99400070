"""The help as somebody reads it: entries in their language, and a search by the words of it. Knows no model.

What a model is told stays English, as its keywords are. Source of the stems: M. F. Porter, "Snowball", 2001;
Chinese is compared by each two neighbouring signs.
"""

from __future__ import annotations

import math
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

import snowballstemmer

from echo import limits
from echo.languages import USUAL, gettext, here, number, said
from echo.parsing.terms import WORD
from echo.policies import RoleName
from echo.services.help import browse as english
from echo.services.help.facts import TEXTS, Facts
from echo.services.help.index import UNKNOWN
from echo.services.help.table import Entry, entries, pieces
from echo.text import folded

STEMMERS: Final = {
    code: snowballstemmer.stemmer(name)
    for code, name in {
        "de": "german", "fr": "french", "es": "spanish", "ar": "arabic", "hi": "hindi",
    }.items()
}  # fmt: skip
KEYWORDS: Final = Path(__file__).with_name("keywords")


def entry_here(entry: Entry) -> Entry:
    """Return an entry in the language of whoever reads it."""
    return replace(
        entry,
        group=gettext(entry.group),
        title=gettext(entry.title),
        text=gettext(entry.text),
        when={state: gettext(text) for state, text in entry.when.items()},
        place=gettext(entry.place) if entry.place else "",
    )


def facts_here(known: Facts) -> Facts:
    """Return what is true of this server in the language of whoever reads it."""
    own = {name: said(text, TEXTS) for name, text in known.words.items()}
    return replace(known, words=own | {"message_chars": number(limits.MESSAGE_CHARS)})


def told_here(found: list[Entry], known: Facts) -> list[tuple[str, str]]:
    """Return the title and the text of entries, as they hold on this server, in the language here."""
    facts = facts_here(known)
    return [(own.title, own.said(facts)) for own in map(entry_here, found)]


def browse(query: str, role: RoleName | None) -> list[Entry]:
    """Return the entries that fit what was typed, as they stand in the table: by the words of the
    language here, or, where none fits, by English ones."""
    code = here().code
    if code == USUAL:
        return english.browse(query, role)
    asked = _asked(query, code)
    scores = {
        at: sum(english.best(places, meant, _weigh(code)) for meant in asked)
        for at, places in enumerate(_places(code))
        if entries()[at].is_for(role)
    }
    return english.ranked(scores) if any(scores.values()) else english.browse(query, role)


def _asked(query: str, code: str) -> list[frozenset[str]]:
    """Return for each word what it may stand for; the last one for all that begin with it."""
    typed = WORD.findall(folded(query))
    asked = [frozenset({stem}) for word in typed for stem in sorted(_stems(word, code))]
    if typed and len(typed[-1]) >= english.BEGINNING:
        asked[-1] |= {word for word in _weights(code) if word.startswith(typed[-1])}
    return asked


@lru_cache
def _places(code: str) -> tuple[english.Places, ...]:
    """Return for each entry its words by place, with what they count there."""
    asked = _keywords(code)
    return tuple(
        (
            (english.OF_TITLE, _words(entry.title, code)),
            (english.OF_KEYWORDS, _words(" ".join(asked.get(entry.id, ())), code)),
            (english.OF_TEXT, _words(" ".join((*_plain(entry), entry.group, entry.place)), code)),
        )
        for entry in map(entry_here, entries())
    )


def _keywords(code: str) -> dict[str, list[str]]:
    """Return how people ask for each entry in this language; none where nobody has written it down."""
    file = KEYWORDS / f"{code}.toml"
    return tomllib.loads(file.read_text("utf-8")) if file.exists() else {}


def _plain(entry: Entry) -> Iterator[str]:
    return (piece.text for text in entry.texts for piece in pieces(text))


@lru_cache
def _weights(code: str) -> dict[str, float]:
    """Return how much each word tells: rare ones more."""
    counts = Counter(word for places in _places(code) for word in _of_entry(places))
    return {word: math.log(1 + len(_places(code)) / count) for word, count in counts.items()}


def _weigh(code: str) -> Callable[[str], float]:
    return lambda word: _weights(code).get(word, UNKNOWN)


def _of_entry(places: english.Places) -> frozenset[str]:
    return frozenset().union(*(known for _, known in places))


def _words(text: str, code: str) -> frozenset[str]:
    """Return the words of a text and their stems."""
    found = WORD.findall(folded(text))
    return frozenset(found).union(*(_stems(word, code) for word in found))


def _stems(word: str, code: str) -> frozenset[str]:
    if stemmer := STEMMERS.get(code):
        return frozenset({str(stemmer.stemWord(word))})
    return frozenset(word[at : at + 2] for at in range(max(1, len(word) - 1)))
