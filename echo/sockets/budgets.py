"""How much a connection may send, and all of one network together. Knows nothing of what is sent."""

from __future__ import annotations

import time
from functools import lru_cache

from echo import hub
from echo.limits import (
    SOCKET_BURST_BYTES,
    SOCKET_BYTES_A_SECOND,
    SOCKET_FRAME_COST,
    SOCKET_NETWORK_SHARE,
)

NETWORKS_REMEMBERED = 4096


class Bucket:
    """A budget that fills up again: so many a second, up to `burst`."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._left, self._at = burst, time.monotonic()

    def room(self) -> bool:
        """Spend one if it is there; tell whether it was."""
        if self.take(0) or self._left < 1:
            return False
        self._left -= 1
        return True

    def take(self, amount: float) -> float:
        """Spend so much, also what is not there yet; return the seconds until it is."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate) - amount
        self._at = now
        return max(0.0, -self._left / self._rate)


@lru_cache(maxsize=NETWORKS_REMEMBERED)
def of_network(network: str) -> Bucket:
    """Return the budget of a network, the same one for as long as it is remembered."""
    share = SOCKET_NETWORK_SHARE
    return Bucket(SOCKET_BYTES_A_SECOND * share, SOCKET_BURST_BYTES * share)


class Purse:
    """What one connection pays from: its own budget and its network's."""

    def __init__(self, network: str) -> None:
        self._own = Bucket(SOCKET_BYTES_A_SECOND, SOCKET_BURST_BYTES)
        self._networks = of_network(network)

    def pay(self, size: int) -> None:
        """Wait until both have so many bytes, or a frame's least cost; others run meanwhile."""
        cost = max(size, SOCKET_FRAME_COST)
        hub.sleep(max(self._own.take(cost), self._networks.take(cost)))
