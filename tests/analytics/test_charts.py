"""Figures can be drawn for every range, follow the look, and come out as SVG and PNG."""

import xml.etree.ElementTree as ET
from datetime import date, timedelta

import pytest
from matplotlib.colors import to_hex

from analytics import charts, frames, measures, render, style

DARK = style.Look(
    surface="#1d1722", text="#ece8ef", faint="#a298aa", line="#2b2432", mark="#ec6fc4"
)
FIRST = date(2026, 1, 1)
NOTHING = "Nobody came."


def drawn(counts, step="day", size="wide"):
    rows = [(FIRST + timedelta(days=offset), count) for offset, count in enumerate(counts)]
    daily = frames.daily_counts(rows, FIRST, FIRST + timedelta(days=len(counts) - 1))
    return charts.bars(measures.per_step(daily, step), step, DARK, NOTHING, size=size)


def texts(svg):
    return [node.text for node in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize(("days", "step"), [(1, "day"), (7, "day"), (90, "day"), (366, "week")])
@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_every_range_gets_its_bars(days, step, size):
    figure = drawn([3] * days, step, size)
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert sum(heights) == 3 * days
    assert ET.fromstring(render.to_svg(figure)).tag.endswith("svg")


def test_an_empty_range_says_so_instead_of_showing_nothing():
    assert NOTHING in texts(render.to_svg(drawn([0, 0, 0])))
    assert NOTHING not in texts(render.to_svg(drawn([0, 1, 0])))


def test_one_day_is_a_slim_bar_with_its_number_and_date():
    figure = drawn([12345])
    low, high = figure.axes[0].get_xlim()
    assert figure.axes[0].patches[0].get_width() < (high - low) / 4
    assert {"12,345", "Jan 1"} <= set(texts(render.to_svg(figure)))


def test_heights_are_whole_numbers():
    figure = drawn([1, 0, 1])
    figure.canvas.draw()
    assert all(float(tick).is_integer() for tick in figure.axes[0].get_yticks())


def test_the_look_is_used():
    figure = drawn([1, 2])
    assert to_hex(figure.axes[0].patches[0].get_facecolor()) == DARK.mark
    svg = render.to_svg(figure)
    assert DARK.surface.encode() in svg
    assert b"#000000" not in svg


def test_svg_is_the_same_each_time_and_has_real_text():
    svg = render.to_svg(drawn([1, 2]))
    assert svg == render.to_svg(drawn([1, 2]))
    assert b"system-ui" in svg


def test_a_title_is_drawn_when_there_is_one():
    daily = frames.daily_counts([(FIRST, 1)], FIRST, FIRST)
    assert "Who came" in texts(render.to_svg(charts.bars(daily, "day", DARK, "", title="Who came")))


def test_png():
    png = render.to_png(drawn([1, 2]))
    assert png.startswith(b"\x89PNG")
    assert len(png) > 5_000
