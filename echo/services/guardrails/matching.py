"""From what a rule says to what it finds in a text. Knows no rows and nobody who reads.

Patterns are RE2's: a match is looked for in time that grows with the text alone, all of them in bounded time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Final, Protocol

import re2

from echo.errors import InvalidInput
from echo.languages import gettext, number
from echo.limits import GUARD_MATCH_CHARS, GUARD_WORD_CHARS
from echo.models import GuardAct, GuardKind, GuardPlace
from echo.services.guardrails.seen import Seen, as_seen
from echo.services.guardrails.width import widest
from echo.services.guardrails.words import Span, Words
from echo.text import storable

HIDING: Final = frozenset((GuardAct.MASK, GuardAct.REFUSE))
"""Acts after which some words of an answer are never shown: it waits for what may belong to them."""
_MANY: Final = 400
_SECONDS: Final = 1.0  # of the processor's, for one pattern in one text
_PATTERN_BYTES: Final = 1 << 20  # of memory for each; RE2 refuses what would take more


class Text:
    """A text to be looked through; how people see it is found out once, and only where a rule asks."""

    def __init__(self, text: str) -> None:
        self.written = storable(text)

    @cached_property
    def seen(self) -> Seen:
        """The same as people see it."""
        return Seen(self.written)


class Matcher(Protocol):
    """What finds something in a text; `longest`: how many characters a match may have."""

    @property
    def longest(self) -> float: ...

    def spans(self, text: Text, start: int = 0) -> Iterator[Span]:
        """Yield where it is met, from a place on; no two overlap."""
        ...

    def settled(self, text: Text) -> int:
        """Return the place before which no match begins that could still change when more text follows."""
        ...


class WordMatcher:
    """A list of words, one on each line, or with commas between them."""

    def __init__(self, what: str) -> None:
        self._words = Words(words_of(what))
        self.longest = float(self._words.longest)

    def spans(self, text: Text, start: int = 0) -> Iterator[Span]:
        return self._words.spans(text.seen, start)

    def settled(self, text: Text) -> int:
        beyond = len(text.seen.folded) - self._words.longest - 1
        return text.seen.starts[beyond] if beyond > 0 else 0


class PatternMatcher:
    """A pattern, looked for in the text as it is written."""

    def __init__(self, what: str) -> None:
        self._pattern = re2.compile(what, _options())
        self.longest = widest(what)

    def spans(self, text: Text, start: int = 0) -> Iterator[Span]:
        """Yield matches; where looking for them takes too long, all the rest passes for one.

        One match is found in linear time, but each may look at all that follows: `a.*b|a` in many an "a".
        """
        until = time.thread_time() + _SECONDS
        for found in self._pattern.finditer(text.written, start):
            if time.thread_time() > until:
                yield found.start(), len(text.written)
                return
            if found.end() > found.start():
                yield found.span()

    def settled(self, text: Text) -> int:
        return max(0, len(text.written) - int(self.longest) - 1)


def words_of(what: str) -> list[str]:
    """Return the words of a list."""
    return [word.strip() for line in what.splitlines() for word in line.split(",") if word.strip()]


@lru_cache(_MANY)
def matcher(kind: str, what: str) -> Matcher:
    """Return what finds the words or the pattern of a rule; raises re2.error for a pattern that is none."""
    return WordMatcher(what) if kind == GuardKind.WORDS else PatternMatcher(what)


def check(kind: str, what: str, place: str, act: str) -> None:
    """Raise InvalidInput (field "what") where words or a pattern cannot be looked for."""
    try:
        found = matcher(kind, what)
    except re2.error as failure:
        raise _refused(
            gettext("This pattern cannot be read: %(why)s.", why=_said(failure))
        ) from None
    if kind == GuardKind.WORDS:
        _check_words(what)
    elif next(re2.compile(what, _options()).finditer(""), None) is not None:
        raise _refused(
            gettext("This pattern fits where there is nothing: it would be met everywhere.")
        )
    if act in HIDING and place != GuardPlace.QUESTION and found.longest > GUARD_MATCH_CHARS:
        raise _refused(
            gettext(
                "What is masked or refused in answers has matches of %(most)s characters at most: so much of "
                "an answer waits until it is clear. Write {0,50} in place of * or +.",
                most=number(GUARD_MATCH_CHARS),
            )
        )


def _check_words(what: str) -> None:
    words = words_of(what)
    if not any(map(as_seen, words)):
        raise _refused(gettext("Write at least one word."))
    if long := next((word for word in words if len(word) > GUARD_WORD_CHARS), None):
        raise _refused(
            gettext(
                "A word or phrase has at most %(most)s characters: “%(begin)s…” has more.",
                most=number(GUARD_WORD_CHARS),
                begin=long[:30],
            )
        )


def _refused(text: str) -> InvalidInput:
    return InvalidInput(text, field="what")


def _said(failure: Exception) -> str:
    said = failure.args[0]
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = _PATTERN_BYTES
    options.log_errors = False
    return options
