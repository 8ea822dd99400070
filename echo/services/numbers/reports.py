"""Numbers for administrators, kept for seconds, and where a UTC day begins. Knows no charts."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Final

from echo.extensions import cache
from echo.services.numbers.cards import Card, all_cards

KEPT_SECONDS: Final = 10
USUAL_DAYS: Final = 30


@cache.memoize(timeout=KEPT_SECONDS)
def cards(days: int = USUAL_DAYS) -> list[Card]:
    """Return each card: its value in the last `days` UTC days, that of the `days` before, and each day's.

    Values are as old as the last refresh of the rollups, a minute while Echo serves.
    """
    return all_cards(days)


def midnight(day: date) -> datetime:
    """Return the moment at which a UTC day begins."""
    return datetime.combine(day, time(), UTC)
