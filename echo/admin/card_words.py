"""A card's numbers in its reader's language, as `analytics/cards.py` says them in prints."""

from __future__ import annotations

from flask_babel import get_translations

from analytics import language
from analytics.cards import Card
from echo.languages import here


def value_of(card: Card) -> str:
    """Return the number of a card, such as "12,480"."""
    with language.spoken(here().code, get_translations()):
        return card.text


def change_of(card: Card) -> str:
    """Return the change of a card, such as "+12 % (from 40)", or that there is none to tell."""
    with language.spoken(here().code, get_translations()):
        return card.change_text
