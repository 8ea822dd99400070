"""Headings of tables in the language that is spoken, and their numbers with units. Knows no chart.

A heading's unit stands at its end in brackets, in English here: "Median (ms)".
"""

from __future__ import annotations

import re
from typing import Final

from analytics import counted, words
from analytics.language import gettext, mark

NUMBERED: Final = {
    re.compile(r"(?P<hour>\d\d:00) \(questions\)"): mark("%(hour)s (questions)"),
    re.compile(r"Week (?P<number>\d+) \(%\)"): mark("Week %(number)s (%%)"),
    re.compile(r"over (?P<number>\d+)"): mark("over %(number)s"),
}
"""Headings of which there are many."""
UNIT: Final = re.compile(r"\s*[(（][^()（）]*[)）]$")


def numbered(text: str) -> tuple[str, dict[str, str]] | None:
    """Return the text that translators have of a heading of which there are many, and its places."""
    for pattern, known in NUMBERED.items():
        if found := pattern.fullmatch(text):
            return known, found.groupdict()
    return None


def said(heading: str) -> str:
    """Return a heading in the language of its reader."""
    found = numbered(heading)
    return gettext(found[0], **found[1]) if found else gettext(heading)


def measured(heading: str, value: float | str, name: str) -> str:
    """Return a cell of a table under a heading with its unit, as one line; `name` is how that is said."""
    unit = heading.removesuffix(")").rpartition(" (")[2]
    told = _with_unit(unit, value)
    name = name if told is None else UNIT.sub("", name)
    shown = value if isinstance(value, str) else told or words.number(value)
    return gettext("%(name)s: %(value)s", name=name, value=shown)


def _with_unit(unit: str, value: float | str) -> str | None:
    """Return a number whose unit says how it is written; None for others."""
    if isinstance(value, str):
        return None
    if unit == "ms":
        return words.duration(value)
    if unit == "%":
        return words.percent(value / 100)
    if unit == "questions":
        return counted.questions(int(value))
    return (
        gettext("%(number)s tokens/s", number=words.number(value)) if unit == "tokens/s" else None
    )
