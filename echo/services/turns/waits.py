"""How long the answers in the making have waited by now. Knows neither why nor for whom."""

from __future__ import annotations

from typing import NamedTuple

from echo.services.turns.live_call import LiveCall
from echo.services.turns.live_turn import LiveTurn
from echo.services.turns.turns import Turns


class Waits(NamedTuple):
    """Of all answers without a first word the longest wait, in seconds; 0 where nobody waits."""

    slot: float
    first_word: float


def longest(turns: Turns) -> Waits:
    """Return the longest waits of this moment: they rise while all else stands still."""
    live: list[LiveTurn | LiveCall] = [*turns.live.values(), *turns.calls.live.values()]
    waiting = [(one, one.waited) for one in live if one.waited is not None]
    return Waits(
        max((seconds or 0.0 for one, seconds in waiting if one.is_queued), default=0.0),
        max((seconds or 0.0 for _, seconds in waiting), default=0.0),
    )
