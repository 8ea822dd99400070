"""The range of a chart: its days and the step it is read by. Knows no rows and draws nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

Step = Literal["day", "week", "month"]

STEPS: Final[tuple[Step, ...]] = ("day", "week", "month")
DAYS_SHOWN_SINGLY: Final = 92
DAYS_SHOWN_BY_WEEK: Final = 2 * 366


def fitting_step(first: date, last: date) -> Step:
    """Return the step that gives a chart of the range neither too many bars nor too few."""
    days = (last - first).days + 1
    if days <= DAYS_SHOWN_SINGLY:
        return "day"
    return "week" if days <= DAYS_SHOWN_BY_WEEK else "month"


@dataclass(frozen=True)
class Span:
    """The days from `first` to `last`, both included, read by day, week (from Monday) or month.

    `before` is how many accounts there were before `first`: running totals begin with it.

    Raises:
        ValueError: `last` is before `first`, the step is unknown or `before` is negative.
    """

    first: date
    last: date
    step: Step = "day"
    before: int = 0

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"the range ends ({self.last}) before it begins ({self.first})")
        if self.step not in STEPS:
            raise ValueError(f"a step is {', '.join(STEPS)}; not {self.step!r}")
        if self.before < 0:
            raise ValueError("there cannot be less than nobody before the range")

    @classmethod
    def fitting(cls, first: date, last: date, before: int = 0) -> Span:
        """Return the range with the step that suits its length."""
        return cls(first, last, fitting_step(first, last), before)
