"""Sums by day, week and month agree with the days they are made of."""

import math
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import frames, measures
from analytics.span import Span
from tests.analytics import samples

MONDAY = date(2026, 3, 2)


def daily(counts, first=MONDAY):
    rows = [(first + timedelta(days=offset), count) for offset, count in enumerate(counts)]
    return samples.daily_counts(rows, first, first + timedelta(days=len(counts) - 1))


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


def test_nothing_of_nothing_is_a_gap():
    found = measures.share(pd.Series([1, 0, 0]), pd.Series([4, 2, 0]))
    assert found.to_list()[:2] == [0.25, 0]
    assert math.isnan(found.iloc[2])


def test_the_rest_is_added_up():
    wide = pd.DataFrame({"a": [5], "b": [3], "c": [2], "d": [1]})
    assert measures.merged(wide, 2).to_dict("list") == {"a": [5], "b": [3], "others": [3]}
    assert measures.merged(wide, 4) is wide


@given(
    st.dates(date(1990, 1, 1), date(2090, 1, 1)),
    st.integers(0, 900),
    st.sampled_from(["day", "week", "month"]),
)
def test_steps_are_those_that_sums_have(first, length, step):
    span = Span(first, first + timedelta(days=length), step)
    sums = measures.per_step(daily([1] * (length + 1), first), step)
    assert list(measures.starts(span)) == list(sums.index)
    days = frames.days_of(span.first, span.last)
    assert set(measures.start_of(days, step)) == set(sums.index)


@pytest.mark.parametrize("wrong", [{"step": "year"}, {"before": -1}])
def test_a_span_is_checked(wrong):
    with pytest.raises(ValueError):
        Span(MONDAY, MONDAY, **wrong)
