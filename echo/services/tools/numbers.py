"""Numbers as people write them, with a point or a comma for the decimals, and as results are written.

Knows no arithmetic.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Context, Decimal
from fractions import Fraction
from typing import Final

NUMBER: Final = r"\d(?:[\d.,]*\d)?"
DIGITS_READ: Final = 40
"""Of one number; people write no longer ones."""
DIGITS_SHOWN: Final = 40
"""Of a whole number; longer ones are rounded."""
DECIMALS_SHOWN: Final = 12
SIGNIFICANT: Final = 12
EXACT_BELOW: Final = 1000
"""A rounded result is told as a fraction too where both of its parts are smaller."""
POINT: Final = "."
COMMA: Final = ","
GROUPED: Final = {sign: re.compile(rf"[1-9]\d{{0,2}}(?:\{sign}\d{{3}})+") for sign in ".,"}


class Doubtful(ValueError):
    """It can be read in more than one way, or in none."""


def decimal_sign(texts: Sequence[str], usual: str | None) -> str:
    """Return what separates the decimals in numbers that were written together: a point or a comma.

    "1,234" alone may be either number: then it is what is `usual` where these people write, if that is known.

    Raises:
        Doubtful.
    """
    told = {sign for text in texts if (sign := _tells(text)) is not None}
    if len(told) > 1:
        raise Doubtful("The numbers are written in two ways.")
    if told:
        return told.pop()
    if usual is None and any(sign in text for text in texts for sign in ".,"):
        raise Doubtful("The sign may stand before decimals or between thousands.")
    return usual or POINT


def plain(text: str, sign: str) -> str:
    """Return a number as it is written everywhere: no thousands apart, a point before the decimals.

    Raises:
        Doubtful.
    """
    other = COMMA if sign == POINT else POINT
    whole, _, decimals = text.partition(sign)
    if other in whole and not GROUPED[other].fullmatch(whole):
        raise Doubtful("These are no thousands.")
    whole = whole.replace(other, "")
    if not whole.isascii() or not (whole + (decimals or "0")).isdigit():
        raise Doubtful("This is no number.")
    if len(whole) > 1 and whole.startswith("0"):
        raise Doubtful("Numbers that begin so are those of telephones.")
    if len(whole) + len(decimals) > DIGITS_READ:
        raise Doubtful("This number is too long.")
    return f"{whole}.{decimals}" if decimals else whole


def _tells(text: str) -> str | None:
    """Return the sign before the decimals where this number alone tells it, else None.

    Raises:
        Doubtful.
    """
    last = max(text.rfind(POINT), text.rfind(COMMA))
    if last < 0:
        return None
    sign = text[last]
    other = COMMA if sign == POINT else POINT
    if text.count(sign) > 1:
        if not GROUPED[sign].fullmatch(text):
            raise Doubtful("These are no thousands.")
        return other
    if other in text or not GROUPED[sign].fullmatch(text):
        return sign
    return None


def written(value: Fraction, is_exact: bool = True, significant: int = SIGNIFICANT) -> str:
    """Return a result in digits; one that is rounded begins with ≈."""
    exact = _exact(value) if is_exact else None
    return f"≈ {_rounded(value, significant)}" if exact is None else exact


def as_fraction(value: Fraction) -> str | None:
    """Return a result as a fraction where that says more than its rounded digits and is short."""
    is_small = max(abs(value.numerator), value.denominator) < EXACT_BELOW
    return str(value) if is_small and _exact(value) is None else None


def _exact(value: Fraction) -> str | None:
    """Return all digits of a number that has few enough of them."""
    decimals = next(
        (n for n in range(DECIMALS_SHOWN + 1) if 10**n % value.denominator == 0),
        None,
    )
    if decimals is None:
        return None
    digits = str(abs(value.numerator) * 10**decimals // value.denominator).rjust(decimals + 1, "0")
    if len(digits) > DIGITS_SHOWN:
        return None
    sign = "-" if value < 0 else ""
    whole, rest = digits[: len(digits) - decimals], digits[len(digits) - decimals :]
    return f"{sign}{whole}.{rest}" if rest else f"{sign}{whole}"


def _rounded(value: Fraction, significant: int) -> str:
    context = Context(prec=significant)
    number = context.divide(Decimal(value.numerator), Decimal(value.denominator)).normalize(context)
    power = number.adjusted()
    if -7 <= power < significant:
        return f"{number:f}"
    return f"{number.scaleb(-power):f} × 10^{power}"
