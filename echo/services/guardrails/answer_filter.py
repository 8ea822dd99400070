"""An answer on its way: what rules hide in it is never let go. Knows no stream and no model.

A match may begin in one piece and end in another, so the last characters wait: as many as the longest match
of these rules has, and one more for the border of a word. Whatever the pieces, what is let go is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from echo.models import GuardAct, GuardPlace
from echo.services.guardrails.judging import Met, Rule, excerpt, masked
from echo.services.guardrails.matching import Text
from echo.services.guardrails.words import Span


@dataclass
class _Looking:
    """A rule, from which place of the text it goes on, and what it has found."""

    rule: Rule
    at: int = 0
    found: list[str] = field(default_factory=list)


class AnswerFilter:
    """Takes text as it is made, gives what may be seen; `before` is what was shown of the answer earlier."""

    def __init__(self, rules: Sequence[Rule], before: str = "") -> None:
        text = Text(before)
        self._looking = [_Looking(rule, rule.matcher.settled(text)) for rule in rules]
        self._text, self._shown = before, len(before)
        self._hidden: list[Span] = []
        self.is_closed = False
        self._forget(text)

    @property
    def met(self) -> list[Met]:
        """The rules that were met, with their words."""
        return [
            Met(each.rule, GuardPlace.ANSWER, excerpt(each.found))
            for each in self._looking
            if each.found
        ]

    def feed(self, piece: str) -> str:
        """Return what may be seen now that a piece has come."""
        if self.is_closed:
            return ""
        self._text += piece
        text = Text(self._text)
        return self._let_go(text, min(each.rule.matcher.settled(text) for each in self._looking))

    def end(self) -> str:
        """Return what may be seen of the rest: nothing follows."""
        return "" if self.is_closed else self._let_go(Text(self._text), len(self._text))

    def _let_go(self, text: Text, place: int) -> str:
        """Decide about every match that begins before a place, and give the text up to it."""
        for (start, end), each in self._found(text, place):
            each.found.append(text.written[start:end])
            if each.rule.act == GuardAct.REFUSE:
                self.is_closed, place = True, start
                break
            self._hidden.append((start, end))
        said = masked(self._text, self._hidden, self._shown, max(place, self._shown))
        self._shown = max(place, self._shown)
        self._forget(text)
        return said

    def _found(self, text: Text, place: int) -> list[tuple[Span, _Looking]]:
        """Return every match that begins before a place and was not found earlier, in their order."""
        found = []
        for each in self._looking:
            for span in each.rule.matcher.spans(text, each.at):
                if span[0] >= place:
                    break
                found.append((span, each))
                each.at = span[1]
            each.at = max(each.at, place)
        return sorted(found, key=lambda one: one[0])

    def _forget(self, text: Text) -> None:
        """Drop what no match can begin in any more, but for the signs at whose side one may begin."""
        kept = min(self._shown, *(each.at for each in self._looking))
        first = text.seen.at(kept) - 2
        cut = text.seen.starts[first] if first > 0 else 0
        self._text = self._text[cut:]
        self._shown -= cut
        self._hidden = [(a - cut, b - cut) for a, b in self._hidden if b > self._shown + cut]
        for each in self._looking:
            each.at -= cut
