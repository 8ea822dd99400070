"""A card's numbers in its reader's language; `analytics/cards.py` says the same in English, for prints."""

from __future__ import annotations

import re
from typing import Final

from flask_babel import format_decimal

from analytics import words
from analytics.cards import LARGEST_PERCENT, Card, change
from echo.languages import gettext, ngettext

NUMBER: Final = re.compile(r"\d[\d,]*(?:\.(\d+))?")


def value_of(card: Card) -> str:
    """Return the number of a card, such as "12,480"."""
    return _local(card.text)


def change_of(card: Card) -> str:
    """Return the change of a card, such as "+12 % (from 40)", or that there is none to tell."""
    moved = change(card.value, card.previous)
    if moved.previous is None or moved.value is None:
        return gettext("nothing to compare with")
    before = _local(words.formed(moved.previous, card.form))
    if moved.relative is None:
        return gettext("from %(before)s", before=before)
    if card.form == "share":
        size = _points(moved.value - moved.previous)
    elif moved.relative > LARGEST_PERCENT:
        size = _local(f"×{moved.value / moved.previous:,.0f}")
    else:
        size = _local(words.signed(moved.relative))
    return gettext("%(change)s (from %(before)s)", change=size, before=before)


MANY: Final = 100
"""Takes the form that fractions take, in every language here."""


def _points(difference: float) -> str:
    """Return a change of a share in percentage points: +3 points, −0.5 points, ±0 points."""
    said = words.points(difference).partition(" ")[0]
    size = float(said[1:].replace(",", ""))
    form = int(size) if size.is_integer() else MANY
    return ngettext("%(change)s point", "%(change)s points", form, change=_local(said))


def _local(text: str) -> str:
    """Return English numbers with the reader's signs for thousands and decimals."""

    def said(found: re.Match[str]) -> str:
        decimals = f".{'0' * len(found[1])}" if found[1] else ""
        return str(format_decimal(found[0].replace(",", ""), format=f"#,##0{decimals}"))

    return NUMBER.sub(said, text)
