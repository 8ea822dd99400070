"""Charts about feedback: opinions by category, stars, thumbs over time and by model."""

from __future__ import annotations

from typing import Final

import pandas as pd
from matplotlib.figure import Figure

from analytics import charts, counted, frames, measures, words
from analytics.catalogue.chart import (
    Chart,
    Rows,
    describe_nothing,
    need,
    series,
    timed,
    when,
)
from analytics.charts import Sheet
from analytics.language import gettext, mark
from analytics.span import Span, Step

OPINIONS: Final = ("count", "rated", "rating_sum")
CATEGORIES: Final = {
    "answers": mark("Answers"), "speed": mark("Speed"), "design": mark("Design"),
    "bug": mark("Something is broken"), "idea": mark("Idea"), "other": mark("Something else"),
}  # fmt: skip
THUMBS: Final = {"liked": mark("Thumbs up"), "disliked": mark("Thumbs down")}
LAST_RATINGS: Final[dict[Step, str]] = {
    "day": mark("The last day with ratings: %(last)s."),
    "week": mark("The last week with ratings: %(last)s."),
    "month": mark("The last month with ratings: %(last)s."),
}


def _category(name: str) -> str:
    """Return a category as its reader knows it; one that has no name here, by its key."""
    return gettext(CATEGORIES[name]) if name in CATEGORIES else name.replace("_", " ")


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
        f"{words.number(count)}  ({words.percent(part / 100)})"
        for count, part in zip(frame["opinions"], frame["share"], strict=True)
    ]
    names = [_category(name) for name in frame["category"]]
    return charts.ranks(names, counts, notes, sheet)


def _tell_categories(frame: pd.DataFrame, span: Span) -> str:
    if frame.empty:
        return describe_nothing(mark("Nobody gave an opinion"), span)
    parts = [
        f"{_category(name)} {words.number(count)}"
        for name, count in zip(frame["category"], frame["opinions"], strict=True)
    ]
    return gettext(
        "%(counted)s %(range)s: %(parts)s.", counted=counted.opinions(int(frame["opinions"].sum())),
        range=words.stretch(span), parts=words.listed(parts[:5]),
    )  # fmt: skip


def _rating(rows: Rows, span: Span) -> pd.DataFrame:
    opinions = [(line[0], *line[2:]) for line in need(rows, "feedback")]
    daily = frames.daily(opinions, OPINIONS, span.first, span.last)
    sums = measures.sums_per_step(daily, span.step)
    stars = measures.share(sums["rating_sum"], sums["rated"]).round(2)
    return timed(pd.DataFrame({"stars": stars, "rated": sums["rated"]}))


def _draw_rating(frame: pd.DataFrame, span: Span, sheet: Sheet) -> Figure:
    names = (gettext("mean stars"), gettext("opinions with stars"))
    return charts.rated(
        series(frame, "stars"), series(frame, "rated"), names, span.step, sheet, "stars"
    )


def _tell_rating(frame: pd.DataFrame, span: Span) -> str:
    known = frame[frame["rated"] > 0].reset_index(drop=True)
    if known.empty:
        return describe_nothing(mark("Nobody gave stars"), span)
    mean = (known["stars"] * known["rated"]).sum() / known["rated"].sum()
    low = int(known["stars"].to_numpy().argmin())
    whole = gettext(
        "%(mean)s of 5 stars on average in %(opinions)s %(range)s.", mean=words.formed(mean, "stars"),
        opinions=counted.opinions(int(known["rated"].sum())), range=words.stretch(span),
    )  # fmt: skip
    if len(known) == 1:
        return whole
    lowest = f"{words.formed(known['stars'].iloc[low], 'stars')} {when(known, low, span)}"
    last = f"{words.formed(known['stars'].iloc[-1], 'stars')} {when(known, -1, span)}"
    ends = gettext("The lowest mean was %(lowest)s; the last %(last)s.", lowest=lowest, last=last)
    return f"{whole} {ends}"


def _satisfaction(rows: Rows, span: Span) -> pd.DataFrame:
    thumbs = [(line[0], *line[2:]) for line in need(rows, "thumbs")]
    daily = frames.daily(thumbs, ("liked", "disliked"), span.first, span.last)
    sums = measures.sums_per_step(daily, span.step)
    return timed(pd.concat([_liked_share(sums), sums], axis=1))


def _liked_share(sums: pd.DataFrame) -> pd.Series[float]:
    parts = measures.share(sums["liked"], sums["liked"] + sums["disliked"]) * 100
    return parts.round(1).rename("share")


def _draw_satisfaction(frame: pd.DataFrame, span: Span, sheet: Sheet) -> Figure:
    names = (gettext("thumbs up"), gettext("replies rated"))
    counts = series(frame, "liked") + series(frame, "disliked")
    return charts.rated(series(frame, "share"), counts, names, span.step, sheet, "percent")


def _tell_satisfaction(frame: pd.DataFrame, span: Span) -> str:
    liked, total = int(frame["liked"].sum()), int(frame[["liked", "disliked"]].to_numpy().sum())
    if not total:
        return describe_nothing(mark("No reply was rated"), span)
    whole = gettext(
        "%(share)s of %(ratings)s were thumbs up (%(count)s) %(range)s.",
        share=words.percent(liked / total), ratings=counted.ratings(total),
        count=words.number(liked), range=words.stretch(span),
    )  # fmt: skip
    known = frame[frame["share"].notna()].reset_index(drop=True)
    if len(known) == 1:
        return whole
    last = f"{words.percent(known['share'].iloc[-1] / 100)} {when(known, -1, span)}"
    return f"{whole} {gettext(LAST_RATINGS[span.step], last=last)}"


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
    notes = [_part_of(part, count) for part, count in zip(parts, rated, strict=True)]
    return charts.ranks(frame["model"].to_list(), parts, notes, sheet, highest=100)


def _part_of(part: float, count: int) -> str:
    share, whole = words.percent(part / 100), words.number(count)
    return gettext("%(share)s of %(count)s", share=share, count=whole)


def _tell_by_model(frame: pd.DataFrame, span: Span) -> str:
    if frame.empty:
        return describe_nothing(mark("No reply was rated"), span)
    rated = frame["liked"] + frame["disliked"]
    parts = [
        f"{model} {_part_of(part, count)}"
        for model, part, count in zip(frame["model"], frame["share"], rated, strict=True)
    ]
    return gettext(
        "Thumbs up by model, %(models)s %(range)s: %(parts)s.", models=counted.models(len(frame)),
        range=words.stretch(span), parts=words.listed(parts[:5]),
    )  # fmt: skip


CHARTS: Final = (
    Chart(
        "satisfaction", "Feedback", mark("Satisfaction"), mark("Are the replies good?"),
        mark("Thumbs up as a part of all thumbs, by the local day of the rating, added up per step; steps "
        "without ratings are gaps."),
        ("thumbs",),
        {"start": "From", "share": mark("Thumbs up (%)"), **THUMBS},
        mark("No reply was rated in this time."),
        _satisfaction, _draw_satisfaction, _tell_satisfaction,
    ),
    Chart(
        "satisfaction-by-model", "Feedback", mark("Satisfaction by model"), mark("Which model is liked?"),
        mark("Thumbs up as a part of all thumbs of the range for each model; those rated most come first, "
        "the chart shows ten."),
        ("thumbs",),
        {"model": mark("Model"), "share": mark("Thumbs up (%)"), **THUMBS},
        mark("No reply was rated in this time."),
        _by_model, _draw_by_model, _tell_by_model, parts="lines",
    ),
    Chart(
        "feedback-categories", "Feedback", mark("What opinions are about"),
        mark("What do people write about?"),
        mark("Opinions of the range by their category, the most frequent first."),
        ("feedback",),
        {"category": mark("Category"), "opinions": mark("Opinions"), "share": mark("Share (%)")},
        mark("Nobody gave an opinion in this time."),
        _categories, _draw_categories, _tell_categories, parts="lines", name_of=_category,
    ),
    Chart(
        "feedback-rating", "Feedback", mark("Stars"), mark("How do people like Echo?"),
        mark("The sum of all stars divided by the number of opinions with stars, by local day, per step; "
        "steps without stars are gaps."),
        ("feedback",),
        {"start": "From", "stars": mark("Mean stars (1 to 5)"), "rated": mark("Opinions with stars")},
        mark("Nobody gave stars in this time."),
        _rating, _draw_rating, _tell_rating,
    ),
)  # fmt: skip
