"""Lines of CSV: numbers stay numbers, and no spreadsheet runs what somebody typed."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.csv_lines import (
    BREAKS,
    MARK,
    RUN_BY_SPREADSHEETS,
    heading,
    is_run_by_spreadsheets,
    lines,
)


def read(text):
    return list(csv.reader(io.StringIO(text, newline="")))


STARTS = [*RUN_BY_SPREADSHEETS, *BREAKS, *"＝＋－＠﹦﹢﹣﹫⁼⁺"]
UNSEEN = [
    "\u200b", "\ufeff", "\u2060", "\u200d", "\u202e", "\u00ad", " ", "\u00a0", "\u3000", "\x1f", "\u034f",
    "\ufe0f", "\u3164", "\u115f", "\u180e", "\u061c", "\U000e0020", "\u200b \ufeff",
]  # fmt: skip


def test_space_of_no_width_does_not_hide_a_formula():
    assert read(lines([["\u200b=1+1"]])) == [["'\u200b=1+1"]]


@pytest.mark.parametrize("hidden", UNSEEN)
@pytest.mark.parametrize("first", RUN_BY_SPREADSHEETS + "＝＠")
def test_nothing_unseen_hides_a_formula(hidden, first):
    ((cell,),) = read(lines([[f"{hidden}{first}1+1"]]))
    assert cell.startswith("'")


@pytest.mark.parametrize(
    "text", ["x=1", "é=1", "a\u200b=1", "1-2", "(-1)", "", "\u200b", "😀=1", "'=1", "−1"]
)
def test_other_texts_stay_as_they_are(text):
    assert read(lines([[text, "x"]])) == [[text, "x"]]


@pytest.mark.parametrize("separator", [";", "\t", "|", ","])
def test_other_separators_begin_no_cell(separator):
    """A program that parts cells elsewhere still sees one quoted text."""
    text = f"a{separator}=1+1"
    found = list(csv.reader(io.StringIO(lines([[text, 7]]), newline=""), delimiter=separator))
    assert found[0][0] == text or not any(cell.startswith("=") for cell in found[0])


@pytest.mark.parametrize("first", STARTS)
def test_formulas_are_defused_in_headings_too(first):
    text = f"{first}cmd|' /C calc'!A0"
    assert read(lines([[f"{first}SUM(A1)"], [text]])) == [[f"'{first}SUM(A1)"], [f"'{text}"]]


@given(st.lists(st.text(), min_size=1, max_size=8))
def test_no_cell_begins_a_formula(texts):
    for cell in read(lines([texts]))[0] if any(texts) else ():
        assert not is_run_by_spreadsheets(cell)
        assert not cell.lstrip().startswith(tuple(RUN_BY_SPREADSHEETS))


@given(st.lists(st.text()))
def test_every_text_can_be_sent(texts):
    lines([texts]).encode()


def test_values_keep_their_kind():
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    row = [-3, -1.5, None, True, moment, ["too_long", "other"], {"rows": 2}, "plain, text"]
    assert lines([row]) == (
        '-3,-1.5,"",True,"2026-03-01T12:00:00.000Z","too_long, other","{""rows"": 2}","plain, text"\r\n'
    )


def test_a_file_begins_with_the_mark_of_its_encoding():
    sent = heading(["École", "=1+1"]) + lines([["é", 1]])
    assert sent.encode().startswith(b"\xef\xbb\xbf")
    assert read(sent.encode().decode("utf-8-sig")) == [["École", "'=1+1"], ["é", "1"]]


def test_lines_that_follow_have_no_mark():
    assert MARK not in lines([["é"], ["x"]])
