"""Lines of CSV, the one way in which tables leave Echo. Knows no table and nobody who asks."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from echo.clock import iso
from echo.text import storable

RUN_BY_SPREADSHEETS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def lines(rows: Iterable[Iterable[Any]]) -> str:
    """Return the rows as CSV: times in UTC, lists and objects as texts, None as nothing.

    A text that a spreadsheet would run as a formula gets an apostrophe before it.
    Source: OWASP, "CSV Injection".
    """
    buffer = io.StringIO()
    csv.writer(buffer).writerows([_cell(value) for value in row] for row in rows)
    return buffer.getvalue()


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    text = json.dumps(value) if isinstance(value, dict) else storable(str(value))
    return f"'{text}" if text.startswith(RUN_BY_SPREADSHEETS) else text
