"""The tools as functions that a model may call: what it is told of them, and calls checked and computed.

Pure, as the rest of this package: what a search finds in documents is somebody else's. Knows no model; what
it says to one is English, and short.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from echo.services.tools import calendar, conversions, sums
from echo.services.tools.arithmetic import TooLarge
from echo.services.tools.numbers import Doubtful
from echo.services.tools.steps import Step
from echo.text import storable

SEARCH: Final = "search_documents"
CALL_CHARS: Final = 500
"""Of a call's arguments as JSON, and of what is said about a wrong one."""
TEXT_CHARS: Final = 200
WHOLE: Final = re.compile(r"[+-]?\d{1,7}")
Arguments = Mapping[str, str]


class WrongCall(ValueError):
    """A call that computes nothing; the text is for the model that made it."""


@dataclass(frozen=True)
class Function:
    """`takes`: its arguments by name, with JSON type and what each is; `needs`: those that must be there."""

    name: str
    does: str
    takes: Mapping[str, tuple[str, str]]
    needs: tuple[str, ...]

    @property
    def schema(self) -> str:
        """Return the JSON schema of its arguments; small models copy a list of those that are needed."""
        properties = {
            name: {"type": kind, "description": is_} for name, (kind, is_) in self.takes.items()
        }
        return json.dumps({"type": "object", "properties": properties})


FUNCTIONS: Final = (
    Function(
        "calculator",
        "Works out a sum exactly. Use it for every calculation.",
        {"expression": ("string", "Digits and signs, such as (23 * 17) / 4, 15% of 80 or sqrt(2)")},
        ("expression",),
    ),
    Function(
        "calendar",
        "Tells today's date and the time, the weekday of a date, the days between two dates, or the date so "
        "many days later.",
        {
            "date": ("string", "today, or a date as YYYY-MM-DD"),
            "until": ("string", "a second date as YYYY-MM-DD, to count the days between the two"),
            "add_days": ("integer", "so many days later; negative: earlier"),
        },
        (),
    ),
    Function(
        "convert_units",
        "Converts a quantity into another unit.",
        {
            "amount": ("number", "how many"),
            "from_unit": ("string", "its unit, such as miles or kg"),
            "to_unit": ("string", "the unit that is wanted"),
        },
        ("amount", "from_unit", "to_unit"),
    ),
    Function(
        SEARCH,
        "Looks for passages in the user's own files.",
        {"query": ("string", "a few words to look for")},
        ("query",),
    ),
)
BY_NAME: Final = {one.name: one for one in FUNCTIONS}


def read(name: str, written: str, offered: Collection[str]) -> Arguments:
    """Return the arguments of a call as texts, checked against what its function takes; one of those offered.

    Raises:
        WrongCall.
    """
    if name not in offered:
        raise WrongCall(f"There is no function of this name. There are: {', '.join(offered)}.")
    function = BY_NAME[name]
    if len(written) > CALL_CHARS:
        raise WrongCall("These arguments are too long.")
    found = _object(written)
    if unknown := [key for key in found if key not in function.takes]:
        raise WrongCall(f"{name} takes no {unknown[0][:40]!r}: {', '.join(function.takes)}.")
    if missing := [key for key in function.needs if not found.get(key, "").strip()]:
        raise WrongCall(f"{name} needs {missing[0]!r}.")
    return {key: text for key, text in found.items() if text.strip()}


def _object(written: str) -> dict[str, str]:
    """Return a JSON object of texts and numbers, the numbers as they are written."""
    try:
        found: Any = json.loads(written, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise WrongCall("The arguments are no JSON.") from None
    if not isinstance(found, dict):
        raise WrongCall("The arguments are no JSON object.")
    for key, value in list(found.items()):
        if value is None:  # left out
            del found[key]
        elif not isinstance(value, str):
            raise WrongCall(f"{key[:40]!r} must be a text or a number.")
        elif len(value) > TEXT_CHARS:
            raise WrongCall(f"{key[:40]!r} is too long.")
        else:
            found[key] = storable(value)
    return found


def compute(name: str, arguments: Arguments, now: datetime) -> Step:
    """Return what a call of a function other than the search comes to; `now` as in `steps.compute`.

    Raises:
        WrongCall: it is about nothing that can be computed.
    """
    return _WORK[name](arguments, now)


def _calculate(arguments: Arguments, _now: datetime) -> Step:
    try:
        found = sums.work_out(arguments["expression"])
    except Doubtful:
        raise WrongCall("This is no sum of numbers and signs: + - * / ^ % ( ) sqrt.") from None
    except TooLarge:
        raise WrongCall("This is too large to be computed.") from None
    return Step(tool="calculator", input=found.text, result=found.result)


def _look(arguments: Arguments, now: datetime) -> Step:
    days = arguments.get("add_days")
    if days is not None and not WHOLE.fullmatch(days):
        raise WrongCall("'add_days' must be a whole number.")
    later = None if days is None else int(days)
    until = arguments.get("until")
    if until is not None and later:
        raise WrongCall("'until' and 'add_days' are two questions: ask one.")
    found = calendar.look(now, arguments.get("date", "today"), until, None if until else later)
    if found is None:
        raise WrongCall("This is no date that is known: write it as YYYY-MM-DD.")
    return Step(tool="calendar", input=found.asked, result=found.result)


def _convert(arguments: Arguments, _now: datetime) -> Step:
    found = conversions.convert(*(arguments[key] for key in BY_NAME["convert_units"].needs))
    if found is None:
        raise WrongCall("These units are not known, or not of one kind.")
    return Step(tool="units", input=found.asked, result=found.result)


_WORK: Final[Mapping[str, Callable[[Arguments, datetime], Step]]] = {
    "calculator": _calculate,
    "calendar": _look,
    "convert_units": _convert,
}
