"""Who waits for a place: owners take turns. It does not know what they wait for."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar

from .request import GenerationRequest


class Waiter(Protocol):
    """Whatever stands in the line for a request."""

    @property
    def request(self) -> GenerationRequest: ...


W = TypeVar("W", bound=Waiter)


class WaitingLine(Generic[W]):
    """Requests that wait: owners take turns, each owner's own are served in order."""

    def __init__(self) -> None:
        self._owners: OrderedDict[str, deque[W]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def of_owner(self, owner: str) -> int:
        return len(self._owners.get(owner, ()))

    def add(self, waiter: W) -> None:
        self._owners.setdefault(waiter.request.owner, deque()).append(waiter)
        self._count += 1

    def put_back(self, waiter: W) -> None:
        """First of its owner's own, but its owner's turn has been."""
        own = self._owners.setdefault(waiter.request.owner, deque())
        own.appendleft(waiter)
        self._owners.move_to_end(waiter.request.owner)
        self._count += 1

    def owners(self) -> Iterable[str]:
        return self._owners.keys()

    def pop_of(self, owner: str) -> W | None:
        """The first of this owner, out of turn."""
        if owner not in self._owners:
            return None
        self._owners.move_to_end(owner, last=False)
        return self.pop()

    def pop(self) -> W | None:
        if not self._owners:
            return None
        owner, own = self._owners.popitem(last=False)
        waiter = own.popleft()
        if own:
            self._owners[owner] = own  # to the end: the others come first
        self._count -= 1
        return waiter

    def remove(self, waiter: W) -> bool:
        own = self._owners.get(waiter.request.owner)
        if own is None or waiter not in own:
            return False
        own.remove(waiter)
        if not own:
            del self._owners[waiter.request.owner]
        self._count -= 1
        return True

    def in_order(self) -> Iterator[W]:
        """The order in which pop() would give them."""
        turns = deque(map(iter, self._owners.values()))
        while turns:
            own = turns.popleft()
            waiter = next(own, None)
            if waiter is not None:
                yield waiter
                turns.append(own)
