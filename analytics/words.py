"""Numbers, ranges and names as a person writes them in the language spoken. Knows no chart and no data."""

from __future__ import annotations

import math
import textwrap
import unicodedata
from collections.abc import Iterable
from datetime import date
from typing import Final

from analytics.language import dated_day, day, gettext, mark, month, ngettext, signs
from analytics.span import Span, Step

ABSENT: Final = "–"
SECOND: Final = 1000.0  # milliseconds
MANY: Final = 100  # takes the form that fractions take, in every language here
ON_WEEKDAYS: Final = (
    mark("on Mondays"), mark("on Tuesdays"), mark("on Wednesdays"), mark("on Thursdays"),
    mark("on Fridays"), mark("on Saturdays"), mark("on Sundays"),
)  # fmt: skip
SHORTENED: Final = ((1e9, "G"), (1e6, "M"), (1e4, "k"))  # 12,480 stays; 124,800 is 125 k on an axis


def number(value: float | None) -> str:
    """Return 12,480 or 3.2; "–" for what is absent."""
    if value is None or not math.isfinite(value):
        return ABSENT
    if float(value).is_integer():
        return signs(f"{value:,.0f}")
    return signs(f"{value:,.1f}" if abs(value) < 100 else f"{value:,.0f}")


def short(value: float) -> str:
    """Return a number for an axis: 1,200 · 12 k · 3.4 M."""
    for size, letter in SHORTENED:
        if abs(value) >= size:
            unit = 1e3 if letter == "k" else size
            return signs(f"{value / unit:,.3g} {letter}")
    return signs(f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}")


def percent(ratio: float | None) -> str:
    """Return 0.5 as 50 %; one decimal below 10 %."""
    if ratio is None or not math.isfinite(ratio):
        return ABSENT
    hundredths = round(float(ratio) * 100, 1)
    whole = abs(hundredths) >= 10 or hundredths.is_integer()
    return signs(f"{ratio * 100:,.0f} %" if whole else f"{hundredths:.1f} %")


def signed(ratio: float) -> str:
    """Return a relative change: +12 %, −3.5 %, ±0 %."""
    if not round(abs(ratio) * 100, 1):
        return "±0 %"
    return ("+" if ratio > 0 else "−") + percent(abs(ratio))


def points(difference: float) -> str:
    """Return a change of a share in percentage points: +3 points, −0.5 points, ±0 points."""
    rounded = round(difference * 100, 1)
    sign = "±" if not rounded else "+" if rounded > 0 else "−"
    size = abs(rounded)
    form = int(size) if size.is_integer() else MANY
    said = f"{sign}{number(size)}"
    return ngettext("%(change)s point", "%(change)s points", form, change=said)


def duration(milliseconds: float | None) -> str:
    """Return 250 ms · 1.4 s · 2 min 5 s; "–" for what is absent."""
    if milliseconds is None or not math.isfinite(milliseconds):
        return ABSENT
    return signs(_duration(milliseconds))


def _duration(milliseconds: float) -> str:
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
    return signs(f"{value:.2f}") if form == "stars" else number(value)


def beginning(start: date, step: Step) -> str:
    """Return a step as a heading: "March 4, 2026", "Week from March 2, 2026", "March 2026"."""
    if step == "month":
        return month(start)
    return gettext("Week from %(day)s", day=day(start)) if step == "week" else day(start)


def moment(start: date, step: Step) -> str:
    """Return when a step was: "on March 4, 2026", "in the week from …", "in March 2026"."""
    if step == "month":
        return gettext("in %(month)s", month=month(start))
    if step == "week":
        return gettext("in the week from %(day)s", day=day(start))
    return gettext("on %(day)s", day=day(start))


def stretch(span: Span) -> str:
    """Return the range: "from March 1, 2026 to March 30, 2026", or "on" its one day."""
    if span.first == span.last:
        return moment(span.first, "day")
    return gettext("from %(first)s to %(last)s", first=day(span.first), last=day(span.last))


def headline(title: str, span: Span) -> str:
    """Return a chart's title with its range, for a picture that stands alone."""
    first, last = dated_day(span.first), dated_day(span.last)
    if first == last:
        return gettext("%(title)s, %(day)s", title=title, day=first)
    return gettext("%(title)s, %(first)s to %(last)s", title=title, first=first, last=last)


def listed(parts: Iterable[str]) -> str:
    """Return parts of a sentence side by side."""
    return gettext(", ").join(parts)


def sentence(what: str, when: str) -> str:
    """Return what there was, and when."""
    return gettext("%(what)s %(when)s.", what=what, when=when)


def weekday(place: int) -> str:
    """Return on which day of the week something is again and again, such as "on Mondays" for 0."""
    return gettext(ON_WEEKDAYS[place])


def clipped(name: str, most: int) -> str:
    """Return a name of at most `most` characters that neither an XML file nor a formula trips over."""
    clean = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name
    )
    clean = clean if len(clean) <= most else clean[: most - 1].rstrip() + "…"
    return clean.replace("$", r"\$")  # between two dollars matplotlib reads mathematics


def wrapped(sentence: str, width: int) -> str:
    """Return the sentence in lines of at most `width` columns."""
    letters = max(1, width * len(sentence) // max(1, columns(sentence)))
    return "\n".join(textwrap.wrap(sentence, letters))


def columns(text: str) -> int:
    """Return how wide a text is, in letters of the Latin script: Chinese ones are twice as wide."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
