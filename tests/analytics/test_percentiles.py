"""Percentiles out of a logarithmic histogram agree with those of the values themselves."""

import math
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import frames, measures
from analytics.span import Span
from tests.analytics.samples import FIRST, bucket

WANTED = (50, 90, 95)


def found(values, day=FIRST, measure="total_ms"):
    return [(day, "m", measure, bucket(value), 1) for value in values]


def percentiles(rows, span):
    return measures.percentiles(
        frames.buckets(rows, "total_ms", span.first, span.last), span, WANTED
    )


@given(st.lists(st.floats(1, 1e6), min_size=1, max_size=300))
@settings(max_examples=60, deadline=None)
def test_within_two_and_a_half_percent_of_numpy(values):
    line = percentiles(found(values), Span(FIRST, FIRST)).iloc[0]
    assert line["count"] == len(values)
    for percent in WANTED:
        true = np.percentile(values, percent, method="inverted_cdf")
        assert line[f"p{percent}"] == pytest.approx(true, rel=0.025)


def test_smooth_data_agrees_with_the_usual_percentile_too():
    values = np.exp(np.random.default_rng(7).normal(7, 1, 20_000))
    line = percentiles(found(values), Span(FIRST, FIRST)).iloc[0]
    for percent in WANTED:
        assert line[f"p{percent}"] == pytest.approx(np.percentile(values, percent), rel=0.025)


def test_a_step_merges_its_days_instead_of_averaging_them():
    quick, slow = found([10] * 90, date(2026, 3, 2)), found([10_000] * 10, date(2026, 3, 3))
    week = percentiles(quick + slow, Span(date(2026, 3, 2), date(2026, 3, 8), "week"))
    assert len(week) == 1
    assert week["p50"].iloc[0] == pytest.approx(10, rel=0.025)
    assert week["p95"].iloc[0] == pytest.approx(10_000, rel=0.025)


def test_steps_without_replies_are_gaps():
    table = percentiles(found([5]), Span(FIRST, FIRST + timedelta(days=2)))
    assert table["count"].to_list() == [1, 0, 0]
    assert table["p50"].isna().to_list() == [False, True, True]


def test_days_of_the_week_before_the_range_are_left_out():
    rows = [*found([10], date(2026, 3, 2)), *found([90_000] * 9, date(2026, 3, 4))]
    table = percentiles(rows, Span(date(2026, 3, 3), date(2026, 3, 8), "week"))
    assert table["count"].to_list() == [9]
    assert table["p50"].iloc[0] == pytest.approx(90_000, rel=0.025)


def test_other_measures_and_days_are_left_out():
    rows = [*found([5], measure="queue_ms"), *found([5], FIRST - timedelta(days=1))]
    table = percentiles(rows, Span(FIRST, FIRST))
    assert table["count"].to_list() == [0]
    assert math.isnan(table["p95"].iloc[0])
