"""Pure functions from frames to numbers: sums per day, week or month, and running totals.

It does not know charts, nor what is being counted.
"""

from __future__ import annotations

from datetime import date
from typing import Final, Literal

import pandas as pd

Step = Literal["day", "week", "month"]

DAYS_SHOWN_SINGLY: Final = 92
DAYS_SHOWN_BY_WEEK: Final = 2 * 366
OFFSETS: Final = {"day": "D", "week": "W-MON", "month": "MS"}


def fitting_step(first: date, last: date) -> Step:
    """Return the step that gives a chart of the range neither too many bars nor too few."""
    days = (last - first).days + 1
    if days <= DAYS_SHOWN_SINGLY:
        return "day"
    return "week" if days <= DAYS_SHOWN_BY_WEEK else "month"


def per_step(daily: pd.Series[int], step: Step) -> pd.Series[int]:
    """Return the sum of each day, week (from Monday) or month, named by its first day.

    The first and the last sum cover only the days that `daily` has.
    """
    sums = daily.resample(OFFSETS[step], closed="left", label="left").sum()
    return sums.astype("int64").rename_axis("start")


def running_total(counts: pd.Series[int], before: int) -> pd.Series[int]:
    """Return how many there are in all at the end of each step, `before` of them from earlier."""
    return (counts.cumsum() + before).rename("total")


def table(daily: pd.Series[int], step: Step, before: int) -> pd.DataFrame:
    """Return `count` and `total` for each step."""
    counts = per_step(daily, step)
    return pd.DataFrame({"count": counts, "total": running_total(counts, before)})
