"""Believable times from a seed: growth, weekdays, seasons, hours; written as databases read them.

It knows no tables. Times are seconds since 1970, as floats: they are made by the million.
"""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime
from itertools import accumulate
from typing import Final

DAY: Final = 86400
CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PAIRS: Final = tuple(a + b for a in CROCKFORD for b in CROCKFORD)
HOURS: Final = (
    2, 1, 1, 1, 1, 2, 4, 7, 10, 12, 12, 11, 10, 11, 12, 12, 11, 10, 10, 11, 12, 11, 8, 4,
)  # fmt: skip
WEEKEND: Final = 0.62
GROWTH: Final = 0.7  # the daily number grows with this power of the time since the beginning
TRIES: Final = 4


class Calendar:
    """Draws times from `first` to `last`: more of them later on, by day, and on working days."""

    def __init__(self, first: float, last: float, rng: random.Random) -> None:
        self.first, self.last, self._rng = first, last, rng
        days = range(int(first // DAY), int(last // DAY) + 1)
        self._liveliness = {day: _weekday(day) * _season(day) for day in days}
        growth = [((day - days.start + 1) / len(days)) ** GROWTH for day in days]
        self._days = days
        self._by_day = list(
            accumulate(a * b for a, b in zip(growth, self._liveliness.values(), strict=True))
        )
        self._by_hour = list(accumulate(HOURS))

    def moments(self, count: int) -> list[float]:
        """Return `count` times in order."""
        found: list[float] = []
        while len(found) < count:
            days = self._rng.choices(self._days, cum_weights=self._by_day, k=count - len(found))
            found += filter(self._is_inside, map(self._within, days))
        return sorted(found)

    def near(self, moment: float) -> float:
        """Return a time on about that day, if it is a lively one, at a lively hour."""
        rng = self._rng
        for _try in range(TRIES):
            day = int(moment // DAY)
            if rng.random() < self._liveliness.get(day, 0):
                break
            moment += DAY * (rng.random() - 0.5) * 4
        return self._within(int(moment // DAY))

    def _within(self, day: int) -> float:
        hour = self._rng.choices(range(24), cum_weights=self._by_hour)[0]
        return day * DAY + (hour + self._rng.random()) * 3600

    def _is_inside(self, moment: float) -> bool:
        return self.first <= moment <= self.last


def _weekday(day: int) -> float:
    return WEEKEND if (day + 3) % 7 >= 5 else 1.0


def _season(day: int) -> float:
    """Return less in July and August and around the turn of the year."""
    of_year = (day % 365.25) / 365.25
    summer = math.exp(-(((of_year - 0.58) / 0.07) ** 2))
    winter = math.exp(-((min(of_year, 1 - of_year) / 0.025) ** 2))
    return 1 - 0.3 * summer - 0.4 * winter


class TimeTexts:
    """Writes times as SQLite keeps them, which PostgreSQL reads too: quickly, since days repeat."""

    def __init__(self) -> None:
        self._days: dict[int, str] = {}

    def __call__(self, moment: float) -> str:
        whole = int(moment)
        day, second = divmod(whole, DAY)
        text = self._days.get(day)
        if text is None:
            text = self._days[day] = f"{datetime.fromtimestamp(day * DAY, UTC):%Y-%m-%d}"
        hour, second = divmod(second, 3600)
        minute, second = divmod(second, 60)
        return f"{text} {hour:02}:{minute:02}:{second:02}.{int((moment - whole) * 1_000_000):06}"


def ulid(moment: float, rng: random.Random) -> str:
    """Return an id that sorts by `moment`."""
    bits = int(moment * 1000) << 80 | rng.getrandbits(80)
    p = PAIRS
    # thirteen pairs of characters, ten bits each, the highest first
    return (
        p[bits >> 120] + p[bits >> 110 & 1023] + p[bits >> 100 & 1023] + p[bits >> 90 & 1023]
        + p[bits >> 80 & 1023] + p[bits >> 70 & 1023] + p[bits >> 60 & 1023]
        + p[bits >> 50 & 1023] + p[bits >> 40 & 1023] + p[bits >> 30 & 1023]
        + p[bits >> 20 & 1023] + p[bits >> 10 & 1023] + p[bits & 1023]
    )  # fmt: skip
