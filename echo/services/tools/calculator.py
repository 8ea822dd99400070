"""Arithmetic on what people write: exact, by fractions, and bounded in length, depth, digits and exponents.

Signs: `+ - * / ^ % ! √ ∛ ( )`, and the words `of` (after a percentage) and `mod`. Nothing is evaluated by
Python. Knows no sentences: `sums.py` finds the expression in a question.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from echo.services.tools import arithmetic, numbers
from echo.services.tools.arithmetic import TooLarge, Undefined, Value
from echo.services.tools.numbers import Doubtful

CHARS_MOST: Final = 200
TOKENS_MOST: Final = 100
DEPTH_MOST: Final = 20
TOKEN: Final = re.compile(rf"\s*({numbers.NUMBER}|[-+*/^%!√∛()]|of\b|mod\b)")
BINARY: Final = {"+": "+", "-": "-", "*": "×", "/": "÷", "of": "of", "mod": "mod"}


@dataclass(frozen=True)
class Sum:
    """An expression as it is shown, and what it comes to."""

    text: str
    result: str


def calculate(expression: str, usual: str | None = None) -> Sum:
    """Return what an expression comes to; `usual`: the sign before decimals where the numbers leave it open.

    Raises:
        Doubtful: it is no expression, or can be read in two ways.
        TooLarge.
    """
    tokens = _tokens(expression, usual)
    parser = _Parser(tokens)
    try:
        result = _told(parser.whole(), parser.operations)
    except Undefined as why:
        result = f"undefined: {why}"
    return Sum(_shown(tokens), result)


def _told(value: Value, operations: int) -> str:
    """Return a result; after several operations also as the fraction that it is."""
    told = numbers.written(value.number, value.is_exact)
    fraction = numbers.as_fraction(value.number) if value.is_exact and operations > 1 else None
    return f"{told} (exactly {fraction})" if fraction else told


def _tokens(expression: str, usual: str | None) -> list[str]:
    """Return signs, words and plain numbers."""
    if len(expression) > CHARS_MOST:
        raise TooLarge("This is too long.")
    text, found, at = expression.strip(), [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise Doubtful("This is no expression.")
        found.append(match[1])
        at = match.end()
    if len(found) > TOKENS_MOST:
        raise TooLarge("This is too long.")
    sign = numbers.decimal_sign([one for one in found if one[0].isdigit()], usual)
    return [numbers.plain(one, sign) if one[0].isdigit() else one for one in found]


def _shown(tokens: Sequence[str]) -> str:
    """Return the expression with blanks where people set them."""
    text, before = "", "("
    for token in tokens:
        is_sign = token in "+-" and (before in BINARY or before in "(^√∛")
        text += f" {BINARY[token]} " if token in BINARY and not is_sign else token
        before = token
    return text


class _Parser:
    """Recursive descent; each method reads what its name says and returns its value.

    sum: product (± product)* · product: signed (×, ÷, mod, of signed)* · signed: ± signed, or power ·
    power: rooted (^ signed)? · rooted: (number, brackets or root) followed by ! and %.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self.operations = 0

    def whole(self) -> Value:
        value = self._sum()
        if self._at < len(self._tokens):
            raise Doubtful("Something is left over.")
        return value

    def _next(self, *wanted: str) -> str | None:
        """Take the next token if it is one of these."""
        if self._at < len(self._tokens) and self._tokens[self._at] in wanted:
            self._at += 1
            return self._tokens[self._at - 1]
        return None

    def _operate(self, work: Callable[..., Value], *values: Value) -> Value:
        self.operations += 1
        return arithmetic.bounded(work(*values))

    def _sum(self) -> Value:
        value = self._product()
        while sign := self._next("+", "-"):
            value = self._operate(
                arithmetic.added if sign == "+" else arithmetic.subtracted, value, self._product()
            )
        return value

    def _product(self) -> Value:
        value = self._signed()
        while sign := self._next("*", "/", "of", "mod"):
            value = self._operate(arithmetic.PRODUCTS[sign], value, self._signed())
        return value

    def _signed(self) -> Value:
        with_minus = False
        while sign := self._next("+", "-"):
            with_minus ^= sign == "-"
        value = self._power()
        return Value(-value.number, value.is_exact, value.is_percentage) if with_minus else value

    def _power(self) -> Value:
        value = self._followed()
        if self._next("^"):
            self._go_deeper()
            value = self._operate(arithmetic.raised, value, self._signed())
            self._depth -= 1
        return value

    def _followed(self) -> Value:
        value = self._atom()
        while sign := self._next("!", "%"):
            value = self._operate(
                arithmetic.factorial if sign == "!" else arithmetic.percent, value
            )
        return value

    def _atom(self) -> Value:
        if self._next("("):
            self._go_deeper()
            value = self._sum()
            if not self._next(")"):
                raise Doubtful("A bracket is not closed.")
            self._depth -= 1
            return Value(value.number, value.is_exact)
        if sign := self._next("√", "∛"):
            self._go_deeper()
            value = self._operate(
                arithmetic.square_root if sign == "√" else arithmetic.cube_root, self._atom()
            )
            self._depth -= 1
            return value
        if self._at < len(self._tokens) and self._tokens[self._at][0].isdigit():
            self._at += 1
            return Value(Fraction(self._tokens[self._at - 1]))
        raise Doubtful("A number is missing.")

    def _go_deeper(self) -> None:
        self._depth += 1
        if self._depth > DEPTH_MOST:
            raise TooLarge("There is too much within something else.")
