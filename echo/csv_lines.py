"""Lines of CSV, the one way in which tables leave Echo. Knows no table and nobody who asks."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from echo.clock import iso
from echo.text import storable

RUN_BY_SPREADSHEETS: Final = "=+-@"
"""Signs that begin a formula, also in their wide, small and raised forms."""
BREAKS: Final = ("\t", "\r", "\n")
UNSEEN: Final = ("C", "Z", "M")
"""Categories of what some spreadsheets drop before they look: controls, spaces, marks on nothing."""
FILLERS: Final = "\u115f\u1160\u3164\uffa0\u2800"
"""Letters by their category that show nothing."""


MARK: Final = "\ufeff"
"""By which Excel knows that a file is UTF-8; without it "é" is shown as two other letters."""


def heading(names: Iterable[str]) -> str:
    """Return what a file of CSV begins with: its encoding's mark and the names of its columns."""
    return MARK + lines([names])


def lines(rows: Iterable[Iterable[Any]]) -> str:
    """Return the rows as CSV: times in UTC, lists and objects as texts, None as nothing.

    A text that a spreadsheet would run as a formula gets an apostrophe before it. Every text is quoted, for
    where a semicolon or a tab parts cells, one inside a text would begin a cell of its own.
    Source: OWASP, "CSV Injection".
    """
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC).writerows(
        [_cell(value) for value in row] for row in rows
    )
    return buffer.getvalue()


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    text = json.dumps(value) if isinstance(value, dict) else storable(str(value))
    return f"'{text}" if is_run_by_spreadsheets(text) else text


def is_run_by_spreadsheets(text: str) -> bool:
    """Tell whether a cell begins a formula, or would once what nobody sees before it is dropped."""
    first = next((char for char in text if _is_seen(char)), "")
    sign = unicodedata.normalize("NFKC", first)
    return text.startswith(BREAKS) or (sign != "" and sign in RUN_BY_SPREADSHEETS)


def _is_seen(char: str) -> bool:
    return unicodedata.category(char)[0] not in UNSEEN and char not in FILLERS
