"""What a picture says of itself: where each line of its table lies, and the line's values in words."""

import itertools
import re
import xml.etree.ElementTree as ET
from datetime import date, timedelta

import pytest

from analytics import render, words
from analytics.catalogue import CHARTS, Span
from analytics.charts import spots
from analytics.style import INCHES
from tests.analytics import samples
from tests.analytics.samples import FIRST, LIGHT

MONTH = Span(FIRST, date(2026, 3, 30), "day", before=340)
SVG = "{http://www.w3.org/2000/svg}"


def drawn(name, rows=None, span=MONTH, size="wide"):
    """Return a chart's table, its figure after it was drawn, and the spots."""
    chart = CHARTS[name]
    frame = chart.prepare(
        {**samples.nothing(), **(samples.rows(30) if rows is None else rows)}, span
    )
    figure = chart.draw(frame, span, LIGHT, size)
    svg = render.to_svg(figure)
    return frame, svg, chart.spots(figure, frame, span)


def said(name, frame, spot, span=MONTH):
    return CHARTS[name].read(frame, span, spot)


@pytest.mark.parametrize("size", ["wide", "narrow"])
@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_can_be_read_within_its_picture(name, size):
    frame, _svg, found = drawn(name, size=size)
    assert found
    for spot in found:
        assert -0.001 <= spot.left <= spot.left + spot.width <= 1.001
        assert -0.001 <= spot.top <= spot.top + spot.height <= 1.001
        assert spot.width > 0.002
        assert spot.height > 0.01
        heading, *values = said(name, frame, spot)
        assert heading
        assert all(": " in value for value in values)
    if CHARTS[name].parts in ("days", "bins"):
        assert [spot.line for spot in found] == list(range(len(frame)))
        assert all(one.left < other.left for one, other in itertools.pairwise(found))


@pytest.mark.parametrize("name", CHARTS)
def test_a_picture_that_only_says_a_sentence_has_no_places(name):
    _frame, _svg, found = drawn(name, {}, Span(FIRST, FIRST + timedelta(days=2)))
    if name not in ("signups", "users"):  # an empty scale with its days, and a level line
        assert found == []


def test_a_bar_lies_where_its_spot_is():
    rows = [(FIRST + timedelta(days=place), 7 if place == 12 else 0) for place in range(30)]
    _frame, svg, found = drawn("signups", {"signups": rows})
    corners = r'id="PolyCollection_1".*?d="M ([\d.]+) .*?L ([\d.]+) .*?L ([\d.]+)'
    bar = re.search(corners, svg.decode(), re.DOTALL)
    left, right = sorted(float(bar.group(place)) / (72 * INCHES["wide"][0]) for place in (1, 3))
    spot = found[12]
    assert spot.left < left < right < spot.left + spot.width
    assert spot.left + spot.width / 2 == pytest.approx((left + right) / 2, abs=0.002)


def test_values_are_said_with_their_units():
    frame, _svg, found = drawn("first-token")
    heading, *values = said("first-token", frame, found[0])
    assert heading == "March 1, 2026"
    assert values[0] == f"Median: {words.duration(frame['p50'][0])}"
    assert values[-1] == f"Replies: {int(frame['count'][0]):,}"
    frame, _svg, found = drawn("hours")
    monday = next(spot for spot in found if spot.line == 0 and spot.column == "h09")
    assert said("hours", frame, monday) == ["Monday", f"09:00: {frame['h09'][0]:,} questions"]
    frame, _svg, found = drawn("satisfaction")
    part = words.percent(frame["share"][3] / 100)
    assert said("satisfaction", frame, found[3])[1] == f"Thumbs up: {part}"


def test_retention_names_its_week_and_leaves_out_what_is_ahead():
    span = Span(FIRST, FIRST + timedelta(days=69), "week")
    rows = samples.rows(70)
    frame, _svg, found = drawn("retention", rows, span)
    assert len({(spot.line, spot.column) for spot in found}) == len(found)
    last = [spot for spot in found if spot.line == len(frame) - 1]
    first = [spot for spot in found if spot.line == 0]
    assert len(last) < len(first)
    heading, value = said("retention", frame, first[1], span)
    assert heading.startswith("Week from ")
    assert re.fullmatch(r"Week 1: [\d.]+ %", value)


def test_of_many_series_those_that_are_not_nothing_are_said():
    day = FIRST
    usage = [(day, f"model-{place}", 5 if place in (3, 9) else 0, 1, 1) for place in range(12)]
    frame, _svg, found = drawn("models", {"usage": usage}, Span(day, day))
    assert said("models", frame, found[0], Span(day, day))[1:] == [
        "Replies: 10", "model-3: 5", "model-9: 5",
    ]  # fmt: skip


def test_the_picture_brings_its_places_and_hostile_names_stay_text():
    evil = '</title><script>alert("1")</script>'
    rows = {"top_users": [(evil, 7, 70, 700), ("ada", 3, 30, 300)]}
    frame, svg, found = drawn("top-users", rows)
    whole = spots.written_into(
        svg, found, lambda spot: said("top-users", frame, spot), INCHES["wide"]
    )
    boxes = ET.fromstring(whole).findall(f".//{SVG}g[@id='values']/{SVG}rect")
    assert [box.get("data-line") for box in boxes] == ["0", "1"]
    titles = [box.findtext(f"{SVG}title").split("\n") for box in boxes]
    assert titles[0][:2] == [evil, "Questions: 7"]
    assert titles[1][0] == "ada"
    assert ET.fromstring(whole).findall(f".//{SVG}script") == []
