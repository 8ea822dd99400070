"""Charts about feedback: opinions by category, stars, thumbs over time and by model."""

from __future__ import annotations

from typing import Final

import pandas as pd
from matplotlib.figure import Figure

from analytics import charts, frames, measures, words
from analytics.catalogue.chart import (
    STEP_NAMES,
    Chart,
    Rows,
    describe_nothing,
    need,
    series,
    timed,
    when,
)
from analytics.charts import Sheet
from analytics.span import Span

OPINIONS: Final = ("count", "rated", "rating_sum")


def _categories(rows: Rows, span: Span) -> pd.DataFrame:
    counts = [line[:3] for line in need(rows, "feedback")]
    sums = frames.daily_by(counts, span.first, span.last).sum()
    table = pd.DataFrame(
        {"category": [str(name) for name in sums.index], "opinions": sums.to_list()}
    )
    table = table.astype({"category": str, "opinions": "int64"})
    total = pd.Series(table["opinions"].sum(), index=table.index)
    return table.assign(share=(measures.share(table["opinions"], total) * 100).round(1))


def _draw_categories(frame: pd.DataFrame, _span: Span, sheet: Sheet) -> Figure:
    counts = [float(count) for count in frame["opinions"]]
    notes = [
        f"{count:,}  ({words.percent(part / 100)})"
        for count, part in zip(frame["opinions"], frame["share"], strict=True)
    ]
    names = [name.replace("_", " ") for name in frame["category"]]
    return charts.ranks(names, counts, notes, sheet)


def _tell_categories(frame: pd.DataFrame, span: Span) -> str:
    if frame.empty:
        return describe_nothing("Nobody gave an opinion", span)
    parts = [
        f"{name} {count:,}"
        for name, count in zip(frame["category"], frame["opinions"], strict=True)
    ]
    total = words.counted(int(frame["opinions"].sum()), "opinion")
    return f"{total} {words.stretch(span)}: {', '.join(parts[:5])}."


def _rating(rows: Rows, span: Span) -> pd.DataFrame:
    opinions = [(line[0], *line[2:]) for line in need(rows, "feedback")]
    daily = frames.daily(opinions, OPINIONS, span.first, span.last)
    sums = measures.sums_per_step(daily, span.step)
    stars = measures.share(sums["rating_sum"], sums["rated"]).round(2)
    return timed(pd.DataFrame({"stars": stars, "rated": sums["rated"]}))


def _draw_rating(frame: pd.DataFrame, span: Span, sheet: Sheet) -> Figure:
    names = ("mean stars", "opinions with stars")
    return charts.rated(
        series(frame, "stars"), series(frame, "rated"), names, span.step, sheet, "stars"
    )


def _tell_rating(frame: pd.DataFrame, span: Span) -> str:
    known = frame[frame["rated"] > 0].reset_index(drop=True)
    if known.empty:
        return describe_nothing("Nobody gave stars", span)
    mean = (known["stars"] * known["rated"]).sum() / known["rated"].sum()
    low = int(known["stars"].to_numpy().argmin())
    total = words.counted(int(known["rated"].sum()), "opinion")
    whole = f"{words.formed(mean, 'stars')} of 5 stars on average in {total} {words.stretch(span)}."
    if len(known) == 1:
        return whole
    lowest = f"{words.formed(known['stars'].iloc[low], 'stars')} {when(known, low, span)}"
    last = f"{words.formed(known['stars'].iloc[-1], 'stars')} {when(known, -1, span)}"
    return f"{whole} The lowest mean was {lowest}; the last {last}."


def _satisfaction(rows: Rows, span: Span) -> pd.DataFrame:
    thumbs = [(line[0], *line[2:]) for line in need(rows, "thumbs")]
    daily = frames.daily(thumbs, ("liked", "disliked"), span.first, span.last)
    sums = measures.sums_per_step(daily, span.step)
    return timed(pd.concat([_liked_share(sums), sums], axis=1))


def _liked_share(sums: pd.DataFrame) -> pd.Series[float]:
    parts = measures.share(sums["liked"], sums["liked"] + sums["disliked"]) * 100
    return parts.round(1).rename("share")


def _draw_satisfaction(frame: pd.DataFrame, span: Span, sheet: Sheet) -> Figure:
    names = ("thumbs up", "replies rated")
    counts = series(frame, "liked") + series(frame, "disliked")
    return charts.rated(series(frame, "share"), counts, names, span.step, sheet, "percent")


def _tell_satisfaction(frame: pd.DataFrame, span: Span) -> str:
    liked, total = int(frame["liked"].sum()), int(frame[["liked", "disliked"]].to_numpy().sum())
    if not total:
        return describe_nothing("No reply was rated", span)
    whole = (
        f"{words.percent(liked / total)} of {words.counted(total, 'rating')} were thumbs up "
        f"({liked:,}) {words.stretch(span)}."
    )
    known = frame[frame["share"].notna()].reset_index(drop=True)
    if len(known) == 1:
        return whole
    last = f"{words.percent(known['share'].iloc[-1] / 100)} {when(known, -1, span)}"
    return f"{whole} The last {STEP_NAMES[span.step]} with ratings: {last}."


def _by_model(rows: Rows, span: Span) -> pd.DataFrame:
    thumbs = frames.typed(need(rows, "thumbs"), ("day", "model", "liked", "disliked"), ("model",))
    inside = thumbs["day"].between(pd.Timestamp(span.first), pd.Timestamp(span.last))
    sums = thumbs[inside].groupby("model")[["liked", "disliked"]].sum().astype("int64")
    sums = sums[sums.sum(axis=1) > 0]
    table = pd.concat([_liked_share(sums), sums], axis=1).reset_index()
    order = table.assign(rated=-(table["liked"] + table["disliked"]))
    return table.loc[order.sort_values(["rated", "model"]).index].reset_index(drop=True)


def _draw_by_model(frame: pd.DataFrame, _span: Span, sheet: Sheet) -> Figure:
    parts = [float(part) for part in frame["share"]]
    rated = frame["liked"] + frame["disliked"]
    notes = [
        f"{words.percent(part / 100)} of {count:,}"
        for part, count in zip(parts, rated, strict=True)
    ]
    return charts.ranks(frame["model"].to_list(), parts, notes, sheet, highest=100)


def _tell_by_model(frame: pd.DataFrame, span: Span) -> str:
    if frame.empty:
        return describe_nothing("No reply was rated", span)
    rated = frame["liked"] + frame["disliked"]
    parts = [
        f"{model} {words.percent(part / 100)} of {count:,}"
        for model, part, count in zip(frame["model"], frame["share"], rated, strict=True)
    ]
    models = words.counted(len(frame), "model")
    return f"Thumbs up by model, {models} {words.stretch(span)}: {', '.join(parts[:5])}."


CHARTS: Final = (
    Chart(
        "satisfaction", "Feedback", "Satisfaction", "Are the replies good?",
        "Thumbs up as a part of all thumbs, by the local day of the rating, added up per step; steps "
        "without ratings are gaps.",
        ("thumbs",),
        {"start": "From", "share": "Thumbs up (%)", "liked": "Thumbs up", "disliked": "Thumbs down"},
        "No reply was rated in this time.",
        _satisfaction, _draw_satisfaction, _tell_satisfaction,
    ),
    Chart(
        "satisfaction-by-model", "Feedback", "Satisfaction by model", "Which model is liked?",
        "Thumbs up as a part of all thumbs of the range for each model; those rated most come first, "
        "the chart shows ten.",
        ("thumbs",),
        {"model": "Model", "share": "Thumbs up (%)", "liked": "Thumbs up", "disliked": "Thumbs down"},
        "No reply was rated in this time.",
        _by_model, _draw_by_model, _tell_by_model, parts="lines",
    ),
    Chart(
        "feedback-categories", "Feedback", "What opinions are about", "What do people write about?",
        "Opinions of the range by their category, the most frequent first.",
        ("feedback",),
        {"category": "Category", "opinions": "Opinions", "share": "Share (%)"},
        "Nobody gave an opinion in this time.",
        _categories, _draw_categories, _tell_categories, parts="lines",
    ),
    Chart(
        "feedback-rating", "Feedback", "Stars", "How do people like Echo?",
        "The sum of all stars divided by the number of opinions with stars, by local day, per step; "
        "steps without stars are gaps.",
        ("feedback",),
        {"start": "From", "stars": "Mean stars (1 to 5)", "rated": "Opinions with stars"},
        "Nobody gave stars in this time.",
        _rating, _draw_rating, _tell_rating,
    ),
)  # fmt: skip
