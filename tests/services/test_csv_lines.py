"""Lines of CSV: numbers stay numbers, and no spreadsheet runs what somebody typed."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.csv_lines import RUN_BY_SPREADSHEETS, lines


def read(text):
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("first", RUN_BY_SPREADSHEETS)
def test_formulas_are_defused_in_headings_too(first):
    text = f"{first}cmd|' /C calc'!A0"
    assert read(lines([[f"{first}SUM(A1)"], [text]])) == [[f"'{first}SUM(A1)"], [f"'{text}"]]


@given(st.lists(st.text(), min_size=1, max_size=8))
def test_no_cell_begins_a_formula(texts):
    for cell in read(lines([texts]))[0] if any(texts) else ():
        assert not cell.startswith(RUN_BY_SPREADSHEETS)


@given(st.lists(st.text()))
def test_every_text_can_be_sent(texts):
    lines([texts]).encode()


def test_values_keep_their_kind():
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    row = [-3, -1.5, None, True, moment, ["too_long", "other"], {"rows": 2}, "plain, text"]
    assert lines([row]) == (
        '-3,-1.5,,True,2026-03-01T12:00:00.000Z,"too_long, other","{""rows"": 2}","plain, text"\r\n'
    )
