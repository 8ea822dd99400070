"""Passages: nothing is lost between them, they end where thoughts end, and terms are folded words."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.parsing import passages
from echo.parsing.pages import Page
from echo.parsing.passages import CHARS, OVERLAP, cut
from echo.parsing.terms import hashed, terms


@given(st.lists(st.text(alphabet="ab .\n#é漢", max_size=2_500), max_size=3))
def test_every_character_stands_in_a_passage_at_its_place(texts: list[str]) -> None:
    tidy = [passages.tidy(text) for text in texts]
    whole = "\n".join(tidy)
    seen = [False] * len(whole)
    for number, passage in enumerate(cut(Page(n, text) for n, text in enumerate(texts))):
        assert passage.position == number
        assert whole[passage.start : passage.end] == passage.text
        assert len(passage.text) <= CHARS
        for at in range(passage.start, passage.end):
            seen[at] = True
    assert all(is_seen or whole[at].isspace() for at, is_seen in enumerate(seen))


def test_paragraphs_stay_whole_where_they_fit() -> None:
    paragraph = "A sentence of some length stands here. " * 10
    found = list(cut([Page(None, f"{paragraph}\n\n{paragraph}\n\n{paragraph}")]))
    assert [passage.text.strip() for passage in found] == [paragraph.strip()] * 3


def test_a_long_paragraph_is_cut_at_sentences_that_overlap() -> None:
    text = " ".join(f"This is the sentence with the number {number}." for number in range(60))
    found = list(cut([Page(None, text)]))
    assert all(passage.text.strip().endswith(".") for passage in found)
    for before, after in pairwise(found):
        assert 0 < before.end - after.start <= OVERLAP


def test_a_passage_knows_the_heading_above_it() -> None:
    text = "# Birds\n\n" + "They fly. " * 80 + "\n\n## Fish\n\nThey swim."
    found = list(cut([Page(None, text)]))
    assert [passage.heading for passage in found] == ["Birds", "Birds", "Fish"]
    assert not any(passage.heading for passage in cut([Page(None, text, has_headings=False)]))


def test_an_endless_word_is_cut_all_the_same() -> None:
    found = list(cut([Page(None, "x" * 10_000)]))
    assert sum(len(passage.text) for passage in found) >= 10_000
    assert len(found) < 40


def test_terms_are_folded_words_without_the_smallest() -> None:
    assert list(terms("The RUNNING Dogs’ naïve STRASSE, Straße")) == [
        "run", "dog", "naïv", "strass", "strass",
    ]  # fmt: skip
    assert list(terms("東京都 here")) == ["東京", "京都"]
    assert list(terms("x" * 100)) == ["x" * 40]


@pytest.mark.parametrize("word", ["हिन्दी", "தமிழ்", "مُحَمَّدٌ", "résumé".replace("é", "e\u0301")])
def test_signs_that_are_no_letters_cut_no_word(word: str) -> None:
    assert len(list(terms(word))) == 1


def test_the_same_word_of_two_people_is_two_terms() -> None:
    assert hashed("walrus", "1") != hashed("walrus", "2")
    assert hashed("walrus", "1") == hashed("walrus", "1")
    assert hashed("walrus", "1").isalnum()
    assert len(hashed("walrus", "1")) == 10
