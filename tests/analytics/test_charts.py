"""Figures can be drawn for every range, follow the look, and come out as SVG and PNG."""

import re
import xml.etree.ElementTree as ET
from datetime import date, timedelta

import pandas as pd
import pytest
from matplotlib.colors import to_hex

from analytics import charts, frames, measures, render, span, style
from analytics.charts import scales
from tests.analytics import samples

DARK = style.Look(
    surface="#1d1722", text="#ece8ef", faint="#a298aa", line="#2b2432", mark="#ec6fc4"
)
FIRST = date(2026, 1, 1)
NOTHING = "Nobody came."


def drawn(counts, step="day", size="wide"):
    rows = [(FIRST + timedelta(days=offset), count) for offset, count in enumerate(counts)]
    daily = samples.daily_counts(rows, FIRST, FIRST + timedelta(days=len(counts) - 1))
    return charts.bars(measures.per_step(daily, step), step, DARK, NOTHING, size=size)


def boxes(figure):
    """Return bottom, top and width of each bar."""
    extents = [path.get_extents() for path in figure.axes[0].collections[0].get_paths()]
    return [(box.y0, box.y1, box.width) for box in extents]


@pytest.mark.parametrize(("days", "step"), [(1, "day"), (7, "day"), (90, "day"), (366, "week")])
@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_every_range_gets_its_bars(days, step, size):
    figure = drawn([3] * days, step, size)
    assert sum(high - low for low, high, _width in boxes(figure)) == 3 * days
    assert ET.fromstring(render.to_svg(figure)).tag.endswith("svg")


def test_an_empty_range_says_so_instead_of_showing_nothing():
    assert NOTHING in samples.labels(render.to_svg(drawn([0, 0, 0])))
    assert NOTHING not in samples.labels(render.to_svg(drawn([0, 1, 0])))


def test_one_day_is_a_slim_bar_with_its_number_and_date():
    figure = drawn([12345])
    low, high = figure.axes[0].get_xlim()
    assert boxes(figure)[0][2] < (high - low) / 4
    assert {"12,345", "Jan 1"} <= set(samples.labels(render.to_svg(figure)))


def test_heights_are_whole_numbers():
    figure = drawn([1, 0, 1])
    figure.canvas.draw()
    assert all(float(tick).is_integer() for tick in figure.axes[0].get_yticks())


def test_the_look_is_used():
    figure = drawn([1, 2])
    assert to_hex(figure.axes[0].collections[0].get_facecolor()[0]) == DARK.mark
    svg = render.to_svg(figure)
    assert DARK.surface.encode() in svg
    assert b"#000000" not in svg


def test_svg_is_the_same_each_time_and_needs_no_face_of_its_viewer():
    svg = render.to_svg(drawn([1, 2]))
    assert svg == render.to_svg(drawn([1, 2]))
    assert b"<text" not in svg
    assert b"font-family" not in svg


def test_a_title_is_drawn_when_there_is_one():
    daily = samples.daily_counts([(FIRST, 1)], FIRST, FIRST)
    assert "Who came" in samples.labels(
        render.to_svg(charts.bars(daily, "day", DARK, "", title="Who came"))
    )


def test_png():
    png = render.to_png(drawn([1, 2]))
    assert png.startswith(b"\x89PNG")
    assert len(png) > 5_000


@pytest.mark.slow
@pytest.mark.parametrize(("size", "most"), [("wide", 10), ("narrow", 6)])
@pytest.mark.parametrize("step", ["day", "week", "month"])
@pytest.mark.parametrize("days", [1, 9, 30, 92, 366, 800, 3653, 36_500])
def test_dates_are_few_and_short(days, step, size, most):
    starts = measures.starts(span.Span(FIRST, FIRST + timedelta(days=days - 1), step))
    sheet = charts.Sheet(DARK, size)
    figure = charts.single(pd.Series(1, index=starts), step, sheet)
    figure.draw_without_rendering()
    axis = figure.axes[0].xaxis
    places, ticks = scales.places_of(starts), axis.get_ticklocs()
    assert min(2, len(starts)) <= len(ticks) <= most
    assert all(places[0] <= tick <= places[-1] and tick == int(tick) for tick in ticks)
    labels = [label.get_text() for label in axis.get_ticklabels()]
    assert all(0 < len(line) <= 6 for label in labels for line in label.split("\n"))
    shown = " ".join([*labels, axis.get_offset_text().get_text()])
    assert re.search(r"\b2[01]\d\d\b", shown)


def test_colours_of_a_look_that_names_five_are_made_of_them():
    assert len(set(DARK.series)) == 6
    assert all(style.contrast(colour, DARK.surface) > 2 for colour in DARK.series)
    with pytest.raises(ValueError, match="a colour is"):
        style.Look(surface="white", text="#000000", faint="#000000", line="#000000", mark="#000000")


def test_contrast_is_that_of_wcag():
    assert style.contrast("#ffffff", "#000000") == pytest.approx(21)
    assert style.mixed("#000000", "#ffffff", 0.5) == "#808080"


@pytest.mark.parametrize("size", ["wide", "narrow"])
@pytest.mark.parametrize("letter", ["i", "n", "W", "模"])
def test_a_legend_lies_within_its_figure(letter, size):
    values = pd.Series(1, index=frames.days_of(FIRST, FIRST + timedelta(days=9)))
    columns = [(letter * 30 + str(place), values, DARK.mark) for place in range(6)]
    figure = charts.stacked(columns, "day", charts.Sheet(DARK, size))
    with render.drawing():
        figure.draw_without_rendering()
        legend = figure.axes[0].get_legend().get_window_extent()
    assert 0 <= legend.x0 < legend.x1 <= figure.bbox.width


def test_a_lonely_point_between_gaps_is_a_dot():
    values = pd.Series(3.0, index=frames.days_of(FIRST, FIRST + timedelta(days=39)))
    values.iloc[[4, 6, 38]] = None
    figure = charts.lines([("a", values, DARK.mark)], "day", charts.Sheet(DARK))
    assert figure.axes[0].lines[0].get_markevery() == [5, 39]


def test_pyplot_knows_no_figure():
    from matplotlib import pyplot

    render.to_png(drawn([1, 2]))
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize(
    ("highest", "labels"),
    [(3, "0 1 2 3"), (1400, "0 500_ms 1_s 1.5_s"), (90_000, "0 30_s 1_min 1_min_30_s"),
     (4e6, "0 15_min 30_min 45_min 1_h"), (1e12, None)],
)  # fmt: skip
def test_durations_have_round_steps(highest, labels):
    ticks = scales.duration_ticks(highest)
    assert 2 <= len(ticks) <= 6
    named = " ".join(scales.FORMS["ms"](tick).replace(" ", "_") for tick in ticks)
    assert labels is None or named == labels.replace("1 2 3", "1_ms 2_ms 3_ms")
