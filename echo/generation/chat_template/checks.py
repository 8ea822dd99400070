"""What text methods and operators would make, charged before they make it.

One operation may turn little into much ("x" * 10**9, a width of 10**9): each such operation that
templates may use has its check here. It does not know Jinja.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from .budget import MAX_BITS, BudgetExceeded, current

MAX_WIDTH: Final = 10_000
MAX_SPLIT: Final = 1 << 20  # characters of a text that may be cut into pieces
MAX_EXPONENT: Final = 1_000
_PERCENT: Final = (
    re.compile(  # a key of 64 letters at most: a longer search takes the square of time
        r"%(?P<key>\([^)]{0,64}(?P<end>\))?)?[#0\- +]*(?P<width>\*|\d+)?(?:\.(?P<digits>\*|\d+))?"
    )
)

TEXT_METHODS: Final = frozenset(
    {
        "capitalize", "casefold", "center", "count", "endswith", "find", "format", "index",
        "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier", "islower",
        "isnumeric", "isprintable", "isspace", "istitle", "isupper", "join", "ljust", "lower",
        "lstrip", "partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex",
        "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip",
        "swapcase", "title", "upper", "zfill",
    }
)  # fmt: skip
LIST_METHODS: Final = frozenset({"count", "index"})
DICT_METHODS: Final = frozenset({"get", "items", "keys", "values", "copy"})


def width(value: Any) -> None:
    """A number that says how wide a text shall be."""
    if isinstance(value, int) and abs(value) > MAX_WIDTH:
        raise BudgetExceeded(f"it asks for a width of {value:,}.")


def replace(text: str, old: str, new: str, count: int = -1) -> None:
    found = text.count(old) if count is None or count < 0 else min(count, text.count(old))
    current().letters(len(text) + found * len(new))


def percent(text: Any, values: Any) -> None:
    """text % values"""
    if not isinstance(text, str):
        return
    for found in _PERCENT.finditer(text):
        if found["key"] and not found["end"]:
            raise BudgetExceeded("it formats by a name that is too long.")
        for number in (found["width"], found["digits"]):
            if number == "*" or (number and int(number[:9]) > MAX_WIDTH):
                raise BudgetExceeded("it asks for a width that is too large.")
    budget = current()
    budget.letters(len(text) + (text.count("%") + 1) * len(budget.text(values)))


def add(left: Any, right: Any) -> None:
    budget = current()
    if isinstance(left, str) and isinstance(right, str):
        budget.letters(len(left) + len(right))
    elif isinstance(left, list | tuple) and isinstance(right, list | tuple):
        budget.items(len(left) + len(right))


def multiply(left: Any, right: Any) -> None:
    if isinstance(left, int) and not isinstance(right, int):
        left, right = right, left
    if not isinstance(right, int):
        return
    if isinstance(left, int):
        _bits(left.bit_length() + right.bit_length())
    elif isinstance(left, str):
        current().letters(len(left) * max(right, 0))
    elif isinstance(left, list | tuple):
        current().items(len(left) * max(right, 0))


def power(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int):
        _bits(left.bit_length() * abs(right))


def _bits(count: int) -> None:
    if count > MAX_BITS:
        raise BudgetExceeded("it makes numbers that are too large.")


OPERATORS: Final[Mapping[str, Callable[[Any, Any], None]]] = {
    "+": add,
    "*": multiply,
    "**": power,
    "%": percent,
}


def _joined(separator: str, parts: Any) -> None:
    if isinstance(parts, list | tuple):
        lengths = (len(part) for part in parts if isinstance(part, str))
        current().letters(sum(lengths) + len(separator) * len(parts))
    elif isinstance(parts, str):
        current().letters((len(separator) + 1) * len(parts))
    else:
        raise BudgetExceeded("it joins what is neither a list nor a text.")


def cut(text: str, *_: Any, **__: Any) -> None:
    """What makes a list of the words or lines of a text."""
    if len(text) > MAX_SPLIT:
        raise BudgetExceeded("it cuts a text that is too long.")


def _padded(_: str, to: int, *__: Any) -> None:
    width(to)


METHODS: Final[Mapping[str, Callable[..., None]]] = {
    "replace": replace,
    "join": _joined,
    "split": cut,
    "rsplit": cut,
    "splitlines": cut,
    "center": _padded,
    "ljust": _padded,
    "rjust": _padded,
    "zfill": _padded,
}
