"""Every chart there is, in the order of the page. Knows no page: only rows, tables and figures."""

from __future__ import annotations

from typing import Final

from analytics.catalogue import features, feedback, people, speed, use
from analytics.catalogue.chart import GROUPS, STARTS, Chart, Group, Rows
from analytics.frames import WEEKDAYS
from analytics.span import Span

__all__ = ["CHARTS", "Chart", "Group", "Rows", "Span", "texts"]

CHARTS: Final[dict[str, Chart]] = {
    chart.name: chart
    for chart in (
        *people.CHARTS,
        *use.CHARTS,
        *features.CHARTS,
        *speed.CHARTS,
        *feedback.CHARTS,
    )
}


def texts() -> set[str]:
    """Return what charts say of themselves and in tables, in English, as translators have it."""
    said = {*GROUPS, *STARTS.values(), *WEEKDAYS}
    for chart in CHARTS.values():
        said.update((chart.title, chart.question, chart.formula, *chart.columns.values()))
    return said
