"""The monthly report: every chart on its pages, the same bytes each time, an empty month too."""

import math
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
PAGES = 1 + math.ceil(len(CHARTS) / report.PER_PAGE)


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
    assert report.monthly("Echo", FIRST, CARDS, {}, LIGHT, names=names).pages == 3
    with pytest.raises(ValueError, match="no chart nonsense"):
        report.monthly("Echo", FIRST, [], {}, LIGHT, names=["nonsense"])


@pytest.mark.parametrize(
    ("day", "last"), [(date(2026, 2, 9), 28), (date(2028, 2, 29), 29), (date(2026, 12, 31), 31)]
)
def test_the_days_of_a_month(day, last):
    span = report.month_of(day, 7)
    assert (span.first.day, span.last.day, span.before) == (1, last, 7)
