"""When demo people come back: many never, most for some weeks, a few for good. Knows no rows."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Final

from demo.times import DAY, Calendar

FIRST_TALKS: Final = 0.45  # at most so much of all talk is somebody's first
TRIES_IT: Final = 0.85  # of those who sign up
GONE: Final = 0.40  # never come back after their first day
LOYAL: Final = 0.14
WEEKS_OF_MOST: Final = 21 * DAY
YEARS_OF_LOYAL: Final = 400 * DAY


def visits(
    people: Sequence[tuple[int, float]], count: int, calendar: Calendar, rng: random.Random
) -> Iterator[tuple[float, int]]:
    """Yield about `count` beginnings of talks as (time, person), in no order."""
    first = min(TRIES_IT, FIRST_TALKS * count / len(people))
    stays = [_stay(moment, calendar.last, rng) for _person, moment in people]
    eager = [rng.paretovariate(1.6) * stay / DAY for stay in stays]
    scale = (count - first * len(people)) / max(sum(eager), 1e-9)
    for (person, joined), stay, wish in zip(people, stays, eager, strict=True):
        if rng.random() < first:
            yield min(joined + 30 + rng.expovariate(1 / 300), calendar.last), person
        for _talk in range(int(wish * scale + rng.random())):
            moment = calendar.near(joined + stay * rng.random())
            if joined < moment < calendar.last:
                yield moment, person


def _stay(joined: float, last: float, rng: random.Random) -> float:
    """Return for how many seconds somebody keeps coming, up to now."""
    kind = rng.random()
    if kind < GONE:
        return 0.0
    mean = YEARS_OF_LOYAL if kind > 1 - LOYAL else WEEKS_OF_MOST
    return min(rng.expovariate(1 / mean), last - joined)
