"""Pure functions from frames to numbers: sums per step, totals, shares, percentiles, retention.

It does not know charts, nor what is being counted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from analytics import buckets
from analytics.span import Span, Step, fitting_step

__all__ = [
    "Step", "fitting_step", "last_per_step", "mean_per_step", "merged", "per_step", "percentiles",
    "retained", "retention", "running_total", "share", "starts", "sums_per_step", "table",
]  # fmt: skip

OFFSETS: Final = {"day": "D", "week": "W-MON", "month": "MS"}
OTHERS: Final = "others"


def _steps(daily: pd.DataFrame, step: Step) -> Any:
    return daily.resample(OFFSETS[step], closed="left", label="left")


def sums_per_step(daily: pd.DataFrame, step: Step) -> pd.DataFrame:
    """Return the sums of each day, week (from Monday) or month, named by its first day.

    The first and the last sum cover only the days that `daily` has.
    """
    if daily.columns.empty:
        daily = daily.assign(nothing=0)
        return sums_per_step(daily, step).drop(columns="nothing")
    sums: pd.DataFrame = _steps(daily, step).sum().astype("int64").rename_axis("start")
    return sums


def per_step(daily: pd.Series[int], step: Step) -> pd.Series[int]:
    """Return the sum of each day, week (from Monday) or month, named by its first day.

    The first and the last sum cover only the days that `daily` has.
    """
    sums: pd.Series[int] = sums_per_step(daily.to_frame("sum"), step)["sum"]
    return sums.rename(str(daily.name))


def mean_per_step(daily: pd.DataFrame, step: Step) -> pd.DataFrame:
    """Return the mean over the days of each step."""
    means: pd.DataFrame = _steps(daily, step).mean().rename_axis("start")
    return means


def last_per_step(daily: pd.DataFrame, step: Step) -> pd.DataFrame:
    """Return what the last day of each step has."""
    lasts: pd.DataFrame = _steps(daily, step).last().rename_axis("start")
    return lasts


def starts(span: Span) -> pd.DatetimeIndex:
    """Return the first day of every step that the range touches."""
    first = start_of(pd.DatetimeIndex([span.first], dtype="datetime64[s]"), span.step)[0]
    return pd.date_range(first, span.last, freq=OFFSETS[span.step], name="start", unit="s")


def start_of(days: pd.DatetimeIndex, step: Step) -> pd.DatetimeIndex:
    """Return the first day of the step that each day lies in."""
    if step == "week":
        return days - pd.to_timedelta(days.day_of_week, unit="D")
    if step == "month":
        return days - pd.to_timedelta(days.day - 1, unit="D")
    return days


def running_total(counts: pd.Series[int], before: int) -> pd.Series[int]:
    """Return how many there are in all at the end of each step, `before` of them from earlier."""
    return (counts.cumsum() + before).rename("total")


def table(daily: pd.Series[int], step: Step, before: int) -> pd.DataFrame:
    """Return `count` and `total` for each step."""
    counts = per_step(daily, step)
    return pd.DataFrame({"count": counts, "total": running_total(counts, before)})


def share(part: pd.Series[Any], whole: pd.Series[Any]) -> pd.Series[float]:
    """Return part / whole; where there is nothing to share (0/0), NaN."""
    return (part / whole.where(whole > 0)).astype("float64")


def merged(wide: pd.DataFrame, most: int, others: str = OTHERS) -> pd.DataFrame:
    """Return the first `most` columns; when there are more, the rest added up under `others`."""
    if len(wide.columns) <= most:
        return wide
    rest = wide.iloc[:, most:].sum(axis=1)
    return wide.iloc[:, :most].assign(**{others: rest})


def percentiles(found: pd.DataFrame, span: Span, wanted: Sequence[int]) -> pd.DataFrame:
    """Return `count` and p50, p90 … for each step, out of (day, bucket, count).

    The buckets of a step are merged first, so that no percentile is a mean of percentiles. A
    percentile is the smallest value that at least so many of a hundred do not exceed; steps without
    anything have NaN.
    """
    steps = starts(span)
    begun = pd.Series(start_of(pd.DatetimeIndex(found["day"]), span.step), index=found.index)
    counts = found["count"].groupby([begun.rename("start"), found["bucket"]]).sum().unstack()
    counts = counts.reindex(steps).fillna(0)
    totals = counts.sum(axis=1).to_numpy()
    sums = counts.to_numpy().cumsum(axis=1)  # [steps, buckets], buckets ascending
    values = np.array([buckets.value_of(int(bucket)) for bucket in counts.columns])
    result = pd.DataFrame({"count": totals.astype("int64")}, index=steps)
    for percent in wanted:
        result[f"p{percent}"] = _reached(sums, totals * percent / 100, values)
    return result


def _reached(sums: Any, ranks: Any, values: Any) -> Any:
    """Return for each line the first value whose running sum reaches the rank (at least 1)."""
    if not values.size:
        return np.full(len(ranks), math.nan)
    whole = np.maximum(np.ceil(ranks - 1e-9), 1)[:, None]
    hits = sums >= whole
    return np.where(hits.any(axis=1), values[hits.argmax(axis=1)], math.nan)


def retention(cohorts: pd.DataFrame, span: Span) -> pd.DataFrame:
    """Return `size` and, by age in weeks, how many of a hundred came; ages that lie ahead are NaN."""
    ages = [column for column in cohorts if column != "size"]
    shares = cohorts[ages].div(cohorts["size"], axis=0) * 100
    weeks = (pd.Timestamp(span.last) - pd.DatetimeIndex(cohorts.index)).days // 7
    ahead = np.array(ages, dtype=int)[None, :] > np.asarray(weeks)[:, None]
    return pd.concat([cohorts["size"], shares.mask(ahead)], axis=1)


def retained(kept: pd.DataFrame, age: int) -> float:
    """Return how many of a hundred came at this age, over all cohorts that are so old; or NaN."""
    if age not in kept:
        return math.nan
    known = kept[kept[age].notna()]
    people = known["size"].sum()
    return float((known[age] * known["size"]).sum() / people) if people else math.nan
