"""Tables as CSV: numbers stay numbers, and no spreadsheet runs what somebody typed."""

import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import render
from analytics.catalogue import CHARTS, Span
from tests.analytics import samples

FORMULA = "=+-@\t\r"


def lines(content):
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


@pytest.mark.parametrize("first", FORMULA)
def test_formulas_are_defused(first):
    frame = pd.DataFrame({"name": [f"{first}cmd|' /C calc'!A0"], f"{first}SUM(A1)": [-3]})
    head, line = lines(render.to_csv(frame, {}))
    assert head[1] == f"'{first}SUM(A1)"
    assert line == [f"'{first}cmd|' /C calc'!A0", "-3"]


def test_numbers_days_and_gaps():
    frame = pd.DataFrame(
        {"start": pd.to_datetime(["2026-03-01"]), "a": [-1.5], "b": [float("nan")], "c": [7]}
    )
    assert lines(render.to_csv(frame, {"a": "A (%)"})) == [
        ["start", "A (%)", "b", "c"],
        ["2026-03-01", "-1.5", "", "7"],
    ]
    assert render.cells(frame) == [["2026-03-01", -1.5, None, 7]]


def test_whole_columns_have_no_decimals():
    frame = pd.DataFrame({"a": [42.0, float("nan")], "b": [42.0, 0.5]})
    assert lines(render.to_csv(frame, {})) == [["a", "b"], ["42", "42.0"], ["", "0.5"]]


@given(st.lists(st.text(), min_size=1, max_size=8))
def test_no_cell_begins_a_formula(names):
    frame = pd.DataFrame({"name": names}, dtype=object)
    for (cell,) in lines(render.to_csv(frame, {}))[1:] if all(names) else ():
        assert not cell.startswith(tuple(FORMULA))


def test_a_user_name_cannot_run():
    rows = {"top_users": [("=HYPERLINK(1)", 3, 2, 1)]}
    span = Span(samples.FIRST, samples.FIRST)
    frame = CHARTS["top-users"].prepare(rows, span)
    content = render.to_csv(frame, CHARTS["top-users"].headings(frame, span))
    assert lines(content) == [
        ["Name", "Questions", "Characters asked", "Tokens used"],
        ["'=HYPERLINK(1)", "3", "2", "1"],
    ]
