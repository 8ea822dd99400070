"""The monthly report: every chart on its pages, the same bytes each time, an empty month too."""

import re
from datetime import date

import pytest

from analytics import report
from analytics.cards import Card
from analytics.catalogue import CHARTS
from tests.analytics import samples
from tests.analytics.samples import FIRST, LIGHT

CARDS = [
    Card("Accounts", 340, 300, rise="good", note="in all"),
    Card("Replies", 1200, 0),
    Card("Median $wait$", None, form="ms"),
]
PAGES = 1 + len(CHARTS) // report.PER_PAGE


def pages_in(content):
    return len(re.findall(rb"/Type /Page\b", content))


@pytest.mark.slow
def test_a_month_is_the_same_pdf_each_time():
    first, second = (
        report.monthly("Echo", FIRST, CARDS, samples.rows(31), LIGHT, before=5) for _ in range(2)
    )
    assert first == second
    assert first.content.startswith(b"%PDF")
    assert b"CreationDate" not in first.content
    assert first.pages == pages_in(first.content) == PAGES


def test_an_empty_month():
    found = report.monthly("Echo", date(2026, 2, 28), [], {}, LIGHT)
    assert found.pages == pages_in(found.content) == PAGES


def test_some_charts():
    names = ["signups", "hours", "endings"]
    assert report.monthly("Echo", FIRST, CARDS, {}, LIGHT, names=names).pages == 2
    with pytest.raises(ValueError, match="no chart nonsense"):
        report.monthly("Echo", FIRST, [], {}, LIGHT, names=["nonsense"])


@pytest.mark.parametrize("count", range(1, len(CHARTS) + 1))
def test_no_page_is_half_empty(count):
    charts = list(CHARTS.values())[:count]
    pages = report._shared(charts)
    assert [chart for page in pages for chart in page] == charts
    assert count == 1 or all(len(page) in (2, 3) for page in pages)
    assert all(len(page) == 2 for page in pages[:-1])


def test_the_title_page_is_filled_with_what_the_report_holds():
    """Below the cards stands each chart with the page on which it is found."""
    shared = report._shared(list(CHARTS.values())[:19])
    page = report._title_page("Echo", report.month_of(FIRST), CARDS, LIGHT)
    report._draw_contents(page, shared, LIGHT)
    said = [text.get_text() for text in page.texts]
    said = said[said.index("In this report") :]
    for number, charts in enumerate(shared, start=2):
        for chart in charts:
            assert said[said.index(chart.title) + 1] == str(number)
    lowest = min(text.get_position()[1] for text in page.texts)
    assert report.BOTTOM < lowest < 0.25


@pytest.mark.parametrize(
    ("day", "last"), [(date(2026, 2, 9), 28), (date(2028, 2, 29), 29), (date(2026, 12, 31), 31)]
)
def test_the_days_of_a_month(day, last):
    span = report.month_of(day, 7)
    assert (span.first.day, span.last.day, span.before) == (1, last, 7)
