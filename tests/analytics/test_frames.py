"""Rows become one line per day, whatever gaps and doubles they have."""

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import frames

FIRST = date(2026, 3, 1)
RANGES = st.tuples(st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.integers(0, 400))


def test_gaps_are_filled_with_zero():
    daily = frames.daily_counts([(FIRST, 3), (date(2026, 3, 4), 2)], FIRST, date(2026, 3, 5))
    assert daily.to_list() == [3, 0, 0, 2, 0]
    assert daily.dtype == "int64"
    assert daily.index[0] == pd.Timestamp(FIRST)


def test_no_rows_make_zeros():
    assert frames.daily_counts([], FIRST, date(2026, 3, 3)).to_list() == [0, 0, 0]


def test_one_day():
    assert frames.daily_counts([(FIRST, 7)], FIRST, FIRST).to_list() == [7]


def test_rows_outside_are_left_out_and_doubles_added():
    rows = [(FIRST - timedelta(days=1), 9), (FIRST, 1), (FIRST, 2), (date(2027, 1, 1), 9)]
    assert frames.daily_counts(rows, FIRST, FIRST).to_list() == [3]


def test_a_reversed_range_is_refused():
    with pytest.raises(ValueError, match="before it begins"):
        frames.daily_counts([], FIRST, FIRST - timedelta(days=1))


@given(RANGES, st.lists(st.tuples(st.integers(0, 400), st.integers(0, 1000)), max_size=30))
def test_every_day_is_there_once_and_nothing_is_lost(span, found):
    first, length = span
    last = first + timedelta(days=length)
    rows = [(first + timedelta(days=offset % (length + 1)), count) for offset, count in found]
    daily = frames.daily_counts(rows, first, last)
    assert len(daily) == length + 1
    assert daily.index.is_unique
    assert daily.sum() == sum(count for _day, count in rows)
