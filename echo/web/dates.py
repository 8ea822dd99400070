"""Days and months in words, in the language of whoever reads the page. Knows no page."""

from __future__ import annotations

from datetime import date
from typing import Final

from babel.dates import format_skeleton
from flask_babel import get_locale

from echo.languages import USUAL, format_date, here

DAY_IN_ENGLISH: Final = "d MMMM y"
"""Day first: what Babel takes for long in English is the American order."""


def day(moment: date) -> str:
    """Return "28 November 2026"."""
    return str(format_date(moment, DAY_IN_ENGLISH if here().code == USUAL else "long"))


def month(moment: date) -> str:
    """Return "November 2026"."""
    return str(format_skeleton("yMMMM", moment, locale=get_locale()))
