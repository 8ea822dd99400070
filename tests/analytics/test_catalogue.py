"""Every chart, for every range: a table that adds up, a figure, and words with the true numbers."""

import re
import xml.etree.ElementTree as ET
from datetime import date, timedelta
from functools import partial

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from analytics import render
from analytics.catalogue import CHARTS, Chart, Span
from tests.analytics import samples
from tests.analytics.samples import DARK, FIRST, LIGHT

MONTH = Span(FIRST, date(2026, 3, 30), "day", before=340)
MONTH_ROWS = samples.rows(30)
SVG = "{http://www.w3.org/2000/svg}"
slow = partial(pytest.param, marks=pytest.mark.slow)


def span_of(days):
    return Span.fitting(FIRST, FIRST + timedelta(days=days - 1), before=10)


def texts(svg):
    return " ".join(samples.labels(svg))


def table(name, rows, span=MONTH):
    return CHARTS[name].prepare({**samples.nothing(), **rows}, span)


def told(name, rows, span=MONTH):
    return CHARTS[name].describe(table(name, rows, span), span)


def test_every_chart_is_there_and_groups_stand_together():
    assert len(CHARTS) == 22
    assert all(chart.name == name for name, chart in CHARTS.items())
    groups = [chart.group for chart in CHARTS.values()]
    assert list(dict.fromkeys(groups)) == ["People", "Use", "Speed", "Feedback"]
    assert groups == sorted(groups, key=["People", "Use", "Speed", "Feedback"].index)


@pytest.mark.parametrize("chart", CHARTS.values(), ids=lambda chart: chart.name)
def test_every_chart_says_what_it_is(chart: Chart):
    assert re.fullmatch(r"[a-z-]+", chart.name)
    assert chart.question.endswith("?")
    assert chart.formula.endswith(".")
    assert chart.nothing.endswith(".")
    assert set(chart.rows) <= set(samples.KINDS)
    frame = chart.prepare(MONTH_ROWS, MONTH)
    unnamed = set(frame) - set(chart.columns)
    assert unnamed == set() or chart.name in ("models", "errors")
    assert chart.headings(frame, MONTH).get("start", "Day") == "Day"


@pytest.mark.parametrize("kind", ["svg", slow("png")])
@pytest.mark.parametrize("size", ["wide", slow("narrow")])
@pytest.mark.parametrize("chart", CHARTS.values(), ids=lambda chart: chart.name)
def test_a_month_in_all_kinds(chart: Chart, size, kind):
    def figure() -> Figure:
        return chart.draw(chart.prepare(MONTH_ROWS, MONTH), MONTH, LIGHT, size, "A title")

    if kind == "png":
        assert render.to_png(figure()).startswith(b"\x89PNG")
    else:
        svg = render.to_svg(figure())
        assert size == "narrow" or svg == render.to_svg(figure()), (
            "the same figure is the same bytes"
        )
        assert "A title" in texts(svg)
        assert chart.nothing not in texts(svg)


@pytest.mark.slow
@pytest.mark.parametrize("days", [1, 366, 3653])
@pytest.mark.parametrize("chart", CHARTS.values(), ids=lambda chart: chart.name)
def test_other_ranges(chart: Chart, days, long_rows):
    span = span_of(days)
    frame = chart.prepare(long_rows[days], span)
    svg = render.to_svg(chart.draw(frame, span, DARK, "narrow" if days == 366 else "wide"))
    assert ET.fromstring(svg).tag == f"{SVG}svg"
    assert b"#000000" not in svg
    assert chart.describe(frame, span).endswith(".")


@pytest.fixture(scope="module")
def long_rows():
    return {days: samples.rows(days, models) for days, models in ((1, 1), (366, 12), (3653, 2))}


@pytest.mark.parametrize("chart", CHARTS.values(), ids=lambda chart: chart.name)
def test_nothing_is_said_instead_of_shown(chart: Chart):
    span = Span(FIRST, FIRST + timedelta(days=2))
    frame = chart.prepare(samples.nothing(), span)
    svg = render.to_svg(chart.draw(frame, span, LIGHT))
    assert chart.nothing in texts(svg)
    assert re.match(r"(Nobody|Nothing|No |There was no)", chart.describe(frame, span))
    assert set(chart.headings(frame, span)) == set(frame)


@pytest.mark.parametrize("chart", CHARTS.values(), ids=lambda chart: chart.name)
def test_absent_rows_are_refused(chart: Chart):
    with pytest.raises(ValueError, match="are missing"):
        chart.prepare({}, MONTH)


def test_rows_may_come_as_iso_texts():
    as_text = [[day.isoformat(), count] for day, count in MONTH_ROWS["signups"]]
    pd.testing.assert_frame_equal(
        table("signups", {"signups": as_text}), table("signups", MONTH_ROWS)
    )


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3), st.integers(0, 999)), max_size=40),
    st.sampled_from(["day", "week", "month"]),
    st.integers(0, 400),
)
@settings(max_examples=40, deadline=None)
def test_tables_lose_nothing(found, step, length):
    span = Span(FIRST, FIRST + timedelta(days=length), step)
    lines = [(FIRST + timedelta(days=place), f"key {key}", count) for place, key, count in found]
    inside = [(day, key, count) for day, key, count in lines if day <= span.last]
    total = sum(count for _day, _key, count in inside)
    counts = [(day, count) for day, _key, count in lines]
    usage = [(*line, 2, 3) for line in lines]
    assert table("signups", {"signups": counts}, span)["signups"].sum() == total
    assert table("questions-and-replies", {"questions": counts}, span)["questions"].sum() == total
    models = table("models", {"usage": usage}, span)
    assert models["replies"].sum() == total
    assert models.drop(columns=["start", "replies"]).to_numpy().sum() == total
    tokens = table("tokens", {"usage": usage}, span)[["prompt", "completion"]].sum().to_list()
    assert tokens == [2 * len(inside), 3 * len(inside)]
    assert table("errors", {"errors": lines}, span)["errors"].sum() == total
    acts = [(day, ("flag", "warn", "mask", "refuse")[int(key[-1]) % 4], n) for day, key, n in lines]
    assert table("decisions", {"decisions": acts}, span)["decisions"].sum() == total


def test_words_have_the_true_numbers():
    days = samples.days(3)
    span = Span(days[0], days[2], before=7)
    signups = {"signups": [(days[0], 2), (days[1], 1200), (days[2], 5)]}
    assert told("signups", signups, span) == (
        "1,207 sign-ups from March 1, 2026 to March 3, 2026. "
        "The most were 1,200 on March 2, 2026; the last day had 5."
    )
    assert told("users", signups, span).startswith(
        "1,214 accounts at the end of March 3, 2026, 1,207"
    )
    hours = {"hours": [(0, 9, 4), (6, 23, 8)]}
    assert told("hours", hours, span).endswith("the most were 8 on Sundays from 23:00 to 24:00.")
    thumbs = {"thumbs": [(days[0], "a", 3, 1), (days[2], "b", 0, 1)]}
    assert told("satisfaction", thumbs, span).startswith("60 % of 5 ratings were thumbs up (3)")
    assert "a 75 % of 4, b 0 % of 1" in told("satisfaction-by-model", thumbs, span)
    feedback = {"feedback": [(days[0], "bug", 3, 2, 9), (days[1], "idea", 1, 0, 0)]}
    assert told("feedback-rating", feedback, span).startswith("4.50 of 5 stars on average in 2")
    assert "Something is broken 3, Idea 1" in told("feedback-categories", feedback, span)
    top = {"top_users": [("ada", 30, 1, 1), ("ben", 12, 1, 1)]}
    assert told("top-users", top, span).startswith("ada asked most: 30 questions")
    timing = {"timing": [(days[0], "a", "total_ms", samples.bucket(2000), 9)]}
    assert re.search(
        r"9 replies measured .*: median (2|1\.9|2\.1) s", told("reply-time", timing, span)
    )
    endings = {"endings": [(days[0], "complete", 3), (days[1], "failed", 1)]}
    assert told("endings", endings, span).endswith("75 % complete (3), 25 % failed (1).")


def test_rating_without_stars_is_a_gap_and_a_dash_in_words():
    frame = table("feedback-rating", {"feedback": [(FIRST, "bug", 4, 0, 0)]})
    assert frame["stars"].isna().all()
    assert "Nobody gave stars" in told("feedback-rating", {"feedback": [(FIRST, "bug", 4, 0, 0)]})


def test_more_than_six_models_are_drawn_together_but_all_in_the_table():
    usage = [(FIRST, f"m{place:02}", 20 - place, 1, 1) for place in range(12)]
    frame = table("models", {"usage": usage})
    assert len(frame.columns) == 2 + 12
    shown = texts(render.to_svg(CHARTS["models"].draw(frame, MONTH, LIGHT)))
    assert "m05" in shown
    assert "m06" not in shown
    assert "other models" in shown


def test_models_may_be_called_anything():
    names = ("start", "replies", "_x", "$\\frac$", "模型", "a\nb\x00", "=1+1", "x" * 90)
    frame = table("models", {"usage": [(FIRST, name, 3, 1, 1) for name in names]})
    assert frame["replies"].sum() == 24
    svg = render.to_svg(CHARTS["models"].draw(frame, MONTH, LIGHT))
    assert {"$\\frac$", "=1+1", "start (model)"} <= set(samples.labels(svg))
    for size in ("wide", "narrow"):
        figure = CHARTS["models"].draw(frame, MONTH, LIGHT, size)
        assert ET.fromstring(render.to_svg(figure)).tag == f"{SVG}svg"
        assert render.to_png(figure)


def test_features_are_parts_of_all_conversations_the_most_used_first():
    frame = table("features", {"features": [("all", 8), ("tags", 2), ("persona", 4), ("new", 7)]})
    assert frame["feature"].to_list()[:3] == ["Personas", "Tags", "Documents"]
    assert frame["conversations"].to_list()[:3] == [4, 2, 0]
    assert frame["share"].to_list()[:3] == [50.0, 25.0, 0.0]
    said = CHARTS["features"].describe(frame, MONTH)
    assert "Personas in 4 conversations" in said
    assert "Documents" not in said
    assert table("features", {"features": [("all", 0), ("tags", 0)]}).empty


def test_lengths_are_put_into_bins():
    frame = table("conversation-lengths", {"lengths": [(1, 2), (3, 1), (4, 1), (9000, 4)]})
    found = dict(zip(frame["messages"], frame["conversations"], strict=True))
    assert found["1"] == 2
    assert found["2"] == 0
    assert found["3–4"] == 2
    assert found["over 128"] == 4
    assert frame["share"].sum() == pytest.approx(100, abs=0.5)


def test_an_unknown_ending_is_refused():
    with pytest.raises(ValueError, match="an ending is"):
        table("endings", {"endings": [(FIRST, "exploded", 1)]})


def test_one_outlier_is_cut_and_told():
    counts = [(day, 3) for day in samples.days(29)] + [(date(2026, 3, 30), 90_000)]
    figure = CHARTS["signups"].draw(table("signups", {"signups": counts}), MONTH, LIGHT)
    assert figure.axes[0].get_ylim()[1] < 10
    assert "90,000 ↑" in texts(render.to_svg(figure))


def test_active_people_of_a_week_are_a_mean_and_its_last_day():
    days = samples.days(7, date(2026, 3, 2))
    rows = {"active": [(day, place, 10 + place, 20 + place) for place, day in enumerate(days)]}
    frame = table("active", rows, Span(days[0], days[-1], "week"))
    assert frame.iloc[0].to_list()[1:] == [3, 16, 26]


def test_users_begin_with_those_from_before():
    frame = table("users", {"signups": [(FIRST, 2), (FIRST - timedelta(days=1), 99)]})
    assert frame["users"].iloc[0] == 342


def test_a_single_model_is_named_too():
    frame = table("models", {"usage": [(FIRST, "the only one", 3, 1, 1)]})
    assert "the only one" in texts(render.to_svg(CHARTS["models"].draw(frame, MONTH, LIGHT)))
