"""How many characters a match of a pattern may have at most. Reads RE2's syntax; runs nothing.

Source: https://github.com/google/re2/wiki/Syntax. Whatever it does not know counts as without limit, so that
no pattern passes for shorter than it is.
"""

from __future__ import annotations

import math
import re
from typing import Final

UNBOUNDED: Final = math.inf
_REPEATED: Final = re.compile(r"([*+?]|\{(\d+)(,?)(\d*)\})[?+]?")
_SET: Final = re.compile(r"\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]", re.DOTALL)
_GROUP: Final = re.compile(r"\((?:\?P?<\w+>|\?[imsU-]*:)?")
_FLAGS: Final = re.compile(r"\(\?[imsU-]+\)")
_QUOTED: Final = re.compile(r"\\Q(.*?)(?:\\E|\Z)", re.DOTALL)
_NOTHING: Final = re.compile(r"\\[AzbB]|[\^$]|\\E")
_ESCAPED: Final = re.compile(
    r"\\(?:x\{[0-9A-Fa-f]+\}|x[0-9A-Fa-f]{2}|[pP]\{\^?\w+\}|[pP]\w|[0-7]{1,3}|.)", re.DOTALL
)


def widest(pattern: str) -> float:
    """Return the most characters that a match may have of a pattern that RE2 takes, or UNBOUNDED."""
    try:
        width, end = _choice(pattern, 0)
    except (ValueError, RecursionError):
        return UNBOUNDED
    return width if end == len(pattern) else UNBOUNDED


def _choice(pattern: str, at: int) -> tuple[float, int]:
    """Read alternatives up to the end or a closing bracket."""
    widths = [0.0]
    while at < len(pattern) and pattern[at] != ")":
        if pattern[at] == "|":
            widths.append(0.0)
            at += 1
            continue
        width, at = _atom(pattern, at)
        times, at = _times(pattern, at)
        widths[-1] += (
            width * times if width and times else 0.0
        )  # nothing, however often, is nothing
    return max(widths), at


def _atom(pattern: str, at: int) -> tuple[float, int]:
    for width, kind in ((0.0, _FLAGS), (0.0, _NOTHING), (1.0, _SET)):
        if found := kind.match(pattern, at):
            return width, found.end()
    if found := _QUOTED.match(pattern, at):
        return float(len(found.group(1))), found.end()
    if found := _GROUP.match(pattern, at):
        width, end = _choice(pattern, found.end())
        if pattern[end : end + 1] != ")":
            raise ValueError("not closed")
        return width, end + 1
    found = _ESCAPED.match(pattern, at)
    return 1.0, found.end() if found else at + 1


def _times(pattern: str, at: int) -> tuple[float, int]:
    """Return how often what stands before this place may come at most."""
    times = 1.0
    while found := _REPEATED.match(pattern, at):
        sign, least, comma, most = found.groups()
        if sign in "*+" or (comma and not most):
            times = UNBOUNDED
        elif sign != "?":
            times *= float(most or least)
        at = found.end()
    return times, at
