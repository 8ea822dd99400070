"""What a card shows: a number, its change against the period before, and a sparkline's points.

It needs no pandas, so that a page may use it while it is made; it does not know what is counted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from analytics import words
from analytics.language import gettext

Form = Literal["count", "share", "stars", "ms"]
Rise = Literal["good", "bad", "neutral"]

LARGEST_PERCENT: Final = 10.0  # +1000 %; beyond it nobody reads a per cent as a size


@dataclass(frozen=True)
class Change:
    """A number and the same number one period earlier; `relative` is 0.25 for a quarter more.

    `relative` is None where there is nothing to compare with: either is absent, or it was 0.
    """

    value: float | None
    previous: float | None
    relative: float | None


def change(value: float | None, previous: float | None) -> Change:
    """Compare a number with that of the period before; NaN counts as absent."""
    now, earlier = _known(value), _known(previous)
    if now is None or not earlier:
        return Change(now, earlier, None)
    return Change(now, earlier, (now - earlier) / abs(earlier))


def _known(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


@dataclass(frozen=True)
class Card:
    """A number with its name. `form`: how it is written (`share` is 0 to 1, `ms` milliseconds).

    `rise` says whether more of it is good, bad or neither; `note` explains the number, `series` holds it
    for each day, `key` is its name among programs.
    """

    name: str
    value: float | None
    previous: float | None = None
    form: Form = "count"
    rise: Rise = "neutral"
    note: str = ""
    key: str = ""
    series: Sequence[float | None] = ()

    @property
    def text(self) -> str:
        """The number as a person writes it; "–" where it is unknown."""
        return words.formed(self.value, self.form)

    @property
    def change_text(self) -> str:
        """The change in words: "+12 % (from 40)", "×31 (from 2)", "+3 points (from 80 %)".

        It says so where there is none to tell.
        """
        moved = change(self.value, self.previous)
        if moved.previous is None or moved.value is None:
            return gettext("nothing to compare with")
        before = words.formed(moved.previous, self.form)
        if moved.relative is None:
            return gettext("from %(before)s", before=before)
        if self.form == "share":
            size = words.points(moved.value - moved.previous)
        elif moved.relative > LARGEST_PERCENT:
            size = f"×{words.number(round(moved.value / moved.previous))}"
        else:
            size = words.signed(moved.relative)
        return gettext("%(change)s (from %(before)s)", change=size, before=before)

    @property
    def verdict(self) -> Rise:
        """Whether the change is good, bad or neither."""
        relative = change(self.value, self.previous).relative
        if not relative or self.rise == "neutral":
            return "neutral"
        return "good" if (relative > 0) == (self.rise == "good") else "bad"

    def points(self, width: float, height: float) -> str:
        """Return the sparkline as SVG's polyline takes it; "" where there is none."""
        return " ".join(f"{x},{y}" for x, y in sparkline(self.series, width, height, 2))


def sparkline(
    values: Sequence[float | None], width: float, height: float, inset: float = 1.0
) -> list[tuple[float, float]]:
    """Return the points of a line through the values in a box of this size, y downwards.

    0 is the bottom (or the least value, if it is lower). One value is a level line, equal values
    too; absent ones (None, NaN) are skipped, with none at all there are no points.
    """
    known = [
        (place, value) for place, each in enumerate(values) if (value := _known(each)) is not None
    ]
    if len(known) == 1:
        known = [(0, known[0][1]), (max(len(values) - 1, 1), known[0][1])]
    if not known:
        return []
    low, high = min(0.0, *(v for _p, v in known)), max(v for _p, v in known)
    across = (width - 2 * inset) / max(len(values) - 1, 1)
    up = (height - 2 * inset) / (high - low) if high > low else 0.0
    return [
        (round(inset + place * across, 2), round(height - inset - (value - low) * up, 2))
        for place, value in known
    ]
