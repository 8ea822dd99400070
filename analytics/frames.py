"""Rows become typed frames: one line per day of the range, days without rows filled with 0.

It does not know where the rows come from. Days may be dates or ISO texts; rows outside the range
are left out, several rows of one key are added up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

import pandas as pd

from analytics.language import mark

Row = Sequence[Any]
DAY: Final = "datetime64[s]"
HOURS: Final = range(24)
WEEKDAYS: Final = (
    mark("Monday"), mark("Tuesday"), mark("Wednesday"), mark("Thursday"), mark("Friday"),
    mark("Saturday"), mark("Sunday"),
)  # fmt: skip


def days_of(first: date, last: date) -> pd.DatetimeIndex:
    """Return every day from `first` to `last`, both included.

    Raises:
        ValueError: `last` is before `first`.
    """
    if last < first:
        raise ValueError(f"the range ends ({last}) before it begins ({first})")
    return pd.date_range(first, last, freq="D", name="day", unit="s")


def typed(rows: Iterable[Row], columns: Sequence[str], texts: Sequence[str] = ()) -> pd.DataFrame:
    """Return the rows as a frame: `day` and `cohort` as days, `texts` as texts, the rest as int64.

    Raises:
        ValueError: a row has another length, or a value is not what its column holds.
    """
    lines = [tuple(row) for row in rows]
    if any(len(line) != len(columns) for line in lines):
        raise ValueError(f"a row has {len(columns)} values: {', '.join(columns)}")
    found = pd.DataFrame(lines, columns=list(columns), dtype=object)
    try:
        return found.assign(**{name: _column(found[name], name in texts) for name in columns})
    except (TypeError, OverflowError) as error:
        raise ValueError(f"a row holds something else than {', '.join(columns)}") from error


def _column(values: pd.Series[Any], text: bool) -> pd.Series[Any]:
    if text:
        return values.astype(str)
    if values.name in ("day", "cohort"):
        return pd.to_datetime(values).astype(DAY)
    return values.astype("int64")


def _within(found: pd.DataFrame, first: date, last: date) -> pd.DataFrame:
    return found[found["day"].between(pd.Timestamp(first), pd.Timestamp(last))]


def daily(rows: Iterable[Row], names: Sequence[str], first: date, last: date) -> pd.DataFrame:
    """Return a line per day with the sums of `names`, out of rows (day, *names).

    Raises:
        ValueError: `last` is before `first`, or a row is of another kind.
    """
    days = days_of(first, last)
    sums = typed(rows, ("day", *names)).groupby("day")[list(names)].sum()
    return sums.reindex(days, fill_value=0).astype("int64")


def daily_by(rows: Iterable[Row], first: date, last: date) -> pd.DataFrame:
    """Return a line per day and a column per key, the greatest first, out of rows (day, key, count).

    Keys without anything in the range have no column.

    Raises:
        ValueError: `last` is before `first`, or a row is of another kind.
    """
    days = days_of(first, last)
    found = _within(typed(rows, ("day", "key", "count"), texts=("key",)), first, last)
    sums = found.groupby(["day", "key"])["count"].sum().unstack(fill_value=0)
    wide = sums.reindex(days, fill_value=0).astype("int64")
    totals = {str(key): int(total) for key, total in wide.sum().items() if total > 0}
    order = sorted(totals, key=lambda key: (-totals[key], key))
    return wide[order].rename_axis(columns=None)


def buckets(rows: Iterable[Row], measure: str, first: date, last: date) -> pd.DataFrame:
    """Return (day, bucket, count) of one measure out of rows (day, model, measure, bucket, count).

    Raises:
        ValueError: `last` is before `first`, or a row is of another kind.
    """
    days_of(first, last)
    columns = ("day", "model", "measure", "bucket", "count")
    found = typed(
        (row for row in rows if len(row) != 5 or row[2] == measure), columns, ("model", "measure")
    )
    kept = _within(found, first, last)
    return kept.groupby(["day", "bucket"])[["count"]].sum().reset_index()


def weekday_hours(rows: Iterable[Row]) -> pd.DataFrame:
    """Return seven lines (Monday first) of 24 columns out of rows (weekday, hour, count).

    Raises:
        ValueError: a weekday is not 0 to 6, an hour not 0 to 23, or a row is of another kind.
    """
    found = typed(rows, ("weekday", "hour", "count"))
    if not (found["weekday"].between(0, 6) & found["hour"].between(0, 23)).all():
        raise ValueError("weekdays are 0 to 6, hours 0 to 23")
    sums = found.groupby(["weekday", "hour"])["count"].sum().unstack(fill_value=0)
    return sums.reindex(index=range(7), columns=HOURS, fill_value=0).astype("int64")


def cohorts(rows: Iterable[Row], first: date, last: date) -> pd.DataFrame:
    """Return a line per cohort week that touches the range: `size`, and `active` by age in weeks.

    The columns are `size`, then 0, 1, 2 … up to the age of the oldest cohort at `last`. Ages without
    rows are 0; measures.retention tells those that lie ahead from those where nobody came.

    Raises:
        ValueError: `last` is before `first`, or a row is of another kind.
    """
    days_of(first, last)
    found = typed(rows, ("cohort", "size", "age", "active"))
    from_week = pd.Timestamp(first) - pd.Timedelta(days=first.weekday())
    found = found[found["cohort"].between(from_week, pd.Timestamp(last)) & (found["size"] > 0)]
    sizes = found.groupby("cohort")["size"].max()
    oldest = 0 if sizes.empty else (pd.Timestamp(last) - sizes.index[0]).days // 7
    ages = found.groupby(["cohort", "age"])["active"].sum().unstack(fill_value=0)
    ages = ages.reindex(columns=range(oldest + 1), fill_value=0).astype("int64")
    return pd.concat([sizes.rename("size"), ages], axis=1)


def named(rows: Iterable[Row], key: str, names: Sequence[str]) -> pd.DataFrame:
    """Return the sums of `names` for each key, out of rows (key, *names), in the rows' order.

    Raises:
        ValueError: a row is of another kind.
    """
    found = typed(rows, (key, *names), texts=(key,))
    return found.groupby(key, sort=False)[list(names)].sum().astype("int64").reset_index()
