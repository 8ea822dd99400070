"""Rollups: sums kept ready for charts, made from the rows of people, messages, ratings and feedback.

They count every row that exists, also those of a deleted conversation until it is gone for good. They
know no chart.
"""

from echo.services.numbers.rollups.refreshing import rebuild, refresh
from echo.services.numbers.rollups.stale import mark_messages, mark_person, mark_stale

__all__ = ["mark_messages", "mark_person", "mark_stale", "rebuild", "refresh"]
