"""Jinja's filters and tests as chat templates may use them: each call is counted and paid for.

Left out: filters that no chat template of the field needs and that can make much of little
(center, pprint, random, urlize, wordwrap, xmlattr …); a template that uses one does not compile. It
does not know environments.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from jinja2 import filters as jinja_filters
from jinja2 import pass_environment
from jinja2.environment import Environment

from . import checks
from .budget import BudgetExceeded, current

KEPT: Final = (
    "abs", "attr", "batch", "capitalize", "count", "d", "default", "dictsort", "e", "escape",
    "first", "float", "forceescape", "format", "groupby", "indent", "int", "items", "join",
    "last", "length", "list", "lower", "map", "max", "min", "reject", "rejectattr", "replace",
    "reverse", "round", "safe", "select", "selectattr", "slice", "sort", "string", "sum",
    "title", "tojson", "trim", "truncate", "unique", "upper", "urlencode", "wordcount",
)  # fmt: skip
# those that look at a text letter by letter, which nobody needs for a long one
OVER_ITEMS: Final = frozenset(
    {
        "batch", "groupby", "join", "list", "map", "max", "min", "reject", "rejectattr", "select",
        "selectattr", "slice", "sort", "sum", "unique",
    }
)  # fmt: skip
HIDDEN_EACH, HIDDEN_MADE, HIDDEN_JOINED = "each of", "what was made", "joined text"


def guarded(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """The same filter or test, paid for; `jinja_pass_arg` and the like are kept."""
    first = 1 if hasattr(work, "jinja_pass_arg") else 0
    check = CHECKS.get(name)

    @functools.wraps(work)
    def run(*args: Any, **kwargs: Any) -> Any:
        budget = current()
        budget.step()
        values = args[first:]
        if name in OVER_ITEMS and values and isinstance(values[0], str):
            budget.items(len(values[0]))
        if check is not None:
            check(*values, **kwargs)
        result = work(*args, **kwargs)
        if isinstance(result, Iterator):
            return budget.each(result)
        return result if any(result is value for value in values) else budget.made(result)

    return run


def filters() -> dict[str, Callable[..., Any]]:
    known: dict[str, Callable[..., Any]] = {
        **jinja_filters.FILTERS, "join": join, "sum": total, "tojson": tojson,
    }  # fmt: skip
    return {name: guarded(name, known[name]) for name in KEPT} | {
        HIDDEN_EACH: lambda values: current().each(values),
        HIDDEN_MADE: made,
        HIDDEN_JOINED: joined,
    }


def tests(known: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    return {name: guarded(name, work) for name, work in known.items()}


def made(value: Any) -> Any:
    """Behind each literal, slice and comparison."""
    budget = current()
    budget.step()
    return budget.made(value)


def joined(values: Iterable[Any]) -> str:
    """What `~` does."""
    budget = current()
    budget.step()
    return "".join([budget.text(value) for value in values])


@pass_environment
def join(environment: Environment, value: Any, d: str = "", attribute: Any = None) -> str:
    """Jinja's, with every part paid for before they are joined."""
    budget = current()
    if attribute is not None:
        value = map(jinja_filters.make_attrgetter(environment, attribute), value)
    parts = [budget.text(part) for part in budget.each(value)]
    separator = budget.text(d)
    budget.letters(len(separator) * len(parts))
    return separator.join(parts)


@pass_environment
def total(environment: Environment, iterable: Any, attribute: Any = None, start: Any = 0) -> Any:
    """Jinja's `sum`, of numbers only: of lists it takes the square of the time."""
    if attribute is not None:
        iterable = map(jinja_filters.make_attrgetter(environment, attribute), iterable)
    result = start
    for value in current().each(iterable):
        if not isinstance(value, int | float) or not isinstance(result, int | float):
            raise TypeError("sum adds numbers only")
        result = current().made(result + value)
    return result


def tojson(
    x: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None,
    sort_keys: bool = False,
) -> str:  # fmt: skip
    """As transformers writes it: no characters of HTML are escaped."""
    checks.width(indent)
    encoder = json.JSONEncoder(
        ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )
    budget = current()
    budget.made(x)
    return "".join([budget.text(piece) for piece in encoder.iterencode(x)])


def _indent(s: str, width: Any = 4, *_: Any, **__: Any) -> None:
    checks.width(width)
    size = width if isinstance(width, int) else len(width)
    current().letters(len(s) + (s.count("\n") + 1) * size)


def _batch(_: Any, count: int, *__: Any) -> None:
    current().items(count)


def _round(_: Any, precision: int = 0, *__: Any) -> None:
    if abs(precision) > checks.MAX_EXPONENT:
        raise BudgetExceeded("it rounds to too many places.")


def _replace(s: Any, old: Any, new: Any, count: int | None = None) -> None:
    checks.replace(str(s), str(old), str(new), -1 if count is None else count)


def _format(value: Any, *args: Any, **kwargs: Any) -> None:
    checks.percent(str(value), args or kwargs)


CHECKS: Final[Mapping[str, Callable[..., None]]] = {
    "batch": _batch,
    "format": _format,
    "indent": _indent,
    "replace": _replace,
    "round": _round,
    "title": checks.cut,
    "wordcount": checks.cut,
}
