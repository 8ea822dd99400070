"""The calculator against Python's own fractions, and against those who want it to hang."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.services import tools
from echo.services.tools import arithmetic, calculator, numbers
from echo.services.tools.arithmetic import TooLarge, Value
from echo.services.tools.calculator import calculate
from echo.services.tools.numbers import Doubtful
from tests.services.tools.questions import NOW

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
LEAVES = st.decimals(0, 10_000, places=2).map(lambda number: (f"{number:f}", Fraction(number)))


def joined(parts: tuple[Any, str, Any]) -> tuple[str, Fraction | None]:
    (left, left_value), sign, (right, right_value) = parts
    text = f"({left} {sign} {right})"
    if left_value is None or right_value is None or (sign == "/" and right_value == 0):
        return text, None
    return text, OPERATORS[sign](left_value, right_value)


TREES = st.recursive(
    LEAVES, lambda few: st.tuples(few, st.sampled_from("+-*/"), few).map(joined), max_leaves=12
)


@given(TREES)
def test_sums_of_fractions_are_those_of_python(tree: tuple[str, Fraction | None]) -> None:
    text, value = tree
    try:
        result = calculate(text, numbers.POINT).result
    except TooLarge:
        assert len(text) > calculator.CHARS_MOST
        return
    if value is None:
        assert result == "undefined: division by zero"
    else:
        assert result.partition(" (exactly")[0] == numbers.written(value)
        if "exactly" in result:
            assert Fraction(result.partition("exactly ")[2].rstrip(")")) == value


@given(
    st.lists(
        st.tuples(st.sampled_from(["+", "-", "*"]), st.integers(0, 999)), min_size=1, max_size=9
    ),
    st.integers(0, 999),
)
def test_products_come_before_sums(rest: list[tuple[str, int]], first: int) -> None:
    text = f"{first}" + "".join(f" {sign} {number}" for sign, number in rest)
    assert calculate(text).result == numbers.written(
        Fraction(eval(text))
    )  # ours alone: digits and signs


@given(st.integers(-50, 50), st.integers(0, 40))
def test_powers(base: int, exponent: int) -> None:
    if base == exponent == 0:
        return
    assert calculate(f"({base})^{exponent}").result == numbers.written(Fraction(base) ** exponent)


@given(st.fractions(0, 10**12, max_denominator=10**6))
def test_a_root_is_exact_or_within_its_digits(value: Fraction) -> None:
    text = f"√({value.numerator} / {value.denominator})"
    told = calculate(text).result
    root = Fraction(told.removeprefix("≈ ").partition(" × 10^")[0].partition(" (")[0])
    if " × 10^" in told:
        root *= Fraction(10) ** int(told.rpartition("^")[2])
    assert abs(root * root - value) <= value * Fraction(1, 10**11)
    square = (
        calculate(f"√({value.numerator**2} / {value.denominator**2})") if value < 10**15 else None
    )
    if square is not None:
        assert square.result.partition(" (")[0] == numbers.written(value)


@given(st.integers(0, 10**30), st.sampled_from([2, 3]))
def test_whole_roots(number: int, degree: int) -> None:
    root = arithmetic.whole_root(number, degree)
    assert root**degree <= number < (root + 1) ** degree


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("-2^2", "-4"),
        ("2^3^2", "512"),
        ("2^-2", "0.25"),
        ("2 - -3", "5"),
        ("10 - 4 - 3", "3"),
        ("100 / 10 / 5", "2"),
        ("3!^2", "36"),
        ("50% * 80", "40"),
        ("15% of 80 + 1", "13"),
        ("17 mod 5", "2"),
        ("∛27 + √16", "7"),
        ("∛(-8)", "-2"),
        ("√(1/4)", "0.5"),
        ("√2 * √2", "≈ 2"),
        ("0^-1", "undefined: division by zero"),
        ("√(-1)", "undefined: a negative number has no real square root"),
        ("0.1 + 0.2", "0.3"),
        ("20! / 18!", "380"),
        ("1 / 8000000", "0.000000125"),
        ("1 / 3000000000", "≈ 3.33333333333 × 10^-10"),
    ],
)
def test_by_hand(text: str, result: str) -> None:
    assert calculate(text).result == result


@pytest.mark.parametrize(
    "text",
    ["", "1 +", "* 2", "1 2", "2(3)", "(2", "2)", "1..2 + 1", "1 + 10%", "5%%", "1 of 2", "2.5!", "(-3)!",
     "0^0", "2^0.5", "(√2)!", "-7 mod 2", "(√2)^2 - 2", "007 + 1", "1,23,4 + 1", "1,2 + 1.5", "1_000 + 1",
     "0x10 + 1", "1e5 + 1", "٣ + ٤", "2 ** 3", "a + 1", "__import__('os')"],
)  # fmt: skip
def test_what_is_doubtful_is_refused(text: str) -> None:
    with pytest.raises(Doubtful):
        calculate(text)


@pytest.mark.parametrize(
    ("text", "usual", "value"),
    [
        ("3,5 + 0", None, "3.5"),
        ("1.234,5 + 0", None, "1234.5"),
        ("1,234.5 + 0", None, "1234.5"),
        ("1,234,567 + 0", None, "1234567"),
        ("1.234.567 + 0", None, "1234567"),
        ("1,234 + 0.5", None, "1234.5"),
        ("1.234 + 0,5", None, "1234.5"),
        ("1,234 + 0", ".", "1234"),
        ("1.234 + 0", ".", "1.234"),
        ("1.234 + 0", ",", "1234"),
        ("12345.678 + 0", None, "12345.678"),
        ("0.125 + 0", None, "0.125"),
    ],
)
def test_decimals_and_thousands_are_told_apart(text: str, usual: str | None, value: str) -> None:
    assert calculate(text, usual).result == value


HOSTILE = [
    "9^9^9^9",
    "9^9^9",
    "(9^99)^99",
    "10^100000!",
    "400!^400!",
    "((400!)!)!",
    "999999999999!",
    "2^-99999999999",
    "1^99999999999",
    "(" * 10_000 + "1+1",
    "(" * 90 + "1+1" + ")" * 90,
    "-" * 150 + "1 + 1",
    "√" * 99 + "2 + 1",
    "2" + "^2" * 90,
    "3" + "!" * 99 + "+1",
    "9" * 150 + " * " + "9" * 40,
    "1/3" + "*999999/7" * 20,
    "√(" + "9" * 40 + "^30)",
    "1+" * 5_000 + "1",
    "9" * 100_000 + "*9",
    "what is " + "1" * 190,
    "what is " + " 1 +" * 60,
]


@contextmanager
def calls() -> Iterator[list[int]]:
    """Count the calls of functions, Python's and C's: a measure of work that no busy machine changes."""
    counted = [0]

    def note(_frame: Any, event: str, _arg: Any) -> None:
        counted[0] += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield counted
    finally:
        sys.setprofile(before)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:20])
@pytest.mark.parametrize(
    "asked", ["{}", "what is {}", "calculate {} =", "how many {} in m", "days until {}"]
)
def test_hostile_questions_take_few_steps(text: str, asked: str) -> None:
    with calls() as counted:
        found = tools.compute(asked.format(text), NOW)
    assert counted[0] < 6_000
    assert all(len(step["result"]) < 100 for step in found)


def test_no_number_on_the_way_has_more_bits_than_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What bounds the cost of each step; powers and factorials are bounded before they are made."""
    seen: list[int] = []
    bounded = arithmetic.bounded

    def noted(value: Value) -> Value:
        seen.append(arithmetic.bits(value.number))
        return bounded(value)

    monkeypatch.setattr(arithmetic, "bounded", noted)
    for text in [*HOSTILE, "2^4095 * 2^4095", "400! * 400! * 400!", "1 / 2^4000 + 1 / 3^2000"]:
        with suppress(TooLarge, Doubtful):
            calculate(text[:200], numbers.POINT)
    assert max(seen) <= 2 * arithmetic.BITS_MOST + 1
    assert math.factorial(arithmetic.FACTORIAL_MOST).bit_length() <= arithmetic.BITS_MOST
