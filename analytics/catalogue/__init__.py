"""Every chart there is, in the order of the page. Knows no page: only rows, tables and figures."""

from __future__ import annotations

from typing import Final

from analytics.catalogue import feedback, people, speed, use
from analytics.catalogue.chart import Chart, Group, Rows
from analytics.span import Span

__all__ = ["CHARTS", "Chart", "Group", "Rows", "Span"]

CHARTS: Final[dict[str, Chart]] = {
    chart.name: chart for chart in (*people.CHARTS, *use.CHARTS, *speed.CHARTS, *feedback.CHARTS)
}
