"""The dashboard's cards as they are shown: words, change, sparkline. Knows no rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from analytics import cards
from echo.services.numbers.cards import Card

SPARK_WIDTH: Final = 120.0
SPARK_HEIGHT: Final = 32.0


@dataclass(frozen=True)
class Kind:
    """How one number is named, written and judged."""

    name: str
    note: str
    form: cards.Form = "count"
    rise: cards.Rise = "neutral"


KINDS: Final = {
    "users": Kind("People", "accounts in all", rise="good"),
    "active_1": Kind("Active today", "asked at least once since 0:00 UTC", rise="good"),
    "active_7": Kind("Active in 7 days", "asked at least once", rise="good"),
    "active_30": Kind("Active in 30 days", "asked at least once", rise="good"),
    "signups": Kind("Sign-ups", "new accounts", rise="good"),
    "messages": Kind("Messages", "questions and replies", rise="good"),
    "tokens": Kind("Tokens", "read and written", rise="neutral"),
    "satisfaction": Kind("Satisfaction", "thumbs up of all thumbs", "share", "good"),
    "first_token_p50": Kind("First token, median", "half of the replies began sooner", "ms", "bad"),
    "first_token_p95": Kind("First token, 95th percentile", "19 of 20 began sooner", "ms", "bad"),
    "errors": Kind("Errors", "replies that failed", rise="bad"),
}


@dataclass(frozen=True)
class Shown:
    """One card: `points` is the sparkline as SVG's polyline takes it, "" where there is none."""

    key: str
    name: str
    value: str
    note: str
    change: str
    verdict: cards.Rise
    points: str


def shown(found: list[Card]) -> list[Shown]:
    """Return the cards in words."""
    return [_shown(card, KINDS[card.name]) for card in found]


def named(found: list[Card]) -> list[cards.Card]:
    """Return the cards as the printed report takes them."""
    return [_named(card, KINDS[card.name]) for card in found]


def _named(card: Card, kind: Kind) -> cards.Card:
    return cards.Card(kind.name, card.value, card.before, kind.form, kind.rise, kind.note)


def _shown(card: Card, kind: Kind) -> Shown:
    told = _named(card, kind)
    line = cards.sparkline([value for _day, value in card.series], SPARK_WIDTH, SPARK_HEIGHT, 2)
    points = " ".join(f"{x},{y}" for x, y in line)
    return Shown(card.name, kind.name, told.text, kind.note, told.change_text, told.verdict, points)
