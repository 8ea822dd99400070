"""Charts about use: when people ask, how much, of which models, how long they talk."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
from matplotlib.figure import Figure

from analytics import charts, counted, frames, headings, measures, words
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
from analytics.language import gettext, mark, ngettext, short_weekday
from analytics.span import Span
from analytics.style import SERIES

HOURS: Final = {f"h{hour:02}": f"{hour:02}:00 (questions)" for hour in frames.HOURS}
TOKENS: Final = {"prompt": mark("Tokens read"), "completion": mark("Tokens written")}
PARTS: Final = {"prompt": mark("tokens read"), "completion": mark("tokens written")}
OTHERS: Final = mark("other models")
ACTS: Final = {
    "flag": mark("Flagged"), "warn": mark("Warned"), "mask": mark("Masked"), "refuse": mark("Refused"),
}  # fmt: skip
USAGE: Final = ("replies", "prompt", "completion")
LENGTHS: Final = (0, 1, 2, 4, 8, 16, 32, 64, 128)  # where each bin of conversation lengths ends


def _hours(rows: Rows, _span: Span) -> pd.DataFrame:
    grid = frames.weekday_hours(need(rows, "hours")).set_axis(list(HOURS), axis=1)
    grid.insert(0, "weekday", list(frames.WEEKDAYS))
    return grid


def _draw_hours(frame: pd.DataFrame, _span: Span, sheet: Sheet) -> Figure:
    grid = frame[list(HOURS)].set_axis([f"{hour}" for hour in frames.HOURS], axis=1)
    every = 2 if sheet.size == "wide" else 4
    labels = Labels(gettext("hour of the day"), "", every_column=every)
    return charts.heat(
        grid.set_axis(pd.Index([short_weekday(place) for place in range(7)]), axis=0), labels, sheet
    )


def _tell_hours(frame: pd.DataFrame, span: Span) -> str:
    counts = frame.set_index("weekday")[list(HOURS)]
    total = int(counts.to_numpy().sum())
    if not total:
        return describe_nothing(mark("Nobody asked anything"), span)
    place: Any = counts.stack().idxmax()
    weekday, hour = frames.WEEKDAYS.index(place[0]), int(place[1][1:])
    return gettext(
        "%(questions)s %(range)s; the most were %(most)s %(weekday)s from %(first)s to %(last)s.",
        questions=counted.questions(total), range=words.stretch(span),
        most=words.number(int(counts.loc[place[0], place[1]])), weekday=words.weekday(weekday),
        first=f"{hour}:00", last=f"{hour + 1}:00",
    )  # fmt: skip


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
    each = [(gettext("questions"), series(frame, "questions"), colours[0]),
            (gettext("replies"), series(frame, "replies"), colours[1])]  # fmt: skip
    return charts.lines(each, span.step, sheet)


def _tell_talk(frame: pd.DataFrame, span: Span) -> str:
    if not frame[["questions", "replies"]].any(axis=None):
        return describe_nothing(mark("Nobody asked anything"), span)
    asked = describe_counts(frame, "questions", span, counted.questions)
    gave = gettext(
        "The model gave %(replies)s.", replies=counted.replies(int(frame["replies"].sum()))
    )
    return f"{asked} {gave}"


def _tokens(rows: Rows, span: Span) -> pd.DataFrame:
    sums = measures.sums_per_step(_usage(rows, span)[list(TOKENS)], span.step)
    return timed(sums)


def _draw_tokens(frame: pd.DataFrame, span: Span, sheet: Sheet) -> Figure:
    colours = sheet.look.series
    columns = [(gettext(name), series(frame, column), colours[place])
               for place, (column, name) in enumerate(PARTS.items())]  # fmt: skip
    return charts.stacked(columns, span.step, sheet)


def _tell_tokens(frame: pd.DataFrame, span: Span) -> str:
    total = frame.assign(tokens=frame[list(TOKENS)].sum(axis=1))
    if not total["tokens"].any():
        return describe_nothing(mark("No token was used"), span)
    read, written = (words.number(int(frame[column].sum())) for column in TOKENS)
    parts = gettext("%(read)s were read, %(written)s were written.", read=read, written=written)
    return f"{describe_counts(total, 'tokens', span, counted.tokens)} {parts}"


def _models(rows: Rows, span: Span) -> pd.DataFrame:
    replies = [line[:3] for line in need(rows, "usage")]
    wide = disambiguated(
        frames.daily_by(replies, span.first, span.last), ("start", "replies"), "model"
    )
    wide.insert(0, "replies", wide.sum(axis=1).astype("int64"))
    return timed(measures.sums_per_step(wide, span.step))


def _draw_models(frame: pd.DataFrame, span: Span, sheet: Sheet) -> Figure:
    wide = frame.set_index("start").drop(columns="replies")
    others = gettext(OTHERS)
    shown = measures.merged(wide, SERIES, others)
    return charts.stacked(coloured(shown, sheet.look, others), span.step, sheet)


def _tell_models(frame: pd.DataFrame, span: Span) -> str:
    total = int(frame["replies"].sum())
    if not total:
        return describe_nothing(mark("No model replied"), span)
    sums = frame.drop(columns=["start", "replies"]).sum()
    parts = [f"{name} {words.percent(count / total)}" for name, count in sums.head(3).items()]
    said = {"parts": words.listed(parts)}
    if len(sums) > 3:
        others = counted.other_models(len(sums) - 3)
        shares = gettext("By model: %(parts)s and %(others)s.", others=others, **said)
    else:
        shares = gettext("By model: %(parts)s.", **said)
    return f"{describe_counts(frame, 'replies', span, counted.replies)} {shares}"


def _decisions(rows: Rows, span: Span) -> pd.DataFrame:
    wide = frames.daily_by(need(rows, "decisions"), span.first, span.last)
    counts = wide.reindex(columns=list(ACTS), fill_value=0)
    return timed(measures.sums_per_step(counts.assign(decisions=counts.sum(axis=1)), span.step))


def _draw_decisions(frame: pd.DataFrame, span: Span, sheet: Sheet) -> Figure:
    colours = (*sheet.look.series[:3], sheet.look.bad)  # what is refused, like what fails
    columns = [
        (gettext(name), series(frame, act), colour)
        for (act, name), colour in zip(ACTS.items(), colours, strict=True)
    ]
    return charts.stacked(columns, span.step, sheet)


def _tell_decisions(frame: pd.DataFrame, span: Span) -> str:
    if not frame["decisions"].any():
        return describe_nothing(mark("No rule decided anything"), span)
    sums = {name: int(frame[act].sum()) for act, name in ACTS.items()}
    parts = [f"{gettext(name)} {words.number(count)}" for name, count in sums.items() if count]
    acts = gettext("By act: %(parts)s.", parts=words.listed(parts))
    return f"{describe_counts(frame, 'decisions', span, counted.decisions)} {acts}"


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
    bins = [headings.said(name) for name in frame["messages"]]
    counts = frame["conversations"].to_list()
    return charts.histogram(bins, counts, gettext("messages in a conversation"), sheet)


def _tell_lengths(frame: pd.DataFrame, span: Span) -> str:
    if frame.empty:
        return describe_nothing(mark("No conversation was begun"), span)
    most = frame.iloc[int(frame["conversations"].to_numpy().argmax())]
    length = headings.said(str(most["messages"]))
    most_is_one = most["messages"] == "1"
    messages = ngettext(
        "%(number)s message", "%(number)s messages", 1 if most_is_one else words.MANY, number=length
    )
    return gettext(
        "%(conversations)s begun %(range)s; the most common length is %(messages)s (%(share)s).",
        conversations=counted.conversations(int(frame["conversations"].sum())),
        range=words.stretch(span), messages=messages,
        share=words.percent(float(most["share"]) / 100),
    )  # fmt: skip


CHARTS: Final = (
    Chart(
        "hours", "Use", mark("Hours of the week"), mark("When do people ask?"),
        mark("Questions by their local weekday and hour, added up over the range."),
        ("hours",), {"weekday": mark("Weekday"), **HOURS},
        mark("Nobody asked anything in this time."),
        _hours, _draw_hours, _tell_hours, parts="cells", cells=tuple(HOURS), name_of=gettext,
    ),
    Chart(
        "questions-and-replies", "Use", mark("Questions and replies"), mark("How much is talked?"),
        mark("Questions asked and replies given by local day, added up per step; a question asked again "
        "has several replies."),
        ("questions", "usage"),
        {"start": "From", "questions": mark("Questions"), "replies": mark("Replies")},
        mark("Nobody asked anything in this time."),
        _talk, _draw_talk, _tell_talk,
    ),
    Chart(
        "tokens", "Use", mark("Tokens"), mark("How much work is it?"),
        mark("Tokens of the prompts that were read (the conversation so far with each question) and of "
        "the replies that were written, by local day, added up per step."),
        ("usage",), {"start": "From", **TOKENS},
        mark("No token was used in this time."),
        _tokens, _draw_tokens, _tell_tokens,
    ),
    Chart(
        "models", "Use", mark("Models"), mark("Who answers?"),
        mark("Replies by model and local day, added up per step; the six models with the most replies by "
        "name, the rest together."),
        ("usage",), {"start": "From", "replies": mark("Replies")},
        mark("No model replied in this time."),
        _models, _draw_models, _tell_models,
    ),
    Chart(
        "conversation-lengths", "Use", mark("Lengths of conversations"), mark("How long do people talk?"),
        mark("Conversations begun in the range by their number of messages so far, questions and replies "
        "both counted."),
        ("lengths",),
        {"messages": mark("Messages"), "conversations": mark("Conversations"), "share": mark("Share (%)")},
        mark("No conversation was begun in this time."),
        _lengths, _draw_lengths, _tell_lengths, parts="bins", name_of=headings.said,
    ),
    Chart(
        "decisions", "Use", mark("Decisions of guardrails"), mark("What do the rules do?"),
        mark("What guardrails decided about questions and answers, by what they did and local day, added up "
        "per step; of deleted messages no decision is kept."),
        ("decisions",), {"start": "From", **ACTS, "decisions": mark("Decisions")},
        mark("No rule decided anything in this time."),
        _decisions, _draw_decisions, _tell_decisions,
    ),
)  # fmt: skip
