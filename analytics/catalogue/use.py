"""Charts about use: when people ask, how much, of which models, how long they talk."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
from matplotlib.figure import Figure

from analytics import charts, frames, measures, words
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
from analytics.charts import Sheet
from analytics.charts.columns import coloured
from analytics.charts.grids import Labels
from analytics.span import Span
from analytics.style import SERIES

HOURS: Final = {f"h{hour:02}": f"{hour:02}:00 (questions)" for hour in frames.HOURS}
SHORT_DAYS: Final = tuple(name[:3] for name in frames.WEEKDAYS)
TOKENS: Final = {"prompt": "Tokens read", "completion": "Tokens written"}
OTHERS: Final = "other models"
USAGE: Final = ("replies", "prompt", "completion")
LENGTHS: Final = (0, 1, 2, 4, 8, 16, 32, 64, 128)  # where each bin of conversation lengths ends


def _hours(rows: Rows, _span: Span) -> pd.DataFrame:
    grid = frames.weekday_hours(need(rows, "hours")).set_axis(list(HOURS), axis=1)
    grid.insert(0, "weekday", list(frames.WEEKDAYS))
    return grid


def _draw_hours(frame: pd.DataFrame, _span: Span, sheet: Sheet) -> Figure:
    grid = frame[list(HOURS)].set_axis([f"{hour}" for hour in frames.HOURS], axis=1)
    every = 2 if sheet.size == "wide" else 4
    labels = Labels("hour of the day", "", every_column=every)
    return charts.heat(grid.set_axis(pd.Index(SHORT_DAYS), axis=0), labels, sheet)


def _tell_hours(frame: pd.DataFrame, span: Span) -> str:
    counts = frame.set_index("weekday")[list(HOURS)]
    total = int(counts.to_numpy().sum())
    if not total:
        return describe_nothing("Nobody asked anything", span)
    place: Any = counts.stack().idxmax()
    weekday, hour = place[0], int(place[1][1:])
    peak = f"{int(counts.loc[weekday, place[1]]):,} on {weekday}s from {hour}:00 to {hour + 1}:00"
    return f"{words.counted(total, 'question')} {words.stretch(span)}; the most were {peak}."


def _usage(rows: Rows, span: Span) -> pd.DataFrame:
    """Return replies and tokens of all models per day."""
    totals = [(line[0], *line[2:]) for line in need(rows, "usage")]
    return frames.daily(totals, USAGE, span.first, span.last)


def _talk(rows: Rows, span: Span) -> pd.DataFrame:
    daily = frames.daily(need(rows, "questions"), ("questions",), span.first, span.last)
    daily = daily.assign(replies=_usage(rows, span)["replies"])
    return timed(measures.sums_per_step(daily, span.step))


def _draw_talk(frame: pd.DataFrame, span: Span, sheet: Sheet) -> Figure:
    colours = sheet.look.series
    each = [("questions", series(frame, "questions"), colours[0]),
            ("replies", series(frame, "replies"), colours[1])]  # fmt: skip
    return charts.lines(each, span.step, sheet)


def _tell_talk(frame: pd.DataFrame, span: Span) -> str:
    if not frame[["questions", "replies"]].any(axis=None):
        return describe_nothing("Nobody asked anything", span)
    replies = words.counted(int(frame["replies"].sum()), "reply", "replies")
    return f"{describe_counts(frame, 'questions', span, 'question')} The model gave {replies}."


def _tokens(rows: Rows, span: Span) -> pd.DataFrame:
    sums = measures.sums_per_step(_usage(rows, span)[list(TOKENS)], span.step)
    return timed(sums)


def _draw_tokens(frame: pd.DataFrame, span: Span, sheet: Sheet) -> Figure:
    colours = sheet.look.series
    columns = [(name.lower(), series(frame, column), colours[place])
               for place, (column, name) in enumerate(TOKENS.items())]  # fmt: skip
    return charts.stacked(columns, span.step, sheet)


def _tell_tokens(frame: pd.DataFrame, span: Span) -> str:
    total = frame.assign(tokens=frame[list(TOKENS)].sum(axis=1))
    if not total["tokens"].any():
        return describe_nothing("No token was used", span)
    read, written = (words.number(int(frame[column].sum())) for column in TOKENS)
    return f"{describe_counts(total, 'tokens', span, 'token')} {read} were read, {written} were written."


def _models(rows: Rows, span: Span) -> pd.DataFrame:
    replies = [line[:3] for line in need(rows, "usage")]
    wide = disambiguated(
        frames.daily_by(replies, span.first, span.last), ("start", "replies"), "model"
    )
    wide.insert(0, "replies", wide.sum(axis=1).astype("int64"))
    return timed(measures.sums_per_step(wide, span.step))


def _draw_models(frame: pd.DataFrame, span: Span, sheet: Sheet) -> Figure:
    wide = frame.set_index("start").drop(columns="replies")
    shown = measures.merged(wide, SERIES, OTHERS)
    return charts.stacked(coloured(shown, sheet.look, OTHERS), span.step, sheet)


def _tell_models(frame: pd.DataFrame, span: Span) -> str:
    total = int(frame["replies"].sum())
    if not total:
        return describe_nothing("No model replied", span)
    sums = frame.drop(columns=["start", "replies"]).sum()
    parts = [f"{name} {words.percent(count / total)}" for name, count in sums.head(3).items()]
    rest = f" and {words.counted(len(sums) - 3, 'other model')}" if len(sums) > 3 else ""
    replies = describe_counts(frame, "replies", span, "reply", "replies")
    return f"{replies} By model: {', '.join(parts)}{rest}."


def _lengths(rows: Rows, _span: Span) -> pd.DataFrame:
    found = frames.typed(need(rows, "lengths"), ("messages", "conversations"))
    places = pd.cut(found["messages"], [-1, *LENGTHS, float("inf")], labels=False)
    bins = range(len(LENGTHS) + 1)
    counts = found["conversations"].groupby(places).sum().reindex(bins, fill_value=0)
    used = [place for place in bins if counts[place]]
    kept = counts.iloc[(0 if counts[0] else 1) : (used[-1] + 1 if used else 1)].astype("int64")
    parts = measures.share(kept, pd.Series(kept.sum(), index=kept.index)) * 100
    names = [_bin_name(int(place)) for place in kept.index]
    table = {"messages": names, "conversations": kept.to_list(), "share": parts.round(1).to_list()}
    return pd.DataFrame(table).astype({"messages": str, "conversations": "int64", "share": float})


def _bin_name(place: int) -> str:
    if place == len(LENGTHS):
        return f"over {LENGTHS[-1]}"
    low = LENGTHS[place - 1] + 1 if place else 0
    return f"{low}" if low == LENGTHS[place] else f"{low}–{LENGTHS[place]}"


def _draw_lengths(frame: pd.DataFrame, _span: Span, sheet: Sheet) -> Figure:
    bins, counts = frame["messages"].to_list(), frame["conversations"].to_list()
    return charts.histogram(bins, counts, "messages in a conversation", sheet)


def _tell_lengths(frame: pd.DataFrame, span: Span) -> str:
    if frame.empty:
        return describe_nothing("No conversation was begun", span)
    most = frame.iloc[int(frame["conversations"].to_numpy().argmax())]
    total = words.counted(int(frame["conversations"].sum()), "conversation")
    common = f"{most['messages']} message{'' if most['messages'] == '1' else 's'}"
    part = words.percent(float(most["share"]) / 100)
    return f"{total} begun {words.stretch(span)}; the most common length is {common} ({part})."


CHARTS: Final = (
    Chart(
        "hours", "Use", "Hours of the week", "When do people ask?",
        "Questions by their local weekday and hour, added up over the range.",
        ("hours",), {"weekday": "Weekday", **HOURS},
        "Nobody asked anything in this time.",
        _hours, _draw_hours, _tell_hours, parts="cells", cells=tuple(HOURS),
    ),
    Chart(
        "questions-and-replies", "Use", "Questions and replies", "How much is talked?",
        "Questions asked and replies given by local day, added up per step; a question asked again "
        "has several replies.",
        ("questions", "usage"),
        {"start": "From", "questions": "Questions", "replies": "Replies"},
        "Nobody asked anything in this time.",
        _talk, _draw_talk, _tell_talk,
    ),
    Chart(
        "tokens", "Use", "Tokens", "How much work is it?",
        "Tokens of the prompts that were read (the conversation so far with each question) and of "
        "the replies that were written, by local day, added up per step.",
        ("usage",), {"start": "From", **TOKENS},
        "No token was used in this time.",
        _tokens, _draw_tokens, _tell_tokens,
    ),
    Chart(
        "models", "Use", "Models", "Who answers?",
        "Replies by model and local day, added up per step; the six models with the most replies by "
        "name, the rest together.",
        ("usage",), {"start": "From", "replies": "Replies"},
        "No model replied in this time.",
        _models, _draw_models, _tell_models,
    ),
    Chart(
        "conversation-lengths", "Use", "Lengths of conversations", "How long do people talk?",
        "Conversations begun in the range by their number of messages so far, questions and replies "
        "both counted.",
        ("lengths",),
        {"messages": "Messages", "conversations": "Conversations", "share": "Share (%)"},
        "No conversation was begun in this time.",
        _lengths, _draw_lengths, _tell_lengths, parts="bins",
    ),
)  # fmt: skip
