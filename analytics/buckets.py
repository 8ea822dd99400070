"""Histograms of times and speeds, in buckets five per cent wide: what is read back is within 2.5 %.

It needs nothing beyond the standard library: whoever counts uses it as well as whoever draws.
"""

from __future__ import annotations

import math
from typing import Final

RATIO: Final = 1.05


def bucket_of(value: float) -> int:
    """Return the bucket of a value; everything below 1 is in the first one, 0."""
    return round(math.log(value) / math.log(RATIO)) if value >= 1 else 0


def value_of(bucket: int) -> float:
    """Return the middle of a bucket."""
    return RATIO**bucket
