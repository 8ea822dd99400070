"""The operations of the calculator, on exact numbers and on roots that were rounded. Knows no text.

No result has more than BITS_MOST bits; powers and factorials are judged before they are made.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from echo.services.tools.numbers import Doubtful

BITS_MOST: Final = 4_096
"""Of a numerator or a denominator: 1,233 digits."""
FACTORIAL_MOST: Final = 400
ROOT_DIGITS: Final = 60
"""Of a root that ends nowhere."""
LOST_MOST: Final = 10**20
"""A difference of rounded numbers that is so much smaller than they are tells nothing."""


class TooLarge(ValueError):
    """It would take more digits, depth or steps than are allowed."""


class Undefined(ValueError):
    """There is no such number; says why."""


@dataclass(frozen=True)
class Value:
    """A number on its way; `is_exact`: no root in it was rounded."""

    number: Fraction
    is_exact: bool = True
    is_percentage: bool = False


def bits(number: Fraction) -> int:
    return max(number.numerator.bit_length(), number.denominator.bit_length())


def bounded(value: Value) -> Value:
    if bits(value.number) > BITS_MOST:
        raise TooLarge("The result has too many digits.")
    return value


def added(left: Value, right: Value) -> Value:
    if left.is_percentage or right.is_percentage:
        raise Doubtful("80 + 10 % may mean 80.1 or 88.")
    number = left.number + right.number
    is_exact = left.is_exact and right.is_exact
    if not is_exact and abs(number) * LOST_MOST < max(abs(left.number), abs(right.number)):
        raise Doubtful("What is left of this difference is what was rounded.")
    return Value(number, is_exact)


def subtracted(left: Value, right: Value) -> Value:
    return added(left, Value(-right.number, right.is_exact, right.is_percentage))


def multiplied(left: Value, right: Value) -> Value:
    return Value(left.number * right.number, left.is_exact and right.is_exact)


def divided(left: Value, right: Value) -> Value:
    if right.number == 0:
        raise Undefined("division by zero")
    return Value(left.number / right.number, left.is_exact and right.is_exact)


def part_of(left: Value, right: Value) -> Value:
    if not left.is_percentage:
        raise Doubtful("Only a percentage is of something.")
    return multiplied(left, right)


def remainder(left: Value, right: Value) -> Value:
    if not (_is_whole(left) and _is_whole(right)) or left.number < 0 or right.number < 0:
        raise Doubtful("Languages differ in this.")
    if right.number == 0:
        raise Undefined("division by zero")
    return Value(left.number % right.number)


PRODUCTS: Final[dict[str, Callable[[Value, Value], Value]]] = {
    "*": multiplied,
    "/": divided,
    "of": part_of,
    "mod": remainder,
}


def raised(base: Value, exponent: Value) -> Value:
    if not _is_whole(exponent) or exponent.is_percentage or base.is_percentage:
        raise Doubtful("Only whole exponents are known.")
    power = int(exponent.number)
    if base.number == 0 and power <= 0:
        raise Undefined("division by zero") if power else Doubtful("0^0 is 1 to some.")
    if bits(base.number) * abs(power) > BITS_MOST:
        raise TooLarge("The power has too many digits.")
    return Value(base.number**power, base.is_exact)


def factorial(value: Value) -> Value:
    if not _is_whole(value) or value.number < 0 or value.is_percentage:
        raise Doubtful("Only whole numbers have a factorial.")
    if value.number > FACTORIAL_MOST:
        raise TooLarge("The factorial has too many digits.")
    return Value(Fraction(math.factorial(int(value.number))))


def percent(value: Value) -> Value:
    if value.is_percentage:
        raise Doubtful("A percentage of what?")
    return Value(value.number / 100, value.is_exact, is_percentage=True)


def _is_whole(value: Value) -> bool:
    return value.is_exact and value.number.denominator == 1


def square_root(value: Value) -> Value:
    if value.number < 0:
        raise Undefined("a negative number has no real square root")
    return _root(value, 2)


def cube_root(value: Value) -> Value:
    root = _root(Value(abs(value.number), value.is_exact), 3)
    return Value(-root.number if value.number < 0 else root.number, root.is_exact)


def _root(value: Value, degree: int) -> Value:
    """Return a root, exactly where it is a fraction, else to ROOT_DIGITS digits at least."""
    above, below = value.number.numerator, value.number.denominator
    exact = Fraction(whole_root(above, degree), whole_root(below, degree))
    if exact**degree == value.number:
        return Value(exact, value.is_exact)
    shift = ROOT_DIGITS + max(0, below.bit_length() - above.bit_length()) // 3
    scaled = whole_root(above * 10 ** (shift * degree) // below, degree)
    return Value(Fraction(scaled, 10**shift), is_exact=False)


def whole_root(number: int, degree: int) -> int:
    """Return the largest whole number whose power is not above this one: Newton's method on integers."""
    if degree == 2:
        return math.isqrt(number)
    if number == 0:
        return 0
    guess = 1 << -(-number.bit_length() // degree)
    while True:
        better = ((degree - 1) * guess + number // guess ** (degree - 1)) // degree
        if better >= guess:
            return guess
        guess = better
