"""Cards on pages say in English what prints say, and elsewhere the same with the reader's signs."""

from __future__ import annotations

import math

import pytest
from flask import Flask

from analytics.cards import Card
from echo.admin import card_words
from echo.languages import spoken

CARDS = (
    Card("Users", 12480, 40), Card("Users", 45, 40), Card("Users", 40, 41), Card("Users", None, 3),
    Card("Users", 3, 0), Card("Users", 3, None), Card("Users", math.nan, 3), Card("Users", 0, 3),
    Card("Share", 0.816, 0.8, "share"), Card("Share", 0.5, 0.26, "share"),
    Card("Share", 0.81, 0.8, "share"), Card("Share", 0.5, 0.5, "share"), Card("Share", 0.045, 0.9, "share"),
    Card("Wait", 1400, 250, "ms"), Card("Wait", 125_000, 2000, "ms"), Card("Wait", 7_300_000, 12, "ms"),
)  # fmt: skip


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("card", CARDS)
def test_english_is_what_prints_say(card: Card) -> None:
    assert card_words.value_of(card) == card.text
    assert card_words.change_of(card) == card.change_text


def test_numbers_have_the_readers_signs(app: Flask) -> None:
    with app.test_request_context(), spoken("de"):
        assert card_words.value_of(Card("Users", 12480)) == "12.480"
        assert card_words.value_of(Card("Wait", 1400, form="ms")) == "1,4 s"
        assert "+4,5 %" in card_words.change_of(Card("Users", 418, 400))
