"""Which entries of the help table a question is about: none for an ordinary one. Knows no model.

A sentence is about an entry when words of the entry make up most of what it says: "delete a chat" is all
about Echo, "delete a file in Python" is not. Whole phrases count more than single words. The same text
always gives the same entries, so that a prompt begins with the same tokens in every turn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from echo.policies import LEAST_ROLE, RANKS, Right, RoleName
from echo.services.help import ordinary, spelling, words
from echo.services.help.index import Index, index
from echo.services.help.table import Entry, entries
from echo.services.help.words import Said

MOST: Final = 3
NEAR: Final = 0.72
"""The second and third entry need this share of the first one's score."""
END_CHARS: Final = 600
"""Of a long text only so much is read at its beginning and at its end: there people ask."""
LONG_CHARS: Final = 300
"""A longer text brings something along; only its sentences that name Echo's own things count."""

# Chosen on the questions that training/dialogues has about features and on 6,000 ordinary ones.
WITHIN_PHRASES: Final = 0.35
WITHOUT_PHRASE: Final = 0.6
LEAST_SCORE: Final = 2.7
LEAST_SCORE_OF_ALL: Final = 1.2
"""Enough where nearly everything that is said belongs to the entry."""
NEARLY_ALL: Final = 0.9
LEAST_SHARE: Final = 0.62
LEAST_SHARE_APART: Final = 0.75
"""Where two words are an entry's, but of different phrases."""
LEAST_SHARE_AT_HOME: Final = 0.45
LEAST_SHARE_OF_TEXT: Final = 0.5
LEAST_SHARE_WEAK: Final = 0.62
"""Of the text, where everyday words alone are an entry's."""
TELLING: Final = 3
"""So many words of an entry tell of it together, be each of them an everyday one."""


@dataclass(frozen=True)
class Hit:
    """An entry by its number: how well it fits, and its share of the sentence and of the whole text."""

    entry: int
    is_asked: bool
    """A whole phrase occurs."""
    is_together: bool
    """A phrase occurs, or two words of one."""
    is_weak: bool
    """It has one or two words, and everyday ones."""
    is_single: bool
    """One word carries it."""
    score: float
    share: float
    share_of_text: float

    @property
    def is_plain(self) -> bool:
        """Whether it counts even where the world or other people are spoken of."""
        return self.is_asked and not (self.is_weak or self.is_single)


def find(question: str, role: RoleName | None) -> list[Entry]:
    """Return the one to three entries for people of this role that a question is about, best first."""
    best: dict[int, float] = {}
    for hit in _hits(_ends(question)):
        if entries()[hit.entry].is_for(role):
            best[hit.entry] = max(hit.score, best.get(hit.entry, 0.0))
    ranked = sorted(best, key=lambda number: (-best[number], -_rank(number), number))
    return [entries()[number] for number in ranked[:MOST] if best[number] >= NEAR * best[ranked[0]]]


def forget() -> None:
    """Forget the questions that were asked: for measurements."""
    _hits.cache_clear()


def _rank(number: int) -> int:
    """Return how few people an entry is for: of two that fit alike, theirs comes first."""
    right = entries()[number].right
    return 0 if right is Right.ANYONE else 1 + RANKS.index(LEAST_ROLE[right])


def _ends(text: str) -> str:
    if len(text) <= 2 * END_CHARS:
        return text
    return f"{text[:END_CHARS]}\n{text[-END_CHARS:]}"


@lru_cache(maxsize=4096)
def _hits(question: str) -> tuple[Hit, ...]:
    plain = words.plain(question)
    text = spelling.mended(words.unquoted(plain)).strip()
    is_known = plain.strip(" ?!.") in _asked()
    is_named = words.NAMED.search(text) is not None
    if not is_known and ordinary.brings_text(plain):
        return ()
    whole = words.said(text)
    if not is_named and _is_elsewhere(text, whole):
        return ()
    is_told = not (is_named or is_known) and ordinary.is_told(text)
    return tuple(hit for hit in _in_sentences(text, whole) if hit.is_plain or not is_told)


def _in_sentences(text: str, whole: Said) -> Iterator[Hit]:
    """Return what each sentence is about."""
    at_home = words.HOME if len(text) > LONG_CHARS else words.SPOKEN
    for sentence in _parts(text):
        is_at_home = at_home.search(sentence) is not None
        yield from (hit for hit in scored(words.said(sentence), whole) if _counts(hit, is_at_home))


@cache
def _asked() -> frozenset[str]:
    """Return every title and keyword as it stands in the table: who asks in these words means Echo."""
    texts = (text for entry in entries() for text in (entry.title, *entry.keywords))
    return frozenset(words.plain(text).strip(" ?!.") for text in texts)


def _is_elsewhere(text: str, whole: Said) -> bool:
    """Whether a text asks for a task, or names another program or trade."""
    return bool(words.TASK.search(text) or words.ELSEWHERE & whole.major)


def _parts(text: str) -> list[str]:
    """Return what is judged: each sentence, and a short text as a whole too."""
    found = words.sentences(text)
    if len(text) > LONG_CHARS:
        return [sentence for sentence in found if words.HOME.search(sentence)]
    return [*found, " ".join(found)] if len(found) > 1 else found


def _counts(hit: Hit, at_home: bool) -> bool:
    if hit.score < (_enough(hit.share) if hit.is_asked else LEAST_SCORE):
        return False
    if hit.is_weak and not hit.is_asked:
        return False
    if at_home:
        return hit.share >= (LEAST_SHARE_AT_HOME if hit.is_together else LEAST_SHARE)
    least = LEAST_SHARE if hit.is_together else LEAST_SHARE_APART
    of_text = LEAST_SHARE_WEAK if hit.is_weak else LEAST_SHARE_OF_TEXT
    return hit.share >= least and hit.share_of_text >= of_text


def _enough(share: float) -> float:
    """Return the score that is enough: the more of a sentence speaks of an entry, the less is needed."""
    part = min(max((share - LEAST_SHARE) / (NEARLY_ALL - LEAST_SHARE), 0.0), 1.0)
    return LEAST_SCORE - part * (LEAST_SCORE - LEAST_SCORE_OF_ALL)


def scored(said: Said, whole: Said) -> Iterator[Hit]:
    """Yield the entries of which a phrase occurs, and those with two words or more in common."""
    table = index()
    matched: dict[int, set[str]] = defaultdict(set)
    for word in (*said.major, *said.minor):
        for phrase in table.phrases.get(word, ()):
            if phrase.occurs_in(said):
                matched[phrase.entry] |= phrase.words
    for number, vocabulary in enumerate(table.vocabulary):
        if number in matched or len(vocabulary & said.major) > 1:
            yield _hit(table, number, matched.get(number, set()), said, whole)


def _hit(table: Index, number: int, found: set[str], said: Said, whole: Said) -> Hit:
    also = (said.major & table.vocabulary[number]) - found
    own, extra = table.sum(found), table.sum(also)
    if not said.major:
        own = LEAST_SCORE

    def share(of: Said) -> float:
        rest = of.major - found - also - words.INTERFACE
        against = sum(map(table.against, rest))
        return (own + extra) / (own + extra + against)

    score = own + (WITHIN_PHRASES if found else WITHOUT_PHRASE) * extra
    is_together = bool(found) or table.has_pair(number, said.major)
    carrying = (found or also) & said.major
    is_weak = len((found | also) & said.major) < TELLING and all(map(words.is_weak, carrying))
    is_single = len(carrying) == 1
    return Hit(
        number, bool(found), is_together, is_weak, is_single, score, share(said), share(whole)
    )
