"""What active rules say to a text. Knows rules as values; stores nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Final

from echo import hub
from echo.child_process import Line
from echo.languages import mark
from echo.limits import GUARD_EXCERPT_CHARS
from echo.models import GuardAct, GuardKind, GuardPlace
from echo.services.guardrails import classifier
from echo.services.guardrails.matching import Matcher, Text, matcher
from echo.services.guardrails.words import Span
from echo.text import is_blank

BLOCK: Final = "█"
LONG: Final = (
    200_000  # characters: such texts take a hundred megabytes, so one has its turn at a time
)
PATIENCE_SECONDS: Final = 60.0
WAITING: Final = mark("Other long texts are being looked at. Please try again.")
_LINE: Final = Line(WAITING)
AT_ONCE: Final = 10_000  # characters times rules: milliseconds


@dataclass(frozen=True)
class Rule:
    """A rule as it is when something is looked at."""

    id: str
    name: str
    place: str
    kind: str
    what: str
    threshold: float | None
    act: str
    reason: str
    folder: str = ""
    """Of the classifier, for a rule that asks one."""

    @property
    def matcher(self) -> Matcher:
        return matcher(self.kind, self.what)


@dataclass(frozen=True)
class Met:
    """A rule that was met, in a question or an answer, and the words that it found there."""

    rule: Rule
    place: GuardPlace
    excerpt: str = ""


@dataclass(frozen=True)
class Verdict:
    """What became of a text: as it may be kept and read, and which rules were met."""

    text: str
    met: tuple[Met, ...] = ()

    @property
    def refusal(self) -> Met | None:
        """The first rule because of which it is not answered."""
        return next((met for met in self.met if met.rule.act == GuardAct.REFUSE), None)


def judge(text: str, rules: Sequence[Rule], place: GuardPlace) -> Verdict:
    """Return what these rules say to a whole text."""
    if not rules:
        return Verdict(text)
    found, shown = _looked_through(text, rules)
    met = []
    for rule in rules:
        if rule.kind == GuardKind.CLASSIFIER:
            met += _classified(text, rule, place)
        elif rule.id in found:
            met.append(Met(rule, place, found[rule.id]))
    return Verdict(shown, tuple(met))


def _looked_through(text: str, rules: Sequence[Rule]) -> tuple[dict[str, str], str]:
    """Return what each rule found, by its id, and the masked text; much of it beside the hub."""
    looking = [rule for rule in rules if rule.kind != GuardKind.CLASSIFIER]
    if len(text) * len(looking) <= AT_ONCE:
        return _found(text, looking)
    with _LINE.turn(PATIENCE_SECONDS) if len(text) > LONG else nullcontext():
        return hub.run_native(_found, text, looking)


def _found(text: str, rules: Sequence[Rule]) -> tuple[dict[str, str], str]:
    read, found, hidden = Text(text), {}, []
    for rule in rules:
        if spans := list(rule.matcher.spans(read)):
            found[rule.id] = excerpt(read.written[a:b] for a, b in spans)
        if rule.act == GuardAct.MASK:
            hidden += spans
    return found, masked(text, hidden)


def _classified(text: str, rule: Rule, place: GuardPlace) -> list[Met]:
    """Return the rule where its classifier is sure enough of its label; raises EngineFailed, Busy."""
    if is_blank(text):
        return []
    score = classifier.of(rule.folder).scores(text).get(rule.what, 0.0)
    is_met = rule.threshold is not None and score >= rule.threshold
    return [Met(rule, place, f"{rule.what}: {score:.0%}")] if is_met else []


def masked(text: str, spans: Iterable[Span], start: int = 0, end: int | None = None) -> str:
    """Return a stretch of a text with blocks, as many as characters, where these places were."""
    end = len(text) if end is None else end
    signs = list(text[start:end])
    for a, b in spans:
        for at in range(max(a, start), min(b, end)):
            signs[at - start] = BLOCK
    return "".join(signs)


def excerpt(found: Iterable[str]) -> str:
    """Return what was found, each once, as much as is kept of it."""
    once = dict.fromkeys(" ".join(each.split()) for each in found)
    return " · ".join(once)[:GUARD_EXCERPT_CHARS]
