"""The steps that a question asks for: which tool, what it was given, what came out. Knows no prompt.

A step repeats nothing of the question as it was written: numbers, signs, units and days only, written anew;
but what was looked up in documents stands in it. What the help says of a question is a step too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypedDict

from echo.languages import gettext, mark, ngettext
from echo.services.tools import calendar, conversions, sums

VERBS: Final = {
    "calculator": mark("Calculated"),
    "calendar": mark("Looked up"),
    "units": mark("Converted"),
}


DOCUMENTS: Final = "documents"
"""The tool whose input was looked up in all of a person's documents; its result is how many passages fit."""


HELP: Final = "help"
"""Echo's own help: the input names its entries, the result is what they say."""


class Step(TypedDict):
    """As it is stored with an answer and told to its readers."""

    tool: str
    input: str
    result: str


def compute(question: str, now: datetime) -> list[Step]:
    """Return what the tools have to say to a question; nothing to most of them.

    `now` is aware, in the zone of whoever asks.
    """
    if looked := calendar.compute(question, now):
        return [Step(tool="calendar", input=looked.asked, result=looked.result)]
    if converted := conversions.compute(question):
        return [Step(tool="units", input=converted.asked, result=converted.result)]
    if found := sums.compute(question):
        return [Step(tool="calculator", input=found.text, result=found.result)]
    return []


def looked_up(what: str, passages: int) -> Step:
    """Return the step of a search in one's own documents."""
    return Step(tool=DOCUMENTS, input=what, result=str(passages))


def helped(entries: Sequence[tuple[str, str]]) -> Step:
    """Return the step that shows what the help says: for each entry its title and its text."""
    titles = [title for title, _ in entries]
    texts = [text if len(entries) == 1 else f"{title}: {text}" for title, text in entries]
    return Step(tool=HELP, input=" · ".join(titles), result="\n".join(texts))


def said(step: Mapping[str, Any]) -> str:
    """Return a step on one line."""
    input, result = step["input"], step["result"]
    if step["tool"] == "calendar" or result.startswith("undefined"):
        return f"{input}: {result}"
    return f"{input} {result}" if result.startswith("≈") else f"{input} = {result}"


def titled(step: Mapping[str, Any]) -> str:
    """Return a step on one line for people, with what was done."""
    if step["tool"] == DOCUMENTS:
        count = int(step["result"])
        found = ngettext("%(num)s passage", "%(num)s passages", count)
        return gettext(
            "Searched your documents for “%(what)s”: %(found)s", what=step["input"], found=found
        )
    if step["tool"] == HELP:
        return gettext("From the help: %(titles)s", titles=step["input"])
    return f"{gettext(VERBS[step['tool']])} {said(step)}"
