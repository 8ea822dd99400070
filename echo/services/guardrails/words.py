"""Words in a text: all of a list in one walk, at the borders of words. Knows no rules and no rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from echo.services.guardrails.seen import Seen, as_seen

Span = tuple[int, int]

_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
"""Thai, Lao, Burmese, Khmer, Japanese and Chinese put no spaces between words: each place is a border."""
_END: Final = ""


class Words:
    """A list of words or phrases; where several fit at one place, the longest is met."""

    def __init__(self, words: Iterable[str]) -> None:
        self.longest = 0
        self._root: dict[str, Any] = {}
        for word in filter(None, map(as_seen, words)):
            self.longest = max(self.longest, len(word))
            node = self._root
            for char in word:
                node = node.setdefault(char, {})
            node[_END] = {}

    def spans(self, seen: Seen, start: int = 0) -> Iterator[Span]:
        """Yield where they stand in the text as it was written, from a place on."""
        text, at = seen.folded, seen.at(start)
        while at < len(text):
            end = self._end(text, at) if text[at] in self._root and _is_border(text, at) else 0
            if end:
                yield seen.starts[at], seen.ends[end - 1]
            at = end or at + 1

    def _end(self, text: str, at: int) -> int:
        """Return where the longest word ends that stands here; 0 where none does."""
        node, found = self._root, 0
        while True:
            if _END in node and _is_border(text, at):
                found = at
            if at == len(text) or text[at] not in node:
                return found
            node = node[text[at]]
            at += 1


def _is_border(text: str, at: int) -> bool:
    """Tell whether a word may begin or end between this character and the one before it."""
    return at in (0, len(text)) or not (_in_word(text[at - 1]) and _in_word(text[at]))


def _in_word(char: str) -> bool:
    return (char.isalnum() or char == "_") and _UNSPACED.match(char) is None
