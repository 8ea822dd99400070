"""Tables as plain values: numbers stay numbers, days are ISO texts, what is absent is None."""

import pandas as pd

from analytics import render


def test_numbers_days_and_gaps():
    frame = pd.DataFrame(
        {"start": pd.to_datetime(["2026-03-01"]), "a": [-1.5], "b": [float("nan")], "c": [7]}
    )
    assert render.cells(frame) == [["2026-03-01", -1.5, None, 7]]


def test_whole_columns_have_no_decimals():
    frame = pd.DataFrame({"a": [42.0, float("nan")], "b": [42.0, 0.5]})
    assert render.cells(frame) == [[42, 42.0], [None, 0.5]]
    assert isinstance(render.cells(frame)[0][0], int)
