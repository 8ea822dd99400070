"""Numbers, days and names as a person writes them. Knows no chart and no data."""

from __future__ import annotations

import math
import textwrap
from datetime import date
from typing import Final

from analytics.span import Span, Step

UNITS: Final = ("tokens/s", "questions", "question")
"""Units of table headings that stand behind a number as they are."""
ABSENT: Final = "–"
SECOND: Final = 1000.0  # milliseconds
SHORTENED: Final = ((1e9, "G"), (1e6, "M"), (1e4, "k"))  # 12,480 stays; 124,800 is 125 k on an axis


def number(value: float | None) -> str:
    """Return 12,480 or 3.2; "–" for what is absent."""
    if value is None or not math.isfinite(value):
        return ABSENT
    if float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) < 100 else f"{value:,.0f}"


def short(value: float) -> str:
    """Return a number for an axis: 1,200 · 12 k · 3.4 M."""
    for size, letter in SHORTENED:
        if abs(value) >= size:
            unit = 1e3 if letter == "k" else size
            return f"{value / unit:,.3g} {letter}"
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def percent(ratio: float | None) -> str:
    """Return 0.5 as 50 %; one decimal below 10 %."""
    if ratio is None or not math.isfinite(ratio):
        return ABSENT
    hundredths = round(float(ratio) * 100, 1)
    whole = abs(hundredths) >= 10 or hundredths.is_integer()
    return f"{ratio * 100:,.0f} %" if whole else f"{hundredths:.1f} %"


def signed(ratio: float) -> str:
    """Return a relative change: +12 %, −3.5 %, ±0 %."""
    text = percent(abs(ratio))
    if text == "0 %":
        return "±0 %"
    return ("+" if ratio > 0 else "−") + text


def points(difference: float) -> str:
    """Return a change of a share in percentage points: +3 points, −0.5 points, ±0 points."""
    rounded = round(difference * 100, 1)
    if not rounded:
        return "±0 points"
    sign = "+" if rounded > 0 else "−"
    return f"{sign}{number(abs(rounded))} point{'' if abs(rounded) == 1 else 's'}"


def duration(milliseconds: float | None) -> str:
    """Return 250 ms · 1.4 s · 2 min 5 s; "–" for what is absent."""
    if milliseconds is None or not math.isfinite(milliseconds):
        return ABSENT
    if milliseconds < SECOND - 0.5:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / SECOND
    if seconds < 59.5:
        return f"{seconds:.1f} s".replace(".0 s", " s") if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60:,} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60:,} h"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def formed(value: float | None, form: str) -> str:
    """Return a number in its form: count, share (0 to 1), stars, ms, rate (tokens a second)."""
    if form == "share":
        return percent(value)
    if form == "ms":
        return duration(value)
    if value is None or not math.isfinite(value):
        return ABSENT
    return f"{value:.2f}" if form == "stars" else number(value)


def counted(count: float, one: str, many: str = "") -> str:
    """Return "1 reply" or "12 replies"."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def day(moment: date) -> str:
    """Return March 4, 2026."""
    return f"{moment:%B} {moment.day}, {moment.year}"


def beginning(start: date, step: Step) -> str:
    """Return a step as a heading: "March 4, 2026", "Week from March 2, 2026", "March 2026"."""
    if step == "month":
        return f"{start:%B} {start.year}"
    return f"Week from {day(start)}" if step == "week" else day(start)


def measured(heading: str, value: float | str) -> str:
    """Return a cell of a table under a heading with its unit, such as "Median (ms)", as one line."""
    name, _, unit = heading.removesuffix(")").rpartition(" (")
    if isinstance(value, str):
        return f"{heading}: {value}"
    if unit == "ms":
        return f"{name}: {duration(value)}"
    if unit == "%":
        return f"{name}: {percent(value / 100)}"
    unit = unit.removesuffix("s") if value == 1 and unit == "questions" else unit
    return f"{name}: {number(value)} {unit}" if unit in UNITS else f"{heading}: {number(value)}"


def moment(start: date, step: Step) -> str:
    """Return when a step was: "on March 4, 2026", "in the week from …", "in March 2026"."""
    if step == "month":
        return f"in {start:%B} {start.year}"
    return f"in the week from {day(start)}" if step == "week" else f"on {day(start)}"


def stretch(span: Span) -> str:
    """Return the range: "from March 1, 2026 to March 30, 2026", or "on" its one day."""
    if span.first == span.last:
        return f"on {day(span.first)}"
    return f"from {day(span.first)} to {day(span.last)}"


def clipped(name: str, most: int) -> str:
    """Return a name of at most `most` characters that neither an XML file nor a formula trips over."""
    clean = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name
    )
    clean = clean if len(clean) <= most else clean[: most - 1].rstrip() + "…"
    return clean.replace("$", r"\$")  # between two dollars matplotlib reads mathematics


def wrapped(sentence: str, width: int) -> str:
    """Return the sentence in lines of at most `width` characters."""
    return "\n".join(textwrap.wrap(sentence, width))
