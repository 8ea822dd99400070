"""Cohorts: percentages of those who signed up, and nothing where the weeks lie ahead."""

import math
from datetime import date

import pytest

from analytics import frames, measures
from analytics.catalogue import CHARTS
from analytics.span import Span
from tests.analytics.samples import LIGHT

ROWS = [
    (date(2026, 3, 2), 10, 0, 9), (date(2026, 3, 2), 10, 1, 5), (date(2026, 3, 2), 10, 2, 2),
    (date(2026, 3, 9), 30, 0, 30), (date(2026, 3, 9), 30, 1, 6),
    (date(2026, 3, 16), 4, 0, 1),
    (date(2026, 2, 2), 99, 0, 99),
]  # fmt: skip
SPAN = Span(date(2026, 3, 4), date(2026, 3, 20), "week")


def kept(rows=ROWS, span=SPAN):
    return measures.retention(frames.cohorts(rows, span.first, span.last), span)


def test_a_hand_made_example():
    found = kept()
    assert found["size"].to_list() == [10, 30, 4]
    assert found[0].to_list() == [90, 100, 25]
    assert found[1].to_list()[:2] == [50, 20]
    assert math.isnan(found[1].iloc[2])
    assert found[2].iloc[0] == 20
    assert found[2].isna().to_list() == [False, True, True]


def test_a_past_week_without_rows_is_zero_not_empty():
    assert kept(ROWS[:1])[[1, 2]].to_numpy().tolist() == [[0, 0]]


def test_over_all_cohorts_people_count_not_cohorts():
    assert measures.retained(kept(), 1) == pytest.approx(100 * (5 + 6) / (10 + 30))
    assert math.isnan(measures.retained(kept(), 9))


def test_no_cohorts():
    assert kept([]).empty


def test_the_chart_leaves_future_cells_blank():
    frame = CHARTS["retention"].prepare({"cohorts": ROWS}, SPAN)
    assert list(frame) == ["cohort", "size", "week_0", "week_1", "week_2"]
    figure = CHARTS["retention"].draw(frame, SPAN, LIGHT)
    written = {text.get_text() for text in figure.axes[0].texts}
    assert {"90", "50", "20", "100", "25"} <= written
    assert CHARTS["retention"].describe(frame, SPAN) == (
        "44 people signed up in 3 weeks from March 4, 2026 to March 20, 2026. "
        "Of those, asked again: 28 % one week later."
    )
