"""From a text to the terms by which it is found: folded words without the smallest ones, cut to stems.

Knows no database: both are given the same terms. Scripts that put no blanks between words give each two
neighbouring signs as a term. Each term is stored as a keyed hash: whose words they are is part of it, so that
one person's words neither match nor weigh anything in another's search, and an index tells no words.
Source of the stems: M. F. Porter, "Snowball", 2001.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Final

import snowballstemmer

from echo.text import folded

MARKS: Final = (
    r"\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670"  # of Latin, Hebrew, Arabic
    r"\u0900-\u0963\u0970-\u0dff\u0e31-\u0e4e\u0eb1-\u0ecd\u102b-\u103e"  # Indic, Thai, Lao, Burmese
)
WORD: Final = re.compile(rf"(?:[^\W_]|[{MARKS}])+")
"""Letters, digits, and the vowel signs and marks between them, which Python counts as no part of a word."""
UNSPACED: Final = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
)
WORD_CHARS: Final = 40
HASH_BYTES: Final = 6
SMALL: Final = frozenset(Path(__file__).with_name("small_words.list").read_text("utf-8").split())
REMEMBERED_CHARS: Final = 32
"""Of longer ones, and of texts without spaces between words, none comes again."""
_STEMMER: Final = snowballstemmer.stemmer("english")


def terms(text: str) -> Iterator[str]:
    """Yield the terms of a text in order, as often as they stand in it."""
    for word in WORD.findall(folded(text)):
        if word in SMALL:
            continue
        yield from _known(word) if len(word) <= REMEMBERED_CHARS else _of(word)


@lru_cache(maxsize=50_000)
def _known(word: str) -> tuple[str, ...]:
    return _of(word)


def _of(word: str) -> tuple[str, ...]:
    found: list[str] = []
    at = 0
    for run in UNSPACED.finditer(word):
        found += _spaced(word[at : run.start()])
        signs = run[0]
        found += [signs[n : n + 2] for n in range(max(1, len(signs) - 1))]
        at = run.end()
    return (*found, *_spaced(word[at:]))


def _spaced(word: str) -> list[str]:
    return [str(_STEMMER.stemWord(word[:WORD_CHARS]))] if word else []


@lru_cache(maxsize=50_000)
def hashed(term: str, key: str) -> str:
    """Return what is stored of a term: ten small letters and digits."""
    digest = blake2b(term.encode("utf-8", "replace"), key=key.encode(), digest_size=HASH_BYTES)
    return base64.b32encode(digest.digest()).decode().rstrip("=").lower()
