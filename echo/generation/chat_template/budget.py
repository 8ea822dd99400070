"""What one rendering may cost, counted in steps, in text made and in processor time.

Everything in a template that makes a value or runs a loop pays here first, so that neither time nor
memory can be spent that is not in the budget. It does not know Jinja.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from ..errors import ChatTemplateError

MAX_STEPS: Final = 500_000  # loop passes, calls, filters, comparisons; a long chat needs 20,000
MAX_SECONDS: Final = 3.0  # of this thread's processor; a long chat needs 0.05
BASE_TEXT: Final = 8 << 20  # characters that may be made, and for each character of the messages
COPIES: Final = 32  # as many; most templates need 3 to 12
GROWTH: Final = 4  # and as many more for each message, since some add to one long text in pieces,
MOST_GROWTH: Final = 48 << 20  # but no more than these
NODES: Final = 5  # values that one message counts: itself, two names, role and content
MAX_ITEMS: Final = 100_000  # of one list; messages may have more
ITEM: Final = 8  # what a place in a list counts, in characters,
NODE: Final = 64  # and what a value in a list in a list counts: looking at it takes time too
MAX_BITS: Final = 4_096  # of one whole number
LOOK_AT_CLOCK: Final = 16  # steps


class BudgetExceeded(ChatTemplateError):
    """The template costs too much to be served."""


class Budget:
    def __init__(self, inputs: Any) -> None:
        self._steps = MAX_STEPS
        self._items = MAX_ITEMS
        self._text = self._whole = BASE_TEXT  # for the weighing of the inputs
        letters, nodes = self._weigh(inputs, 1 << 40)
        self._items = max(MAX_ITEMS, nodes)
        growth = min(MOST_GROWTH, letters * GROWTH * (nodes // NODES))
        self._text = self._whole = BASE_TEXT + letters * COPIES + growth
        self._deadline = time.thread_time() + MAX_SECONDS

    def step(self) -> None:
        """One pass of a loop, one call, one comparison."""
        self._steps -= 1
        if self._steps < 0:
            raise BudgetExceeded(f"it takes more than {MAX_STEPS:,} steps.")
        if self._steps % LOOK_AT_CLOCK == 0 and time.thread_time() > self._deadline:
            raise BudgetExceeded(f"it computes for more than {MAX_SECONDS:g} seconds.")

    def letters(self, count: int) -> None:
        """So many characters are about to be made."""
        self._text -= count
        if self._text < 0:
            raise BudgetExceeded("it makes too much text.")

    def items(self, count: int) -> None:
        """A list of so many items is about to be made."""
        if count > self._items:
            raise BudgetExceeded(f"it makes lists of more than {self._items:,} items.")

    def made(self, value: Any) -> Any:
        """Charge for a value that exists now, and return it.

        A list counts its places, but may not *hold* more than the budget either: lists in lists
        in lists grow without bound when they are written out.
        """
        if isinstance(value, str):
            self.letters(len(value))
        elif isinstance(value, list | tuple | dict):
            self.items(len(value))
            self.letters(ITEM * len(value))
            self._weigh(value, self._whole)
        elif hasattr(type(value), "held"):
            self._weigh(value, self._whole)
        elif isinstance(value, int) and value.bit_length() > MAX_BITS:
            raise BudgetExceeded("it makes numbers that are too large.")
        return value

    def each(self, values: Iterable[Any]) -> Iterator[Any]:
        """The values one by one, a step for each."""
        for value in values:
            self.step()
            yield value

    def text(self, value: Any) -> str:
        """A value as text, paid for."""
        written = value if isinstance(value, str) else str(self.made(value))
        self.letters(len(written))
        return written

    def _weigh(self, value: Any, most: int) -> tuple[int, int]:
        """Characters and values inside a value, each counted as often as it would be written."""
        letters = nodes = 0
        stack = [value]
        while stack:
            one = stack.pop()
            nodes += 1
            if isinstance(one, str):
                letters += len(one)
            elif isinstance(one, dict):
                stack.extend(one)
                stack.extend(one.values())
            elif isinstance(one, list | tuple):
                stack.extend(one)
            elif (held := getattr(type(one), "held", None)) is not None:
                stack.append(held(one))
            if letters + NODE * nodes > most:
                raise BudgetExceeded("it makes too much text.")
        return letters, nodes


_current: ContextVar[Budget] = ContextVar("budget of the template that is rendered")


def current() -> Budget:
    return _current.get()


@contextmanager
def budget_for(inputs: Any) -> Iterator[None]:
    """Everything within is charged to a new budget for these inputs (plain JSON values)."""
    token = _current.set(Budget(inputs))
    try:
        yield
    finally:
        _current.reset(token)
