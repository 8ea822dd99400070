"""Slips of the keyboard become the words of the help table; English words, names and code stay."""

from __future__ import annotations

import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.services.help import spelling, words

LONG_ENOUGH = sorted(word for word in spelling.known() if word.isalpha() and len(word) > 8)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("chagne my pasword", "change my password"),  # swapped; left out
        ("delette", "delete"),  # doubled
        ("serach my histroy", "search my history"),
        ("hlep", "help"),  # swapped at the beginning, and short
        ("speach", "speech"),  # a vowel for another
        ("notificstions", "notifications"),  # a letter beside the right one
    ],
)
def test_a_slip_becomes_the_word_that_was_meant(typed: str, meant: str) -> None:
    assert spelling.mended(typed) == meant


@pytest.mark.parametrize(
    "text",
    [
        "a massage for my back",  # not "message"
        "the price of a planet",
        "i lost the last one",
        "she is learnt and sick",
        "passwords and folders",  # forms of what is known
        "mail me@exampel.com",
        "open /usr/shrae/fonts and exprot_all",
        "utf-8 pyhton3",
        "ваш пароль",
        "",
    ],
)
def test_what_is_no_slip_is_left_as_it_is(text: str) -> None:
    assert spelling.mended(text) == text


def test_each_word_that_is_kept_from_mending_would_be_mended() -> None:
    """What is no longer near any word of the table goes from the list."""
    needless = [word for word in spelling.NO_SLIPS if not any(spelling._near(word))]
    assert needless == []


@given(st.sampled_from(LONG_ENOUGH), st.integers(min_value=1, max_value=6))
def test_two_swapped_letters_in_any_long_word_lead_back_to_a_known_one(word: str, at: int) -> None:
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    assert spelling.mended(swapped) in {word, *spelling.known(), *spelling.NO_SLIPS, swapped}
    if swapped not in spelling.NO_SLIPS and words.folded(swapped) != words.folded(word):
        assert spelling.mended(swapped) in spelling.known()


@given(st.text(max_size=2_000))
def test_mending_twice_is_mending_once(text: str) -> None:
    once = spelling.mended(words.plain(text))
    assert spelling.mended(once) == once


def test_words_that_nobody_knows_take_little_time() -> None:
    """One letter a hundred thousand times, as the address of the help page takes it, and many long ones."""
    spelling._mended.cache_clear()
    start = time.process_time()
    spelling.mended("a" * 100_000)
    spelling.mended(" ".join(letter * spelling.MOST for letter in string.ascii_lowercase))
    assert time.process_time() - start < 0.1


def test_no_word_of_the_table_is_too_long_to_be_mended() -> None:
    assert max(map(len, spelling.known())) < spelling.MOST
