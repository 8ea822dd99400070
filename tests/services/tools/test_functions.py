"""Calls as models write them: what is right is computed as elsewhere, what is wrong is told in a line."""

from __future__ import annotations

import json
import re
import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.generation.schema import check_schema
from echo.services.tools import said
from echo.services.tools.functions import BY_NAME, FUNCTIONS, SEARCH, WrongCall, compute, read

NOW = datetime(2026, 11, 29, 9, 45, tzinfo=ZoneInfo("Europe/Berlin"))
COMPUTED = [name for name in BY_NAME if name != SEARCH]


def called(name: str, arguments: Any) -> str:
    written = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return said(compute(name, read(name, written, BY_NAME), NOW))


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("calculator", {"expression": "23 * 17"}, "23 × 17 = 391"),
        ("calculator", {"expression": "23x17 ="}, "23 × 17 = 391"),
        ("calculator", {"expression": "2**10"}, "2^10 = 1024"),
        ("calculator", {"expression": "sqrt(2)"}, "√2 ≈ 1.41421356237"),
        ("calculator", {"expression": "15% of 80"}, "15% of 80 = 12"),
        ("calculator", {"expression": "1,234 + 1"}, "1234 + 1 = 1235"),
        ("calculator", {"expression": "1/0"}, "1 ÷ 0: undefined: division by zero"),
        ("calculator", {"expression": 42}, "42 = 42"),
        ("calendar", {}, "the time: 09:45 on Sunday, 29 November 2026 (Europe/Berlin)"),
        ("calendar", {"date": "today"}, "the time: 09:45 on Sunday, 29 November 2026 (Europe/Berlin)"),
        ("calendar", {"date": "", "until": None}, "the time: 09:45 on Sunday, 29 November 2026"),
        ("calendar", {"date": "1969-07-20"}, "the weekday of 20 July 1969: Sunday"),
        ("calendar", {"date": "14 February 2027"}, "the weekday of 14 February 2027: Sunday"),
        ("calendar", {"until": "2026-12-25"}, "the days from 29 November 2026 to 25 December 2026: 26 days"),
        ("calendar", {"date": "Christmas", "until": "today"},
         "the days from 29 November 2026 to 25 December 2026: 26 days"),
        ("calendar", {"add_days": 100},
         "the date 100 days after 29 November 2026: Tuesday, 9 March 2027"),
        ("calendar", {"date": "2026-01-01", "add_days": "-1"},
         "the date 1 day before 1 January 2026: Wednesday, 31 December 2025"),
        ("convert_units", {"amount": 26.2, "from_unit": "miles", "to_unit": "km"},
         "26.2 mi in km = 42.1648128 km"),
        ("convert_units", {"amount": "-40", "from_unit": "°F", "to_unit": "C"}, "-40 °F in °C = -40 °C"),
    ],
)  # fmt: skip
def test_right_calls(name: str, arguments: Any, told: str) -> None:
    assert called(name, arguments).startswith(told)


@pytest.mark.parametrize(
    ("name", "arguments", "why"),
    [
        ("exec", {}, "There is no function of this name. There are: calculator, calendar,"),
        ("calculator", "{", "no JSON"),
        ("calculator", "[" * 400, "no JSON"),
        ("calculator", "[]", "no JSON object"),
        ("calculator", {}, "calculator needs 'expression'"),
        ("calculator", {"expression": " "}, "calculator needs 'expression'"),
        ("calculator", {"expression": ["1"]}, "must be a text or a number"),
        ("calculator", {"expression": True}, "must be a text or a number"),
        ("calculator", {"expression": "1", "code": "1"}, "takes no 'code'"),
        ("calculator", {"expression": "1+" * 150 + "1"}, "too long"),
        ("calculator", {"expression": "x" * 900}, "too long"),
        ("calculator", {"expression": "__import__('os')"}, "no sum"),
        ("calculator", {"expression": "9^9^9^9"}, "too large"),
        ("calculator", '{"expression": NaN}', "no sum"),
        ("calculator", '{"expression": 1e999999999}', "no sum"),
        ("calendar", {"date": "soon"}, "no date"),
        ("calendar", {"date": "2026-02-30"}, "no date"),
        ("calendar", {"date": "3/4/2025"}, "no date"),
        ("calendar", {"until": "x"}, "no date"),
        ("calendar", {"add_days": 1.5}, "whole number"),
        ("calendar", {"add_days": 9_999_999}, "no date"),
        ("calendar", {"date": "9999-12-31", "add_days": 1}, "no date"),
        ("calendar", {"until": "2027-01-01", "add_days": 3}, "two questions"),
        ("convert_units", {"amount": 1, "from_unit": "mile"}, "needs 'to_unit'"),
        ("convert_units", {"amount": 1, "from_unit": "mile", "to_unit": "kg"}, "not of one kind"),
        ("convert_units", {"amount": "1e400", "from_unit": "m", "to_unit": "km"}, "not known"),
        ("convert_units", {"amount": 1, "from_unit": "m in km", "to_unit": "km"}, "not known"),
    ],
)
def test_wrong_calls_are_told_shortly(name: str, arguments: Any, why: str) -> None:
    with pytest.raises(WrongCall, match=re.escape(why)) as caught:
        called(name, arguments)
    assert len(str(caught.value)) < 200


def test_what_is_not_offered_is_not_there() -> None:
    with pytest.raises(WrongCall, match="There are: calculator"):
        read(SEARCH, '{"query": "rent"}', COMPUTED)
    assert read(SEARCH, '{"query": "rent"}', BY_NAME) == {"query": "rent"}


@given(
    st.sampled_from(COMPUTED),
    st.dictionaries(
        st.sampled_from([key for one in FUNCTIONS for key in one.takes]),
        st.one_of(
            st.text(), st.integers(), st.floats(), st.none(), st.text("0123456789.,+-*/^%()! km"),
            st.lists(st.none(), max_size=2), st.dates().map(str),
        ),
        max_size=3,
    ),
)  # fmt: skip
def test_whatever_is_called_ends_soon(name: str, arguments: dict[str, Any]) -> None:
    begun = time.thread_time()
    try:
        told = called(name, arguments)
    except WrongCall as wrong:
        told = str(wrong)
    assert 0 < len(told) < 700
    assert time.thread_time() - begun < 0.5


def test_schemas_are_ones_that_calls_can_be_held_to() -> None:
    for one in FUNCTIONS:
        check_schema(one.schema)
        assert set(one.needs) <= set(one.takes)


def test_what_no_file_can_hold_is_replaced() -> None:
    found = read(SEARCH, '{"query": "a \\ud83d b\\u0000"}', BY_NAME)
    assert found == {"query": "a \ufffd b\ufffd"}
