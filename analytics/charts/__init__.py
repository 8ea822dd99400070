"""Frames become figures, one function for each kind of chart. Knows no question that they answer."""

from analytics.charts.columns import bars, shares, single, stacked
from analytics.charts.grids import heat
from analytics.charts.lines import area, band, lines, rated
from analytics.charts.ranks import histogram, ranks
from analytics.charts.sheet import Sheet

__all__ = [
    "Sheet", "area", "band", "bars", "heat", "histogram", "lines", "ranks", "rated", "shares", "single",
    "stacked",
]  # fmt: skip
