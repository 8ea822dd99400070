"""How often readers get what the engine has written. Knows no reader."""

from __future__ import annotations

from typing import Final

TICK_SECONDS: Final = 0.03
WIDEST_TICK_SECONDS: Final = 0.1
STREAMS_PER_TICK: Final = 16


def tick(streams: int) -> float:
    """Return the seconds between two packets of one stream: with more streams each waits longer."""
    return min(max(streams / STREAMS_PER_TICK, 1.0) * TICK_SECONDS, WIDEST_TICK_SECONDS)
