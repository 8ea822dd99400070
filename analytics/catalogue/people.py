"""Charts about people: who came, who is here, who comes back, who asks most."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analytics import charts, frames, measures, words
from analytics.catalogue.chart import (
    Chart,
    Rows,
    describe_counts,
    describe_nothing,
    need,
    series,
    timed,
    when,
)
from analytics.charts import Sheet
from analytics.charts.grids import Labels
from analytics.span import Span
from analytics.style import Size

ACTIVE: Final = {"active_1": "in one day", "active_7": "in 7 days", "active_30": "in 30 days"}
OLDEST: Final = 26  # weeks that a cohort is followed
COHORTS_DRAWN: Final = 26
AGES_DRAWN: Final[dict[Size, int]] = {"wide": 26, "narrow": 12}
TALLEST_NAMED: Final = 13  # so many lines of a grid have room for a name each


def _signups(rows: Rows, span: Span) -> pd.DataFrame:
    daily = frames.daily(need(rows, "signups"), ("signups",), span.first, span.last)
    counts = measures.sums_per_step(daily, span.step)
    return timed(counts.assign(users=measures.running_total(counts["signups"], span.before)))


def _draw_signups(frame: pd.DataFrame, span: Span, sheet: Sheet) -> Figure:
    return charts.single(series(frame, "signups"), span.step, sheet)


def _tell_signups(frame: pd.DataFrame, span: Span) -> str:
    if not frame["signups"].any():
        return describe_nothing("Nobody signed up", span)
    return describe_counts(frame, "signups", span, "sign-up")


def _draw_users(frame: pd.DataFrame, span: Span, sheet: Sheet) -> Figure:
    return charts.area(series(frame, "users"), span.step, sheet)


def _tell_users(frame: pd.DataFrame, span: Span) -> str:
    if not frame["users"].any():
        return describe_nothing("There was no account", span)
    last = words.counted(int(frame["users"].iloc[-1]), "account")
    came = words.number(int(frame["signups"].sum()))
    return f"{last} at the end of {words.day(span.last)}, {came} of them new since {words.day(span.first)}."


def _active(rows: Rows, span: Span) -> pd.DataFrame:
    daily = frames.daily(need(rows, "active"), tuple(ACTIVE), span.first, span.last)
    mean = measures.mean_per_step(daily[["active_1"]], span.step)["active_1"].round(1)
    return timed(measures.last_per_step(daily, span.step).assign(active_1=mean))


def _draw_active(frame: pd.DataFrame, span: Span, sheet: Sheet) -> Figure:
    colours = sheet.look.series
    each = [(name, series(frame, column), colours[place])
            for place, (column, name) in enumerate(ACTIVE.items())]  # fmt: skip
    return charts.lines(each, span.step, sheet)


def _tell_active(frame: pd.DataFrame, span: Span) -> str:
    if not frame["active_30"].any():
        return describe_nothing("Nobody was active", span)
    last = frame.iloc[-1]
    place = int(frame["active_1"].to_numpy().argmax())
    peak = f"{words.number(float(frame['active_1'].iloc[place]))} {when(frame, place, span)}"
    now = ", ".join(
        f"{words.number(float(last[column]))} {name}" for column, name in ACTIVE.items()
    )
    meaning = "" if span.step == "day" else ", as the mean of its days"
    return (
        f"Active people at the end of {words.day(span.last)}: {now}. "
        f"The most in one day were {peak}{meaning}."
    )


def _retention(rows: Rows, span: Span) -> pd.DataFrame:
    found = frames.cohorts(need(rows, "cohorts"), span.first, span.last)
    kept = measures.retention(found, span).round(1)
    kept = kept.iloc[:, : OLDEST + 2]  # the size, then ages from 0
    names = ["size", *(f"week_{age}" for age in range(len(kept.columns) - 1))]
    return kept.set_axis(names, axis=1).rename_axis("cohort").reset_index()


def _ages(frame: pd.DataFrame) -> dict[str, int]:
    """Return the age in weeks that each column of the table stands for."""
    names = [str(name) for name in frame]
    return {name: int(name[len("week_") :]) for name in names if name.startswith("week_")}


def _draw_retention(frame: pd.DataFrame, _span: Span, sheet: Sheet) -> Figure:
    shown = frame.tail(COHORTS_DRAWN)
    weeks = [f"{start:%b} {start.day}" for start in shown["cohort"]]
    grid = shown[list(_ages(shown))].dropna(axis=1, how="all").iloc[:, : AGES_DRAWN[sheet.size] + 1]
    grid = grid.rename(columns={name: str(age) for name, age in _ages(shown).items()})
    grid = grid.set_axis(pd.Index(weeks), axis=0)
    labels = Labels(
        "weeks after signing up", "signed up in the week from", 1 if len(grid.columns) <= 14 else 2,
        every_line=-(-len(grid) // TALLEST_NAMED), unit=" %",
    )  # fmt: skip
    return charts.heat(grid, labels, sheet, _later_peak(grid))


def _later_peak(grid: pd.DataFrame) -> float:
    """Return where the colours end: the first week, in which nearly all come, would dim the rest."""
    later = grid.iloc[:, 1:].to_numpy(dtype=float)
    if not np.isfinite(later).any():
        return 100.0
    return max(float(np.nanmax(later)), 10.0)


def _tell_retention(frame: pd.DataFrame, span: Span) -> str:
    if frame.empty:
        return describe_nothing("Nobody signed up", span)
    kept = frame.rename(columns=_ages(frame))
    parts = [
        f"{words.percent(value / 100)} {'one week' if age == 1 else f'{age} weeks'} later"
        for age in (1, 4, 12)
        if (value := measures.retained(kept, age)) == value
    ]
    people = words.counted(int(frame["size"].sum()), "person", "people")
    weeks = words.counted(len(frame), "week")
    first = f"{people} signed up in {weeks} {words.stretch(span)}."
    return f"{first} Of those, asked again: {', '.join(parts)}." if parts else first


def _top_users(rows: Rows, _span: Span) -> pd.DataFrame:
    found = frames.named(need(rows, "top_users"), "username", ("questions", "characters", "tokens"))
    ordered = found.sort_values(["questions", "username"], ascending=[False, True])
    return ordered.head(20).reset_index(drop=True)


def _draw_top_users(frame: pd.DataFrame, _span: Span, sheet: Sheet) -> Figure:
    asked: list[Any] = frame["questions"].to_list()
    return charts.ranks(
        frame["username"].to_list(), asked, [words.number(count) for count in asked], sheet
    )


def _tell_top_users(frame: pd.DataFrame, span: Span) -> str:
    if frame.empty:
        return describe_nothing("Nobody asked anything", span)
    first = frame.iloc[0]
    asked = f"{first['username']} asked most: {words.counted(int(first['questions']), 'question')}"
    total = words.number(int(frame["questions"].sum()))
    many = words.counted(len(frame), "person", "people")
    return f"{asked} {words.stretch(span)}. The {many} listed asked {total} together."


CHARTS: Final = (
    Chart(
        "signups", "People", "Sign-ups", "Who came?",
        "Accounts by the local day of their sign-up, added up per step; accounts deleted since do "
        "not count.",
        ("signups",),
        {"start": "From", "signups": "Sign-ups", "users": "Accounts in all"},
        "Nobody signed up in this time.",
        _signups, _draw_signups, _tell_signups,
    ),
    Chart(
        "users", "People", "Accounts", "How many are we?",
        "Accounts from before the range plus all sign-ups from its first day to the end of each step.",
        ("signups",),
        {"start": "From", "signups": "Sign-ups", "users": "Accounts in all"},
        "There was no account in this time.",
        _signups, _draw_users, _tell_users,
    ),
    Chart(
        "active", "People", "Active people", "Who is here?",
        "Different people who asked at least once in a UTC day (for weeks and months, the mean of "
        "their days), and in the 7 and 30 UTC days that end with the last day of each step.",
        ("active",),
        {"start": "From", "active_1": "People in one day", "active_7": "People in 7 days",
         "active_30": "People in 30 days"},
        "Nobody was active in this time.",
        _active, _draw_active, _tell_active,
    ),
    Chart(
        "retention", "People", "Coming back", "Who stays?",
        "Of the people who signed up in a UTC week (from Monday), how many of a hundred asked in the "
        "week so many weeks later; 0 is the week of the sign-up, weeks still ahead are empty.",
        ("cohorts",),
        {"cohort": "Signed up in the week from", "size": "People",
         **{f"week_{age}": f"Week {age} (%)" for age in range(OLDEST + 1)}},
        "Nobody signed up in this time.",
        _retention, _draw_retention, _tell_retention,
        parts="cells", cells=tuple(f"week_{age}" for age in range(OLDEST + 1)),
    ),
    Chart(
        "top-users", "People", "Who asks most", "Who uses it most?",
        "Questions of each person in the range (UTC days), the twenty with the most; the chart shows "
        "the first ten.",
        ("top_users",),
        {"username": "Name", "questions": "Questions", "characters": "Characters asked",
         "tokens": "Tokens used"},
        "Nobody asked anything in this time.",
        _top_users, _draw_top_users, _tell_top_users, parts="lines",
    ),
)  # fmt: skip
