"""Rows become typed frames: one line per UTC day, days without rows filled with 0.

It does not know where the rows come from.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pandas as pd


def daily_counts(rows: Iterable[tuple[date, int]], first: date, last: date) -> pd.Series[int]:
    """Return one whole number per day from `first` to `last`, both included.

    Rows outside the range are left out; several rows of one day are added up.

    Raises:
        ValueError: `last` is before `first`.
    """
    if last < first:
        raise ValueError(f"the range ends ({last}) before it begins ({first})")
    days = pd.date_range(first, last, freq="D", name="day")
    found = pd.DataFrame(rows, columns=["day", "count"]).astype({"count": "int64"})
    found["day"] = pd.to_datetime(found["day"])
    counts = found.groupby("day")["count"].sum()
    return counts.reindex(days, fill_value=0).astype("int64").rename("count")
