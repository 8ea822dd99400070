"""From what people write to the words that the help table is searched by. Knows no entries.

The lists stand in `words.toml`; the rest is cut to stems by the Snowball algorithm (M. F. Porter, 2001).
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import snowballstemmer

from echo.text import composed

LISTS: Final[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("words.toml").read_text())
WORD: Final = re.compile(r"[a-z0-9]+(?:[+#]+(?![a-z0-9]))?")
CODE: Final = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
QUOTED: Final = re.compile(r"“[^”]*”|\"[^\"]*\"|«[^»]*»|(?<![a-z])'[^'\n]{3,}'(?![a-z])")
SENTENCE_END: Final = re.compile(r"[.!?;:…]+(?=\s|$)|\n+|, (?=\S)")
_STEMMER: Final = snowballstemmer.stemmer("english")


def _alternatives() -> re.Pattern[str]:
    parts = (f"(?P<{name}>{pattern})" for name, pattern in LISTS["joined"].items())
    return re.compile(r"\b(?:" + "|".join(parts) + r")(?![a-z0-9])")


def _listed(words: str) -> frozenset[str]:
    """Return the words of a list; "again-not" is a note that "again" is left out on purpose."""
    return frozenset(word for word in words.split() if not word.endswith("-not"))


def listed(name: str) -> frozenset[str]:
    """Return the words of a list by its name."""
    return _listed(LISTS[name]["words"])


def every_listed() -> frozenset[str]:
    """Return every word that stands in a list of words that Echo's help is asked with."""
    same = (word for name, words in LISTS["same"].items() for word in (*_listed(words), name))
    return frozenset(LISTS["joined"]).union(same, SMALL, GENERAL, INTERFACE, ELSEWHERE, LIGHT_ONES)


def _same() -> dict[str, str]:
    """Return the folded word for each listed one, and for the stem of each."""
    lists = {name: (*_listed(words), name) for name, words in LISTS["same"].items()}
    by_stem = {
        str(_STEMMER.stemWord(word)): name for name, words in lists.items() for word in words
    }
    return by_stem | {word: name for name, words in lists.items() for word in words}


def _by_word(lists: str) -> dict[str, str]:
    """Return the name of its list for each listed word."""
    return {word: name for name, words in LISTS[lists].items() for word in _listed(words)}


JOINED: Final = _alternatives()
SAME: Final = _same()
MINOR: Final = listed("minor")
VOID: Final = listed("void")
MINOR_SAME: Final = _by_word("minor_same")
AUXILIARY: Final = _by_word("auxiliary") | {name: name for name in LISTS["auxiliary"]}
SMALL: Final = MINOR | VOID
GENERAL: Final = listed("general")
INTERFACE: Final = listed("interface")
ELSEWHERE: Final = listed("elsewhere")
LIGHT_ONES: Final = listed("light")
SHORTENED: Final = [(re.compile(short), whole) for short, whole in LISTS["shortened"].items()]
NAMED: Final = re.compile(LISTS["home"]["named"])
HOME: Final = re.compile(f"{LISTS['home']['named']}|{LISTS['home']['parts']}")
SPOKEN: Final = re.compile(f"{HOME.pattern}|{LISTS['home']['spoken']}")
TASK: Final = re.compile(
    rf"^(?:(?:{LISTS['task']['before']}) )*(?:{'|'.join(LISTS['task']['openings'])})\b"
)


def plain(text: str) -> str:
    """Return the text in lower case, with plain quotes and without code."""
    text = composed(CODE.sub(" ", text), "NFKC").casefold()
    text = text.replace("’", "'").replace("‘", "'")
    for short, whole in SHORTENED:
        text = short.sub(whole, text)
    return text


def unquoted(text: str) -> str:
    """Return plain text without what is quoted: that is spoken about, not asked."""
    return QUOTED.sub(" ", text)


def sentences(text: str) -> list[str]:
    """Cut plain text where a thought ends."""
    return [part for part in (cut.strip(" ,-") for cut in SENTENCE_END.split(text)) if part]


@dataclass(frozen=True)
class Said:
    """What a sentence says: its words folded, each once, and the small words around them."""

    major: frozenset[str]
    minor: frozenset[str]
    auxiliary: frozenset[str]
    """They tell apart what is said by small words alone."""


def said(sentence: str) -> Said:
    """Take a plain sentence apart."""
    joined = JOINED.sub(lambda found: f" {found.lastgroup} ", sentence.replace("'s ", " "))
    words = set(WORD.findall(joined.replace("'", "")))
    return Said(
        frozenset(folded(word) for word in words if word not in SMALL),
        frozenset(MINOR_SAME.get(word, word) for word in words if word in MINOR),
        frozenset(AUXILIARY[word] for word in words if word in AUXILIARY),
    )


@lru_cache(maxsize=8192)
def folded(word: str) -> str:
    """Return what a word counts as: the name of its list, or its stem."""
    if word in SAME:
        return SAME[word]
    if word in LISTS["joined"] or word in ELSEWHERE:
        return word
    stem = str(_STEMMER.stemWord(word))
    return word if stem in ELSEWHERE else SAME.get(stem, stem)  # "excellent" is no Excel


LIGHT: Final = frozenset(map(folded, LIGHT_ONES))
EVERYDAY: Final = frozenset(map(folded, listed("everyday")))
WEAK: Final = LIGHT | GENERAL | EVERYDAY


def is_weak(word: str) -> bool:
    """Whether anybody says this folded word of anything."""
    return word in WEAK or word.isdigit()
