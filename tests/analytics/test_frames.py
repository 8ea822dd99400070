"""Rows become one line per day, whatever gaps and doubles they have."""

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import frames
from analytics.span import Span
from tests.analytics import samples

FIRST = date(2026, 3, 1)
RANGES = st.tuples(st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.integers(0, 400))


def test_gaps_are_filled_with_zero():
    daily = samples.daily_counts([(FIRST, 3), (date(2026, 3, 4), 2)], FIRST, date(2026, 3, 5))
    assert daily.to_list() == [3, 0, 0, 2, 0]
    assert daily.dtype == "int64"
    assert daily.index[0] == pd.Timestamp(FIRST)


def test_no_rows_make_zeros():
    assert samples.daily_counts([], FIRST, date(2026, 3, 3)).to_list() == [0, 0, 0]


def test_one_day():
    assert samples.daily_counts([(FIRST, 7)], FIRST, FIRST).to_list() == [7]


def test_rows_outside_are_left_out_and_doubles_added():
    rows = [(FIRST - timedelta(days=1), 9), (FIRST, 1), (FIRST, 2), (date(2027, 1, 1), 9)]
    assert samples.daily_counts(rows, FIRST, FIRST).to_list() == [3]


def test_a_reversed_range_is_refused():
    with pytest.raises(ValueError, match="before it begins"):
        samples.daily_counts([], FIRST, FIRST - timedelta(days=1))


@given(RANGES, st.lists(st.tuples(st.integers(0, 400), st.integers(0, 1000)), max_size=30))
def test_every_day_is_there_once_and_nothing_is_lost(span, found):
    first, length = span
    last = first + timedelta(days=length)
    rows = [(first + timedelta(days=offset % (length + 1)), count) for offset, count in found]
    daily = samples.daily_counts(rows, first, last)
    assert len(daily) == length + 1
    assert daily.index.is_unique
    assert daily.sum() == sum(count for _day, count in rows)


def test_keys_become_columns_the_greatest_first():
    rows = [(FIRST, "b", 1), (FIRST, "a", 1), (FIRST, "c", 5), (FIRST, "none", 0)]
    wide = frames.daily_by([*rows, (FIRST - timedelta(days=1), "early", 9)], FIRST, FIRST)
    assert list(wide) == ["c", "a", "b"]
    assert wide.iloc[0].to_list() == [5, 1, 1]


def test_no_keys_are_no_columns():
    assert frames.daily_by([], FIRST, FIRST).shape == (1, 0)


def test_hours_of_the_week():
    grid = frames.weekday_hours([(0, 0, 1), (6, 23, 2), (6, 23, 3)])
    assert grid.shape == (7, 24)
    assert grid.loc[6, 23] == 5
    with pytest.raises(ValueError, match="hours 0 to 23"):
        frames.weekday_hours([(0, 24, 1)])


@pytest.mark.parametrize(
    "row", [(FIRST,), (FIRST, 1, 2), ("banana", 1), (FIRST, "x"), (FIRST, None)]
)
def test_rows_of_another_kind_are_refused(row):
    with pytest.raises(ValueError):
        frames.daily([row], ("count",), FIRST, FIRST)


def test_every_reader_refuses_a_reversed_range():
    early = FIRST - timedelta(days=1)
    for read in (
        lambda: frames.daily([], ("a",), FIRST, early),
        lambda: frames.daily_by([], FIRST, early),
        lambda: frames.buckets([], "total_ms", FIRST, early),
        lambda: frames.cohorts([], FIRST, early),
        lambda: Span(FIRST, early),
    ):
        with pytest.raises(ValueError, match="before it begins"):
            read()
