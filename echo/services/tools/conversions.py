"""Which questions ask for a quantity in another unit, and what it is. Knows the units by their table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from echo.services.tools import asked, numbers, unit_table
from echo.services.tools.numbers import Doubtful
from echo.services.tools.unit_table import Unit

SIGNIFICANT: Final = 8
"""Digits of a result that ends nowhere."""
BEGINS: Final = re.compile(
    r"(?:convert|express|what(?:'s|s| is| are)"
    r"|how (?:much|long|far|heavy|hot|cold|tall|fast|big) (?:is|are))\s+",
    re.IGNORECASE,
)
HOW_MANY: Final = re.compile(
    r"how many (?P<wanted>.+?)(?: (?:are|is))?(?: there)? (?:in|is|are|equals?|make) (?P<given>.+)",
    re.IGNORECASE,
)
PREPOSITION: Final = re.compile(r" (?:to|in|into|as)(?= )", re.IGNORECASE)
AMOUNT: Final = rf"(?P<minus>[-−])?(?P<number>{numbers.NUMBER})"
QUANTITY: Final = re.compile(
    rf"(?:{AMOUNT}|(?P<one>an?\b|one\b))\s*(?P<unit>[^\d\s,.].*)", re.IGNORECASE
)
FEET: Final = re.compile(r"(\d+)\s?(?:'|′)\s?(\d+(?:\.\d+)?)\s?(?:\"|″|''|”)?")
SECOND: Final = re.compile(rf",?\s(?:and )?(?={numbers.NUMBER}\s*\D)")


@dataclass(frozen=True)
class Converted:
    """A quantity in both units, as it is shown."""

    asked: str
    result: str


@dataclass(frozen=True)
class Quantity:
    number: Fraction
    unit: Unit
    text: str


def compute(question: str) -> Converted | None:
    """Return a quantity in the unit that a question asks for; None for any other question."""
    core = asked.core(question)
    if core is None:
        return None
    core = FEET.sub(r"\1 ft \2 in", core.rstrip("!"))
    for given, wanted in _pairs(core):
        unit = unit_table.unit(wanted)
        quantity = _quantity(given, unit) if unit is not None else None
        if unit is not None and quantity is not None:
            return _converted(quantity, unit)
    return None


def convert(amount: str, given: str, wanted: str) -> Converted | None:
    """Return an amount of one unit in another one; None where that cannot be."""
    unit = unit_table.unit(wanted)
    quantity = _quantity(f"{amount} {given}", unit) if unit is not None else None
    return _converted(quantity, unit) if unit is not None and quantity is not None else None


def _pairs(core: str) -> Iterator[tuple[str, str]]:
    """Yield what may be the quantity, and the unit it is wanted in."""
    if (match := HOW_MANY.fullmatch(core)) is not None:
        yield match["given"], match["wanted"]
        return
    begin = BEGINS.match(core)
    rest = core[begin.end() :] if begin else core
    for preposition in PREPOSITION.finditer(rest):
        yield rest[: preposition.start()], rest[preposition.end() :]


def _quantity(text: str, wanted: Unit) -> Quantity | None:
    """Return a quantity that can be told in this unit: one amount, or two as in 5 feet 3 inches."""
    parts = [_amount(part, wanted) for part in SECOND.split(text, maxsplit=1)]
    if not parts or any(part is None for part in parts):
        return None
    first, *others = [part for part in parts if part is not None]
    if not others:
        return first
    (second,) = others
    is_smaller = (
        0 < second.unit.factor < first.unit.factor and min(first.number, second.number) >= 0
    )
    if not is_smaller or wanted.kind == "temperature":
        return None
    number = first.number + second.number * second.unit.factor / first.unit.factor
    return Quantity(number, first.unit, f"{first.text} {second.text}")


def _amount(text: str, wanted: Unit) -> Quantity | None:
    match = QUANTITY.fullmatch(text.strip())
    unit = unit_table.unit(match["unit"]) if match else None
    if match is None or unit is None or unit.kind != wanted.kind:
        return None
    written = "1"
    if match["number"]:
        try:
            sign = numbers.decimal_sign([match["number"]], numbers.POINT)
            written = numbers.plain(match["number"], sign)
        except Doubtful:
            return None
    if match["minus"]:
        if unit.kind != "temperature":
            return None
        written = f"-{written}"
    return Quantity(Fraction(written), unit, f"{written} {_counted(written, unit)}")


def _converted(quantity: Quantity, wanted: Unit) -> Converted | None:
    given = quantity.unit
    base = quantity.number * given.factor + given.offset
    if given.kind == "temperature" and base < 0:  # colder than it can be
        return None
    number = (base - wanted.offset) / wanted.factor
    told = numbers.written(number, significant=SIGNIFICANT)
    told = f"{told} {_counted(told, wanted)}"
    return Converted(f"{quantity.text} in {wanted.symbol}", told)


def _counted(number: str, unit: Unit) -> str:
    return unit.symbol.removesuffix("s") if number == "1" and len(unit.symbol) > 2 else unit.symbol
