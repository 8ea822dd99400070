"""Cards: changes against the period before, and the points of a sparkline."""

import math

import pytest

from analytics import cards, words


@pytest.mark.parametrize(
    ("value", "previous", "relative"),
    [(15, 10, 0.5), (5, 10, -0.5), (0, 10, -1), (10, 10, 0), (3, 0, None), (3, None, None),
     (None, 3, None), (math.nan, 3, None), (3, math.nan, None)],
)  # fmt: skip
def test_change(value, previous, relative):
    assert cards.change(value, previous).relative == relative


def test_words_of_a_card():
    card = cards.Card("Satisfaction", 0.74, 0.5, "share", "good")
    assert card.text == "74 %"
    assert card.change_text == "+24 points (from 50 %)"
    assert cards.Card("Satisfaction", 0.49, 0.5, "share").change_text == "−1 point (from 50 %)"
    assert cards.Card("Satisfaction", 0.5, 0.5, "share").change_text == "±0 points (from 50 %)"
    assert cards.Card("Sign-ups", 22, 2).change_text == "+1,000 % (from 2)"
    assert cards.Card("Sign-ups", 62, 2).change_text == "×31 (from 2)"
    assert card.verdict == "good"
    assert cards.Card("Errors", 4, 2, rise="bad").verdict == "bad"
    assert cards.Card("Errors", 1, 2, rise="bad").verdict == "good"
    assert cards.Card("Wait", 1500, 0, "ms").change_text == "from 0 ms"
    assert cards.Card("Stars", None).text == "–"
    assert cards.Card("Stars", None).change_text == "nothing to compare with"


def test_sparkline():
    assert cards.sparkline([0, 10], 100, 20, inset=0) == [(0, 20), (100, 0)]
    assert cards.sparkline([], 100, 20) == []
    assert cards.sparkline([None, math.nan], 100, 20) == []
    assert [x for x, _y in cards.sparkline([1, None, 3], 102, 20)] == [1, 101]
    level = cards.sparkline([7], 100, 20)
    assert len(level) == 2
    assert level[0][1] == level[1][1]
    for x, y in cards.sparkline([-5, 3, 9, 9, 0], 60, 20):
        assert 0 <= x <= 60
        assert 0 <= y <= 20


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "0 ms"), (250.4, "250 ms"), (999.7, "1 s"), (1400, "1.4 s"), (42_000, "42 s"),
     (125_000, "2 min 5 s"), (120_000, "2 min"), (7_260_000, "2 h 1 min"), (None, "–")],
)  # fmt: skip
def test_durations(milliseconds, text):
    assert words.duration(milliseconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.25, "0.25"), (950, "950"), (1200, "1,200"), (12_000, "12 k"), (3.4e6, "3.4 M"),
     (2e9, "2 G")],
)  # fmt: skip
def test_axis_numbers(value, text):
    assert words.short(value) == text


def test_percent_and_signs():
    assert [words.percent(ratio) for ratio in (0.5, 0.0345, 0, math.nan)] == [
        "50 %",
        "3.5 %",
        "0 %",
        "–",
    ]
    assert [words.signed(ratio) for ratio in (0.12, -0.035, 0.00001)] == ["+12 %", "−3.5 %", "±0 %"]
