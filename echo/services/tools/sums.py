"""Which questions are sums, and the expression in them. In doubt there is none: 9/11 is a day, 24/7 a habit.

Knows no arithmetic.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from echo.services.tools import asked, calculator, numbers
from echo.services.tools.arithmetic import TooLarge
from echo.services.tools.calculator import Sum

SURE: Final = re.compile(
    r"(?:calculate|compute|work out|evaluate|how much (?:is|are|makes?)"
    r"|what(?:'s| is) the (?:result|value) of)\s+"
)
PERHAPS: Final = re.compile(r"(?:what(?:'s|s| is| are)|what does)\s+")
ENDS: Final = re.compile(r"\s*(?:=|\bequals?(?: to)?|\bmake|\bcome to)$")
OF_ALL: Final = rf"(?=\s?(?:\(|{numbers.NUMBER}$))"
"""Before a bracket or the last number: of how much of “16 + 9” a root is asked nobody knows."""
WORDS: Final = (
    (re.compile(r"\bmultiplied by\b|\btimes\b"), "*"),
    (re.compile(r"\bdivided by\b"), "/"),
    (re.compile(r"\bplus\b"), "+"),
    (re.compile(r"\bminus\b"), "-"),
    (re.compile(r"\b(?:raised )?to the power of\b"), "^"),
    (re.compile(r"(?<=[\d)]) squared\b"), "^2"),
    (re.compile(r"(?<=[\d)]) cubed\b"), "^3"),
    (re.compile(r"(?<=\d) ?per ?cent\b"), "%"),
    (re.compile(rf"\b(?:the )?(?:square root of|sqrt)\b{OF_ALL}"), "√"),
    (re.compile(rf"\b(?:the )?(?:cube root of|cbrt)\b{OF_ALL}"), "∛"),
    (re.compile(r"\bmodulo\b"), "mod"),
    (re.compile(r"(?<=\d) factorial\b"), "!"),
)
SIGNS: Final = str.maketrans({"×": "*", "·": "*", "⋅": "*", "∙": "*", "÷": "/", "−": "-"})
POWERS: Final = (("**", "^"), ("²", "^2"), ("³", "^3"))
ROOT_OF_ONE: Final = re.compile(rf"(?<=[√∛])\s?\(\s?({numbers.NUMBER})\s?\)")
SPACED_X: Final = re.compile(r"(?<=[\d)%!]) x (?=[\d(√∛-])")
ANY_X: Final = re.compile(r"(?<=[\d)%!])\s?x\s?(?=[\d(√∛-])")
CLEAR: Final = re.compile(r"(?<=[\d)%!])\s*\+|[*^√∛]|\((?!\d+\))|\bof\b|\bmod\b")
"""What stands in sums only, other than strokes and dashes."""
OPERATES: Final = re.compile(r"[\d)%!]\s*(?:[-+*/^]|of\b|mod\b)|[√∛!]")
EXCLAIMED: Final = re.compile(r"[^!]*[-+*/^√∛%][^!]*!")
"""Whether 3 + 4! is a factorial or said with emphasis nobody knows."""
PAIR: Final = re.compile(r"(\d+)( ?)([-/])( ?)(\d+)")
YEARS: Final = range(1500, 2101)
DAYS: Final = range(32)


@dataclass(frozen=True)
class Found:
    """An expression, and how sure it is one."""

    expression: str
    is_asked: bool
    """An English sentence stands around it: in English 1,234 is more than a thousand."""
    is_sure: bool


def compute(question: str) -> Sum | None:
    """Return the sum that a question asks for, if it does; None also for one that is too large."""
    found = find(question)
    if found is None:
        return None
    try:
        return calculator.calculate(found.expression, numbers.POINT if found.is_asked else None)
    except (numbers.Doubtful, TooLarge):
        return None


def work_out(expression: str) -> Sum:
    """Return what an expression comes to that is one for certain, in signs or in words for them.

    Raises:
        Doubtful, TooLarge: as `calculator.calculate`.
    """
    written = _in_signs(" ".join(expression.lower().split())).translate(SIGNS)
    return calculator.calculate(_with_products(ENDS.sub("", written), True, True), numbers.POINT)


def find(question: str) -> Found | None:
    """Return the expression that a question is about, if it is plainly a sum."""
    core = asked.core(question)
    if core is None:
        return None
    text = core.lower()
    begin = SURE.match(text) or PERHAPS.match(text)
    is_sure = begin is not None and begin.re is SURE
    rest = text[begin.end() :] if begin else text
    if (end := ENDS.search(rest)) is not None:
        rest, is_sure = rest[: end.start()], True
    signs = _in_signs(rest)
    worded = signs != rest
    expression = _with_products(signs.translate(SIGNS), is_sure, begin is not None)
    found = Found(expression, begin is not None or worded, is_sure or worded)
    return found if _is_sum(found, begin is not None) else None


def _in_signs(text: str) -> str:
    for words, sign in WORDS:
        text = words.sub(sign, text)
    return text


def _with_products(text: str, is_sure: bool, is_asked: bool) -> str:
    for written, sign in POWERS:
        text = text.replace(written, sign)
    text = ROOT_OF_ONE.sub(r"\1", text)
    if is_sure:
        return ANY_X.sub("*", text)
    return SPACED_X.sub("*", text) if is_asked else text


def _is_sum(found: Found, is_asked: bool) -> bool:
    text = found.expression
    if not OPERATES.search(text) or EXCLAIMED.fullmatch(text):
        return False
    if found.is_sure or CLEAR.search(text):
        return True
    return is_asked and ("!" in text or not _is_a_name(text))


def _is_a_name(text: str) -> bool:
    """Tell whether two numbers with a dash or a stroke may be a date, a span, a score or an aeroplane."""
    pair = PAIR.fullmatch(text)
    if pair is None:
        return "-" in text.replace(" - ", "") or "/" in text.replace(" / ", "")
    first, second, sign = int(pair[1]), int(pair[5]), pair[3]
    if first in YEARS and (second in YEARS or second < 100):
        return True
    if pair[2] and pair[4]:
        return False
    return sign == "-" or first == second or first + second == 100 or {first, second} <= set(DAYS)
