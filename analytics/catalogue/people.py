"""Charts about people: who came, who is here, who comes back, who asks most."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analytics import charts, counted, frames, measures, words
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
from analytics.language import day, gettext, mark, ngettext, short_day
from analytics.span import Span
from analytics.style import Size

ACTIVE: Final = {
    "active_1": mark("in one day"), "active_7": mark("in 7 days"), "active_30": mark("in 30 days"),
}  # fmt: skip
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
        return describe_nothing(mark("Nobody signed up"), span)
    return describe_counts(frame, "signups", span, counted.signups)


def _draw_users(frame: pd.DataFrame, span: Span, sheet: Sheet) -> Figure:
    return charts.area(series(frame, "users"), span.step, sheet)


def _tell_users(frame: pd.DataFrame, span: Span) -> str:
    if not frame["users"].any():
        return describe_nothing(mark("There was no account"), span)
    return gettext(
        "%(accounts)s at the end of %(last)s, %(new)s of them new since %(first)s.",
        accounts=counted.accounts(int(frame["users"].iloc[-1])), last=day(span.last),
        new=words.number(int(frame["signups"].sum())), first=day(span.first),
    )  # fmt: skip


def _active(rows: Rows, span: Span) -> pd.DataFrame:
    daily = frames.daily(need(rows, "active"), tuple(ACTIVE), span.first, span.last)
    mean = measures.mean_per_step(daily[["active_1"]], span.step)["active_1"].round(1)
    return timed(measures.last_per_step(daily, span.step).assign(active_1=mean))


def _draw_active(frame: pd.DataFrame, span: Span, sheet: Sheet) -> Figure:
    colours = sheet.look.series
    each = [(gettext(name), series(frame, column), colours[place])
            for place, (column, name) in enumerate(ACTIVE.items())]  # fmt: skip
    return charts.lines(each, span.step, sheet)


def _tell_active(frame: pd.DataFrame, span: Span) -> str:
    if not frame["active_30"].any():
        return describe_nothing(mark("Nobody was active"), span)
    last, place = frame.iloc[-1], int(frame["active_1"].to_numpy().argmax())
    now = [
        gettext("%(number)s %(name)s", number=words.number(float(last[column])), name=gettext(name))
        for column, name in ACTIVE.items()
    ]
    numbers = gettext(
        "Active people at the end of %(day)s: %(numbers)s.",
        day=day(span.last), numbers=words.listed(now),
    )  # fmt: skip
    most = mark("The most in one day were %(most)s %(when)s.")
    if span.step != "day":
        most = mark("The most in one day were %(most)s %(when)s, as the mean of its days.")
    count = words.number(float(frame["active_1"].iloc[place]))
    return f"{numbers} {gettext(most, most=count, when=when(frame, place, span))}"


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
    weeks = [short_day(start) for start in shown["cohort"]]
    grid = shown[list(_ages(shown))].dropna(axis=1, how="all").iloc[:, : AGES_DRAWN[sheet.size] + 1]
    grid = grid.rename(columns={name: str(age) for name, age in _ages(shown).items()})
    grid = grid.set_axis(pd.Index(weeks), axis=0)
    labels = Labels(
        gettext("weeks after signing up"), gettext("signed up in the week from"),
        1 if len(grid.columns) <= 14 else 2, every_line=-(-len(grid) // TALLEST_NAMED), unit=" %",
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
        return describe_nothing(mark("Nobody signed up"), span)
    kept = frame.rename(columns=_ages(frame))
    first = gettext(
        "%(people)s signed up in %(weeks)s %(range)s.", people=counted.people(int(frame["size"].sum())),
        weeks=counted.weeks(len(frame)), range=words.stretch(span),
    )  # fmt: skip
    parts = [
        ngettext("%(share)s one week later", "%(share)s %(num)s weeks later", age,
                 share=words.percent(value / 100))
        for age in (1, 4, 12)
        if (value := measures.retained(kept, age)) == value
    ]  # fmt: skip
    if not parts:
        return first
    again = gettext("Of those, asked again: %(parts)s.", parts=words.listed(parts))
    return f"{first} {again}"


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
        return describe_nothing(mark("Nobody asked anything"), span)
    first = frame.iloc[0]
    asked = gettext(
        "%(name)s asked most: %(questions)s %(range)s.", name=first["username"],
        questions=counted.questions(int(first["questions"])), range=words.stretch(span),
    )  # fmt: skip
    together = gettext(
        "The %(people)s listed asked %(total)s together.",
        people=counted.people(len(frame)), total=words.number(int(frame["questions"].sum())),
    )  # fmt: skip
    return f"{asked} {together}"


CHARTS: Final = (
    Chart(
        "signups", "People", mark("Sign-ups"), mark("Who came?"),
        mark("Accounts by the local day of their sign-up, added up per step; accounts deleted since do "
        "not count."),
        ("signups",),
        {"start": "From", "signups": mark("Sign-ups"), "users": mark("Accounts in all")},
        mark("Nobody signed up in this time."),
        _signups, _draw_signups, _tell_signups,
    ),
    Chart(
        "users", "People", mark("Accounts"), mark("How many are we?"),
        mark("Accounts from before the range plus all sign-ups from its first day to the end of each step."),
        ("signups",),
        {"start": "From", "signups": mark("Sign-ups"), "users": mark("Accounts in all")},
        mark("There was no account in this time."),
        _signups, _draw_users, _tell_users,
    ),
    Chart(
        "active", "People", mark("Active people"), mark("Who is here?"),
        mark("Different people who asked at least once in a UTC day (for weeks and months, the mean of "
        "their days), and in the 7 and 30 UTC days that end with the last day of each step."),
        ("active",),
        {"start": "From", "active_1": mark("People in one day"), "active_7": mark("People in 7 days"),
         "active_30": mark("People in 30 days")},
        mark("Nobody was active in this time."),
        _active, _draw_active, _tell_active,
    ),
    Chart(
        "retention", "People", mark("Coming back"), mark("Who stays?"),
        mark("Of the people who signed up in a UTC week (from Monday), how many of a hundred asked in the "
        "week so many weeks later; 0 is the week of the sign-up, weeks still ahead are empty."),
        ("cohorts",),
        {"cohort": mark("Signed up in the week from"), "size": mark("People"),
         **{f"week_{age}": f"Week {age} (%)" for age in range(OLDEST + 1)}},
        mark("Nobody signed up in this time."),
        _retention, _draw_retention, _tell_retention,
        parts="cells", cells=tuple(f"week_{age}" for age in range(OLDEST + 1)),
    ),
    Chart(
        "top-users", "People", mark("Who asks most"), mark("Who uses it most?"),
        mark("Questions of each person in the range (UTC days), the twenty with the most; the chart shows "
        "the first ten."),
        ("top_users",),
        {"username": mark("Name"), "questions": mark("Questions"), "characters": mark("Characters asked"),
         "tokens": mark("Tokens used")},
        mark("Nobody asked anything in this time."),
        _top_users, _draw_top_users, _tell_top_users, parts="lines",
    ),
)  # fmt: skip
