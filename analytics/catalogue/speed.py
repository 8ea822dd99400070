"""Charts about speed and how replies end: percentiles of times, finish reasons, errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pandas as pd
from matplotlib.figure import Figure

from analytics import charts, counted, frames, measures, words
from analytics.catalogue.chart import (
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
from analytics.language import gettext, mark
from analytics.span import Span, Step
from analytics.style import SERIES, Look

PERCENTILES: Final = (50, 90, 95)
ENDINGS: Final = {
    "complete": mark("complete"), "length": mark("cut off"), "stopped": mark("stopped"),
    "interrupted": mark("interrupted"), "failed": mark("failed"),
}  # fmt: skip
OTHERS: Final = mark("other codes")
LAST_TIMES: Final[dict[Step, str]] = {
    "day": mark(
        "The last day with replies: %(now)s; the highest 95th percentile was %(peak)s %(when)s."
    ),
    "week": mark(
        "The last week with replies: %(now)s; the highest 95th percentile was %(peak)s %(when)s."
    ),
    "month": mark(
        "The last month with replies: %(now)s; the highest 95th percentile was %(peak)s %(when)s."
    ),
}
LAST_SPEED: Final[dict[Step, str]] = {
    "day": mark(
        "The last day with replies: %(now)s; the slowest %(slowest)s, the fastest %(fastest)s."
    ),
    "week": mark(
        "The last week with replies: %(now)s; the slowest %(slowest)s, the fastest %(fastest)s."
    ),
    "month": mark(
        "The last month with replies: %(now)s; the slowest %(slowest)s, the fastest %(fastest)s."
    ),
}


@dataclass(frozen=True)
class _Measure:
    """One measured time of replies."""

    name: str
    title: str
    question: str
    key: str
    formula: str


TIMES: Final = (
    _Measure(
        "reply-time", mark("Time to the whole reply"), mark("How long does a reply take?"), "total_ms",
        mark(
            "Percentiles of the time from the question to the end of its reply: the median and the "
            "time that 95 of 100 do not exceed, from a logarithmic histogram over UTC days (steps of "
            "5 %, so within 2.5 %), merged per step."
        ),
    ),
    _Measure(
        "first-token", mark("Time to the first word"), mark("How long is the silence?"),
        "first_token_ms",
        mark(
            "Percentiles of the time from the question to the first piece of its reply: the median "
            "and the time that 95 of 100 do not exceed, from a logarithmic histogram over UTC days "
            "(steps of 5 %, so within 2.5 %), merged per step."
        ),
    ),
    _Measure(
        "queue-wait", mark("Wait in the queue"), mark("Do people wait for each other?"), "queue_ms",
        mark(
            "Percentiles of the time a question waits before the model begins with it: the median and"
            " the time that 95 of 100 do not exceed, from a logarithmic histogram over UTC days "
            "(steps of 5 %, so within 2.5 %), merged per step."
        ),
    ),
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
    return charts.band(low, high, (gettext("median"), gettext("95th percentile")), span.step, sheet)


def _tell_times(frame: pd.DataFrame, span: Span) -> str:
    known = frame[frame["count"] > 0].reset_index(drop=True)
    if known.empty:
        return describe_nothing(mark("Nothing was measured"), span)
    last, slow = known.iloc[-1], int(known["p95"].to_numpy().argmax())
    said = {"replies": counted.replies(int(known["count"].sum())), "range": words.stretch(span)}
    now = gettext(
        "median %(median)s, 95th percentile %(high)s",
        median=words.duration(last["p50"]), high=words.duration(last["p95"]),
    )  # fmt: skip
    if len(known) == 1:
        return gettext("%(replies)s measured %(range)s: %(now)s.", now=now, **said)
    peak, moment = words.duration(known["p95"].iloc[slow]), when_of(known, slow, span)
    ends = gettext(LAST_TIMES[span.step], now=now, peak=peak, when=moment)
    whole = gettext("%(replies)s measured %(range)s.", **said)
    return f"{whole} {ends}"


def _draw_speed(frame: pd.DataFrame, span: Span, sheet: Sheet) -> Figure:
    each = [(gettext("tokens per second, median"), series(frame, "p50"), sheet.look.series[0])]
    return charts.lines(each, span.step, sheet, "rate")


def _tell_speed(frame: pd.DataFrame, span: Span) -> str:
    known = frame[frame["count"] > 0].reset_index(drop=True)
    if known.empty:
        return describe_nothing(mark("Nothing was measured"), span)
    slow, fast = (int(known["p50"].to_numpy().argmin()), int(known["p50"].to_numpy().argmax()))
    said = {"replies": counted.replies(int(known["count"].sum())), "range": words.stretch(span)}
    rates = [words.number(rate) for rate in known["p50"]]
    if len(known) == 1:
        return gettext(
            "%(rate)s tokens per second in the median of %(replies)s %(range)s.",
            rate=rates[0],
            **said,
        )
    slowest, fastest = (f"{rates[place]} {when_of(known, place, span)}" for place in (slow, fast))
    ends = gettext(LAST_SPEED[span.step], now=rates[-1], slowest=slowest, fastest=fastest)
    whole = gettext("Median tokens per second of %(replies)s %(range)s.", **said)
    return f"{whole} {ends}"


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
    columns = [
        (gettext(name), series(frame, ending), colours[ending]) for ending, name in ENDINGS.items()
    ]
    return charts.shares(columns, span.step, sheet)


def _tell_endings(frame: pd.DataFrame, span: Span) -> str:
    total = int(frame["replies"].sum())
    if not total:
        return describe_nothing(mark("No reply ended"), span)
    sums = {name: int(frame[ending].sum()) for ending, name in ENDINGS.items()}
    parts = [
        f"{words.percent(count / total)} {gettext(name)} ({words.number(count)})"
        for name, count in sums.items()
        if count
    ]
    return gettext(
        "%(counted)s %(range)s: %(parts)s.",
        counted=counted.replies(total), range=words.stretch(span), parts=words.listed(parts),
    )  # fmt: skip


def _errors(rows: Rows, span: Span) -> pd.DataFrame:
    wide = disambiguated(
        frames.daily_by(need(rows, "errors"), span.first, span.last), ("start", "errors"), "code"
    )
    wide.insert(0, "errors", wide.sum(axis=1).astype("int64"))
    return timed(measures.sums_per_step(wide, span.step))


def _draw_errors(frame: pd.DataFrame, span: Span, sheet: Sheet) -> Figure:
    wide = frame.set_index("start").drop(columns="errors")
    others = gettext(OTHERS)
    shown = coloured(measures.merged(wide, SERIES, others), sheet.look, others)
    return charts.stacked(shown, span.step, sheet)


def _tell_errors(frame: pd.DataFrame, span: Span) -> str:
    if not frame["errors"].any():
        return describe_nothing(mark("No reply failed"), span)
    sums = frame.drop(columns=["start", "errors"]).sum().head(5)
    parts = words.listed(f"{code} {words.number(int(count))}" for code, count in sums.items())
    whole = describe_counts(frame, "errors", span, counted.failed_replies)
    codes = gettext("By code: %(parts)s.", parts=parts)
    return f"{whole} {codes}"


def _time_chart(each: _Measure) -> Chart:
    return Chart(
        each.name, "Speed", each.title, each.question,
        each.formula,
        ("timing",),
        {"start": "From", "p50": mark("Median (ms)"), "p90": mark("90th percentile (ms)"),
         "p95": mark("95th percentile (ms)"), "count": mark("Replies")},
        mark("Nothing was measured in this time."),
        _prepare_times(each.key), _draw_times, _tell_times, each.key,
    )  # fmt: skip


CHARTS: Final = (
    *(_time_chart(each) for each in TIMES),
    Chart(
        "speed", "Speed", mark("Writing speed"), mark("How fast does it write?"),
        mark(
            "The median of the tokens per second of each reply, from a logarithmic histogram over UTC"
            " days (steps of 5 %, so within 2.5 %), merged per step."
        ),
        ("timing",),
        {"start": "From", "p50": mark("Median (tokens/s)"), "p90": mark("90th percentile (tokens/s)"),
         "p95": mark("95th percentile (tokens/s)"), "count": mark("Replies")},
        mark("Nothing was measured in this time."),
        _prepare_times("tokens_per_second"), _draw_speed, _tell_speed, "tokens_per_second",
    ),
    Chart(
        "endings", "Speed", mark("How replies end"), mark("Do replies come to their end?"),
        mark("Replies by how they ended, as parts of all replies of the step, by local day."),
        ("endings",),
        {"start": "From", "complete": mark("Complete"), "length": mark("Cut at the limit"),
         "stopped": mark("Stopped"), "interrupted": mark("Interrupted"), "failed": mark("Failed"),
         "replies": mark("Replies")},
        mark("No reply ended in this time."),
        _endings, _draw_endings, _tell_endings,
    ),
    Chart(
        "errors", "Speed", mark("Errors"), mark("What goes wrong?"),
        mark("Failed replies by error code and local day, added up per step; the six most frequent codes "
        "by name, the rest together."),
        ("errors",), {"start": "From", "errors": mark("Failed replies")},
        mark("No reply failed in this time."),
        _errors, _draw_errors, _tell_errors,
    ),
)  # fmt: skip
