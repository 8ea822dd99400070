"""Charts about speed and how replies end: percentiles of times, finish reasons, errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pandas as pd
from matplotlib.figure import Figure

from analytics import charts, frames, measures, words
from analytics.catalogue.chart import (
    STEP_NAMES,
    Chart,
    Rows,
    describe_counts,
    describe_nothing,
    disambiguated,
    need,
    series,
    timed,
)
from analytics.catalogue.chart import when as when_of
from analytics.charts import Sheet
from analytics.charts.columns import coloured
from analytics.span import Span
from analytics.style import SERIES, Look

PERCENTILES: Final = (50, 90, 95)
ENDINGS: Final = {
    "complete": "complete", "length": "cut off", "stopped": "stopped",
    "interrupted": "interrupted", "failed": "failed",
}  # fmt: skip
OTHERS: Final = "other codes"
HISTOGRAM: Final = (
    "from a logarithmic histogram over UTC days (steps of 5 %, so within 2.5 %), merged per step."
)


@dataclass(frozen=True)
class _Measure:
    """One measured time of replies."""

    name: str
    title: str
    question: str
    key: str
    what: str


TIMES: Final = (
    _Measure("reply-time", "Time to the whole reply", "How long does a reply take?", "total_ms",
             "the time from the question to the end of its reply"),
    _Measure("first-token", "Time to the first word", "How long is the silence?", "first_token_ms",
             "the time from the question to the first piece of its reply"),
    _Measure("queue-wait", "Wait in the queue", "Do people wait for each other?", "queue_ms",
             "the time a question waits before the model begins with it"),
)  # fmt: skip


def _prepare_times(key: str) -> Callable[[Rows, Span], pd.DataFrame]:
    digits = 1 if key == "tokens_per_second" else 0

    def prepare(rows: Rows, span: Span) -> pd.DataFrame:
        found = frames.buckets(need(rows, "timing"), key, span.first, span.last)
        table = timed(measures.percentiles(found, span, PERCENTILES).round(digits))
        return table[["start", "p50", "p90", "p95", "count"]]

    return prepare


def _draw_times(frame: pd.DataFrame, span: Span, sheet: Sheet) -> Figure:
    low, high = series(frame, "p50"), series(frame, "p95")
    return charts.band(low, high, ("median", "95th percentile"), span.step, sheet)


def _tell_times(frame: pd.DataFrame, span: Span) -> str:
    known = frame[frame["count"] > 0].reset_index(drop=True)
    if known.empty:
        return describe_nothing("Nothing was measured", span)
    last, slow = known.iloc[-1], int(known["p95"].to_numpy().argmax())
    replies = words.counted(int(known["count"].sum()), "reply", "replies")
    now = f"median {words.duration(last['p50'])}, 95th percentile {words.duration(last['p95'])}"
    peak = f"{words.duration(known['p95'].iloc[slow])} {when_of(known, slow, span)}"
    if len(known) == 1:
        return f"{replies} measured {words.stretch(span)}: {now}."
    ends = f"The last {STEP_NAMES[span.step]} with replies: {now}"
    return (
        f"{replies} measured {words.stretch(span)}. {ends}; the highest 95th percentile was {peak}."
    )


def _draw_speed(frame: pd.DataFrame, span: Span, sheet: Sheet) -> Figure:
    each = [("tokens per second, median", series(frame, "p50"), sheet.look.series[0])]
    return charts.lines(each, span.step, sheet, "rate")


def _tell_speed(frame: pd.DataFrame, span: Span) -> str:
    known = frame[frame["count"] > 0].reset_index(drop=True)
    if known.empty:
        return describe_nothing("Nothing was measured", span)
    slow, fast = (int(known["p50"].to_numpy().argmin()), int(known["p50"].to_numpy().argmax()))
    replies = words.counted(int(known["count"].sum()), "reply", "replies")
    if len(known) == 1:
        rate = words.number(known["p50"].iloc[0])
        return f"{rate} tokens per second in the median of {replies} {words.stretch(span)}."
    now = f"The last {STEP_NAMES[span.step]} with replies: {words.number(known['p50'].iloc[-1])}"
    ends = [f"{words.number(known['p50'].iloc[place])} {when_of(known, place, span)}"
            for place in (slow, fast)]  # fmt: skip
    return (
        f"Median tokens per second of {replies} {words.stretch(span)}. {now}; "
        f"the slowest {ends[0]}, the fastest {ends[1]}."
    )


def _endings(rows: Rows, span: Span) -> pd.DataFrame:
    wide = frames.daily_by(need(rows, "endings"), span.first, span.last)
    unknown = {str(ending) for ending in wide} - set(ENDINGS)
    if unknown:
        raise ValueError(f"an ending is {', '.join(ENDINGS)}; not {', '.join(sorted(unknown))}")
    counts = wide.reindex(columns=list(ENDINGS), fill_value=0)
    return timed(measures.sums_per_step(counts.assign(replies=counts.sum(axis=1)), span.step))


def _ending_colours(look: Look) -> dict[str, str]:
    magenta, blue, teal, olive = look.series[:4]
    return dict(zip(ENDINGS, (teal, olive, blue, magenta, look.bad), strict=True))


def _draw_endings(frame: pd.DataFrame, span: Span, sheet: Sheet) -> Figure:
    colours = _ending_colours(sheet.look)
    columns = [(name, series(frame, ending), colours[ending]) for ending, name in ENDINGS.items()]
    return charts.shares(columns, span.step, sheet)


def _tell_endings(frame: pd.DataFrame, span: Span) -> str:
    total = int(frame["replies"].sum())
    if not total:
        return describe_nothing("No reply ended", span)
    sums = {name: int(frame[ending].sum()) for ending, name in ENDINGS.items()}
    parts = [
        f"{words.percent(count / total)} {name} ({count:,})"
        for name, count in sums.items()
        if count
    ]
    return f"{words.counted(total, 'reply', 'replies')} {words.stretch(span)}: {', '.join(parts)}."


def _errors(rows: Rows, span: Span) -> pd.DataFrame:
    wide = disambiguated(
        frames.daily_by(need(rows, "errors"), span.first, span.last), ("start", "errors"), "code"
    )
    wide.insert(0, "errors", wide.sum(axis=1).astype("int64"))
    return timed(measures.sums_per_step(wide, span.step))


def _draw_errors(frame: pd.DataFrame, span: Span, sheet: Sheet) -> Figure:
    wide = frame.set_index("start").drop(columns="errors")
    shown = coloured(measures.merged(wide, SERIES, OTHERS), sheet.look, OTHERS)
    return charts.stacked(shown, span.step, sheet)


def _tell_errors(frame: pd.DataFrame, span: Span) -> str:
    if not frame["errors"].any():
        return describe_nothing("No reply failed", span)
    sums = frame.drop(columns=["start", "errors"]).sum().head(5)
    parts = ", ".join(f"{code} {int(count):,}" for code, count in sums.items())
    return f"{describe_counts(frame, 'errors', span, 'failed reply', 'failed replies')} By code: {parts}."


def _time_chart(each: _Measure) -> Chart:
    return Chart(
        each.name, "Speed", each.title, each.question,
        f"Percentiles of {each.what}: the median and the time that 95 of 100 do not exceed, "
        f"{HISTOGRAM}",
        ("timing",),
        {"start": "From", "p50": "Median (ms)", "p90": "90th percentile (ms)",
         "p95": "95th percentile (ms)", "count": "Replies"},
        "Nothing was measured in this time.",
        _prepare_times(each.key), _draw_times, _tell_times, each.key,
    )  # fmt: skip


CHARTS: Final = (
    *(_time_chart(each) for each in TIMES),
    Chart(
        "speed", "Speed", "Writing speed", "How fast does it write?",
        f"The median of the tokens per second of each reply, {HISTOGRAM}",
        ("timing",),
        {"start": "From", "p50": "Median (tokens/s)", "p90": "90th percentile (tokens/s)",
         "p95": "95th percentile (tokens/s)", "count": "Replies"},
        "Nothing was measured in this time.",
        _prepare_times("tokens_per_second"), _draw_speed, _tell_speed, "tokens_per_second",
    ),
    Chart(
        "endings", "Speed", "How replies end", "Do replies come to their end?",
        "Replies by how they ended, as parts of all replies of the step, by local day.",
        ("endings",),
        {"start": "From", "complete": "Complete", "length": "Cut at the limit",
         "stopped": "Stopped", "interrupted": "Interrupted", "failed": "Failed",
         "replies": "Replies"},
        "No reply ended in this time.",
        _endings, _draw_endings, _tell_endings,
    ),
    Chart(
        "errors", "Speed", "Errors", "What goes wrong?",
        "Failed replies by error code and local day, added up per step; the six most frequent codes "
        "by name, the rest together.",
        ("errors",), {"start": "From", "errors": "Failed replies"},
        "No reply failed in this time.",
        _errors, _draw_errors, _tell_errors,
    ),
)  # fmt: skip
