"""Sums by day, week and month agree with the days they are made of."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import frames, measures

MONDAY = date(2026, 3, 2)


def daily(counts, first=MONDAY):
    rows = [(first + timedelta(days=offset), count) for offset, count in enumerate(counts)]
    return frames.daily_counts(rows, first, first + timedelta(days=len(counts) - 1))


@pytest.mark.parametrize(
    ("days", "step"),
    [(1, "day"), (92, "day"), (93, "week"), (732, "week"), (733, "month"), (3660, "month")],
)
def test_fitting_step(days, step):
    assert measures.fitting_step(MONDAY, MONDAY + timedelta(days=days - 1)) == step


def test_weeks_begin_on_monday():
    sums = measures.per_step(daily([1] * 10), "week")
    assert sums.to_list() == [7, 3]
    assert [day.date() for day in sums.index] == [MONDAY, MONDAY + timedelta(days=7)]


def test_a_range_from_wednesday_belongs_to_the_week_before():
    sums = measures.per_step(daily([1] * 7, MONDAY + timedelta(days=2)), "week")
    assert sums.to_list() == [5, 2]


def test_months():
    sums = measures.per_step(daily([1] * 35, date(2026, 1, 31)), "month")
    assert sums.to_list() == [1, 28, 6]


def test_running_total_begins_with_those_from_before():
    assert measures.running_total(daily([2, 0, 3]), 10).to_list() == [12, 12, 15]


def test_table():
    table = measures.table(daily([2, 0, 3]), "day", 10)
    assert table.to_dict("list") == {"count": [2, 0, 3], "total": [12, 12, 15]}


@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=500),
    st.dates(date(2001, 1, 1), date(2030, 1, 1)),
    st.sampled_from(["day", "week", "month"]),
    st.integers(0, 1000),
)
def test_no_step_loses_anybody(counts, first, step, before):
    table = measures.table(daily(counts, first), step, before)
    assert table["count"].sum() == sum(counts)
    assert table["total"].iloc[-1] == before + sum(counts)
